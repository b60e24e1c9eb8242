// Changing a whole file so that a crash leaves either the old one or the new one, and many writers lose nothing: read,
// change and replace are one step under a lock. Costs the size of the file each time, so it is for small files (an
// index, settings); a log is appended to.

import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { LOCK_SUFFIX } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";
import { nodeDisk, replaceFile } from "./disk.ts";
import { withFileLock } from "./file-lock.ts";
import type { FileLockOptions } from "./file-lock.ts";
import { temporaryBeside } from "./temporary-file.ts";

/**
 * Replaces what is in `file` by what `change` makes of it. The new content is written beside it, synced, renamed into
 * place, and the folder is synced (0600): when the promise resolves it is on the medium, and until then everybody sees
 * the old file whole. Everyone who changes the file in this way waits for the lock `<file>.lock`.
 *
 * @param change gets the content, or undefined when there is no such file; returning undefined changes nothing
 * @throws TracekeepError `LOCK_TIMEOUT`, or when the file cannot be read or replaced; what `change` throws, and then
 *   nothing is changed; TypeError when it returns something else
 * @example
 * await updateFile("count.txt", (text = "0") => String(Number(text) + 1));
 */
export async function updateFile(
  file: string,
  change: (text: string | undefined) => string | undefined | Promise<string | undefined>,
  options: FileLockOptions = {},
): Promise<void> {
  const name = path.resolve(file);
  await withFileLock(
    name + LOCK_SUFFIX,
    async () => {
      const changed: unknown = await change(read(name));
      if (changed === undefined) return;
      if (typeof changed !== "string") throw new TypeError("updateFile: the change must return text");
      replace(name, Buffer.from(changed));
    },
    options,
  );
}

// --- internal ---

function read(file: string): string | undefined {
  try {
    return readWholeFile(file).toString();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError("read", file, error);
  }
}

function replace(file: string, bytes: Buffer): void {
  try {
    replaceFile(nodeDisk, file, bytes, temporaryBeside(file));
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("replace", file, error);
  }
}
