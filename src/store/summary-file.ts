// The file in which an index keeps what the sessions add up to. It is derived: whoever finds it missing or unreadable
// reads the logs instead.

import * as fs from "node:fs";
import path from "node:path";

import { ioError } from "../base/errors.ts";
import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { INDEX_DIRECTORY, SUMMARIES_FILE, TEMPORARY_PREFIX } from "./layout.ts";

/** The lines that were written last; none when there is no such file, or when it cannot be read. */
export function readSummaryLines(dir: string): string[] {
  try {
    return fs.readFileSync(path.join(dir, INDEX_DIRECTORY, SUMMARIES_FILE), "utf8").split("\n").slice(0, -1);
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
export function writeSummaryLines(disk: Disk, dir: string, lines: Iterable<string>): void {
  const directory = path.join(dir, INDEX_DIRECTORY);
  const temporary = path.join(directory, `${TEMPORARY_PREFIX}${process.pid}-${SUMMARIES_FILE}`);
  try {
    disk.makeDirectory(directory);
    if (disk.exists(temporary)) disk.unlink(temporary);
    const fd = disk.create(temporary);
    try {
      let size = 0;
      for (const line of lines) {
        const bytes = Buffer.from(line);
        writeAll(disk, fd, bytes, bytes.length, size);
        size += bytes.length;
      }
      disk.sync(fd);
    } finally {
      disk.close(fd);
    }
    disk.rename(temporary, path.join(directory, SUMMARIES_FILE));
    disk.syncDirectory(directory);
  } catch (error) {
    if (disk.exists(temporary)) disk.unlink(temporary);
    throw ioError("write", path.join(directory, SUMMARIES_FILE), error);
  }
}
