// The file in which an index keeps what the sessions add up to. It is derived: whoever finds it missing or unreadable
// reads the logs instead.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { replaceFile } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { INDEX_DIRECTORY, SUMMARIES_FILE, TEMPORARY_PREFIX } from "./layout.ts";

/** The lines that were written last; none when there is no such file, or when it cannot be read. */
export function readSummaryLines(dir: string): string[] {
  try {
    return fs
      .readFileSync(path.join(dir, INDEX_DIRECTORY, SUMMARIES_FILE), "utf8")
      .split("\n")
      .slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * Replaces the file, or leaves it as it was.
 *
 * @param lines each with its `\n`
 * @throws TracekeepError when it cannot be written
 */
export function writeSummaryLines(disk: Disk, dir: string, lines: readonly string[]): void {
  const directory = path.join(dir, INDEX_DIRECTORY);
  const file = path.join(directory, SUMMARIES_FILE);
  const temporary = path.join(directory, `${TEMPORARY_PREFIX}${process.pid}-${SUMMARIES_FILE}`);
  try {
    disk.makeDirectory(directory);
    // What a process that died left there is in the way.
    if (disk.exists(temporary)) disk.unlink(temporary);
    replaceFile(disk, file, Buffer.from(lines.join("")), temporary);
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("write", file, error);
  }
}
