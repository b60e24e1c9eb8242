// Puts other bytes in the place of some in a log's file, compressed or not: a copy is written under a temporary name, read
// back, synced and put in the file's place. Whatever interrupts this, the file is the old one or the new one, whole.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

import { nodeZlib } from "../../base/builtin.ts";
import { TracekeepError } from "../../base/errors.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { openSource } from "../reading/open-source.ts";
import { MEMBER_BYTES } from "./archive.ts";

/** What the file holds afterwards. */
export interface Rewritten {
  /** Of the file, compressed if it is. */
  storedBytes: number;
  /** Of what it holds, in hexadecimal digits. */
  sha256: string;
}

/**
 * @param offset where the bytes begin, in what the file holds when it is decompressed
 * @throws TracekeepError when the file is damaged, or what was read back is not what was written; what `disk` throws
 */
export function rewriteFile(disk: Disk, file: string, offset: number, bytes: Uint8Array): Rewritten {
  const temporary = temporaryBeside(file);
  const to = disk.create(temporary);
  let isInPlace = false;
  try {
    const isCompressed = file.endsWith(".gz");
    const written = createHash("sha256");
    let storedBytes = 0;
    let position = 0;
    for (const part of partsOf(file)) {
      // The piece of it that is replaced, if any.
      const start = Math.max(offset, position);
      const end = Math.min(offset + bytes.length, position + part.length);
      if (start < end) part.set(bytes.subarray(start - offset, end - offset), start - position);
      position += part.length;
      written.update(part);
      const stored = isCompressed ? nodeZlib().gzipSync(part) : part;
      writeAll(disk, to, stored, stored.length, storedBytes);
      storedBytes += stored.length;
    }
    disk.sync(to);
    const sha256 = written.digest("hex");
    const readBack = createHash("sha256");
    for (const part of partsOf(temporary)) readBack.update(part);
    if (readBack.digest("hex") !== sha256)
      throw new TracekeepError("IO", `what was read back from ${temporary} is not what was written`, {
        path: temporary,
        hint: "the disk may be failing; the file is as it was",
      });
    disk.rename(temporary, file);
    isInPlace = true;
    disk.syncDirectory(path.dirname(file));
    return { storedBytes, sha256 };
  } finally {
    disk.close(to);
    if (!isInPlace) fs.rmSync(temporary, { force: true });
  }
}

// --- internal ---

/** What a file holds, in parts as long as the members of an archive. */
function* partsOf(file: string): Generator<Buffer, void, undefined> {
  const source = openSource(file);
  try {
    const part = Buffer.allocUnsafe(MEMBER_BYTES);
    for (let held = 0; ; held = 0) {
      for (let count = -1; count !== 0 && held < part.length; held += Math.max(0, count))
        count = source.read(part, held);
      const [damage] = source.damage;
      if (damage !== undefined)
        throw new TracekeepError("IO", `${file} is damaged at byte ${damage.from}: ${damage.reason}`, {
          path: file,
          offset: damage.from,
          hint: "look at it with: tracekeep verify",
        });
      if (held > 0) yield part.subarray(0, held);
      if (held < part.length) return;
    }
  } finally {
    source.close();
  }
}
