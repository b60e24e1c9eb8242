// The file in which an index keeps what the sessions add up to.

import type { Disk } from "./disk.ts";
import { readIndexFile, writeIndexFile } from "./index-file.ts";
import { SUMMARIES_FILE } from "./layout.ts";

/** The lines that were written last; none when there is no such file, or when it cannot be read. */
export function readSummaryLines(dir: string): string[] {
  return readIndexFile(dir, SUMMARIES_FILE)?.toString("utf8").split("\n").slice(0, -1) ?? [];
}

/**
 * Replaces the file, or leaves it as it was.
 *
 * @param lines each with its `\n`
 * @throws TracekeepError when it cannot be written
 */
export function writeSummaryLines(disk: Disk, dir: string, lines: readonly string[]): void {
  writeIndexFile(disk, dir, SUMMARIES_FILE, Buffer.from(lines.join("")));
}
