// A private file for lines that could not be written where they belong, in a folder of the caller's choice, preferably
// on another disk. When their writer ends before they could be, the next one finds them there.

import * as fs from "node:fs";
import path from "node:path";

import { nodeCrypto } from "../../base/builtin.ts";
import { systemCode, TracekeepError } from "../../base/errors.ts";
import { randomSalt } from "../../base/ids.ts";
import { decodeLine } from "../../format/index.ts";
import { nodeDisk, writeAll } from "../disk/disk.ts";
import { tryLock } from "../disk/lock.ts";
import { DIRECTORY_MODE, SPILL_PREFIX } from "../layout.ts";
import { readFirstLine } from "../reading/line-reader.ts";

export class SpillFile {
  readonly path: string;
  /** Bytes in it, all of them whole lines. */
  size = 0;
  readonly #fd: number;

  private constructor(file: string, fd: number) {
    this.path = file;
    this.#fd = fd;
  }

  /** @throws when it cannot be created, or the folder is one that others could reach */
  static create(directory: string, store: string): SpillFile {
    checkPrivate(directory);
    const file = path.join(directory, `${prefixOf(store)}${randomSalt()}.jsonl`);
    const fd = nodeDisk.create(file);
    tryLock(fd);
    return new SpillFile(file, fd);
  }

  /** @throws when nothing of it could be written */
  append(bytes: Uint8Array): void {
    // What could not be cut off again stands where these would be read back.
    if (nodeDisk.size(this.#fd) !== this.size) throw new Error(`${this.path} ends in half a line`);
    writeAll(nodeDisk, this.#fd, bytes, bytes.length, this.size);
    this.size += bytes.length;
  }

  /** @throws when it cannot be read back */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let read = 0; read < length;) {
      const count = nodeDisk.read(this.#fd, bytes.subarray(read), offset + read);
      if (count === 0) throw new Error(`${this.path} is shorter than what was written to it`);
      read += count;
    }
    return bytes;
  }

  /** Everything in it is where it belongs. */
  remove(): void {
    try {
      nodeDisk.unlink(this.path);
    } catch (error) {
      // What is still there will be found to be in the log already.
      if (systemCode(error) === undefined) throw error;
    }
    nodeDisk.close(this.#fd);
  }

  /** Leaves it to the next writer. */
  leave(): void {
    try {
      nodeDisk.sync(this.#fd);
    } catch {
      // It is with the kernel then, which is more than not at all.
    }
    nodeDisk.close(this.#fd);
  }
}

/** A spill file whose writer has ended. */
export interface LeftSpill {
  path: string;
  sessionId: string;
}

/** The spill files that earlier writers of a store left in a folder. */
export function findLeftSpills(directory: string, store: string): LeftSpill[] {
  let names: string[];
  try {
    names = fs.readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
  return names
    .filter((name) => name.startsWith(prefixOf(store)))
    .map((name) => path.join(directory, name))
    .flatMap((file) => {
      const sessionId = isFree(file) ? sessionOf(file) : undefined;
      return sessionId === undefined ? [] : [{ path: file, sessionId }];
    });
}

// --- internal ---

function prefixOf(store: string): string {
  const name = nodeCrypto().createHash("sha256").update(path.resolve(store)).digest("hex").slice(0, 16);
  return `${SPILL_PREFIX}${name}-`;
}

/** In a folder that others can write to, anybody could wait with a link in place of the file, or take it away. */
function checkPrivate(directory: string): void {
  nodeDisk.makeDirectory(directory);
  const stat = fs.lstatSync(directory);
  const isOurs = process.getuid === undefined || stat.uid === process.getuid();
  if (stat.isDirectory() && isOurs && (stat.mode & 0o077) === 0) return;
  throw new TracekeepError("PERMISSION", `others can reach the folder for spilled events ${directory}`, {
    path: directory,
    hint: `make it yours alone: chmod ${DIRECTORY_MODE.toString(8)} '${directory}'`,
  });
}

/** Whether no writer has it open. */
function isFree(file: string): boolean {
  try {
    const fd = nodeDisk.open(file);
    try {
      return tryLock(fd);
    } finally {
      nodeDisk.close(fd);
    }
  } catch {
    // It has just gone, or is not ours.
    return false;
  }
}

function sessionOf(file: string): string | undefined {
  try {
    const line = readFirstLine(file);
    const decoded = line === undefined ? undefined : decodeLine(line);
    return decoded?.kind === "event" ? decoded.event.session_id : undefined;
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return undefined;
  }
}
