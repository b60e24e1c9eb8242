// The file in which an index keeps what the sessions add up to.

import * as fs from "node:fs";
import path from "node:path";

import { systemCode } from "../base/errors.ts";
import type { Disk } from "./disk.ts";
import { readIndexFile, writeIndexFile } from "./index-file.ts";
import { DIRECTORY_MODE, FILE_MODE, INDEX_DIRECTORY, SUMMARIES_FILE } from "./layout.ts";

/** The lines that were written last; none when there is no such file, or when it cannot be read. */
export function readSummaryLines(dir: string): string[] {
  return readIndexFile(dir, SUMMARIES_FILE)?.toString("utf8").split("\n").slice(0, -1) ?? [];
}

/**
 * Adds a line. What it says of a session counts, and what earlier lines say of it no more; writing the file
 * anew takes those out. One write, about 20 µs however long the file is.
 *
 * @param line with its `\n`
 * @throws what `fs` throws
 */
export function appendSummaryLine(dir: string, line: string): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = fs.constants;
  const file = path.join(dir, INDEX_DIRECTORY, SUMMARIES_FILE);
  const open = (): number => fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, FILE_MODE);
  let fd: number;
  try {
    fd = open();
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: DIRECTORY_MODE });
    fd = open();
  }
  try {
    fs.writeSync(fd, line);
  } finally {
    fs.closeSync(fd);
  }
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
