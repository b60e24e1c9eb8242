import { FileSource } from "./byte-source.ts";
import type { ByteSource } from "./byte-source.ts";
import { GzipSource, isGzip } from "./gzip-source.ts";

/**
 * Opens a file for reading from `offset` on, decompressing what is compressed. Links are not followed.
 *
 * @throws TracekeepError when it cannot be opened
 */
export function openSource(path: string, offset = 0): ByteSource {
  const file = new FileSource(path, offset);
  // A file that is named like a log is not looked into: no line begins like a gzip member, and it saves a read.
  return path.endsWith(".jsonl") || !isCompressed(file) ? file : new GzipSource(file, offset);
}

// --- internal ---

const GZIP_BYTE = 0x1f;

function isCompressed(file: FileSource): boolean {
  const head = file.head(3);
  // Of a file that was cut there may be one byte left; text never begins with that one.
  return isGzip(head, 0, head.length) || (head.length > 0 && head.length < 3 && head[0] === GZIP_BYTE);
}
