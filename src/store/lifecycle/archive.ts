// Moves a sealed segment into the archive. The copy is written under a temporary name, read back, compared, synced and
// put in place, then recorded; only then the original goes. Whatever interrupts this, the events are in one of the two
// places or in both, and the next run finishes it: while both are there, the original counts.

import * as fs from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";

import { nodeCrypto } from "../../base/builtin.ts";
import { systemCode, TracekeepError } from "../../base/errors.ts";
import { writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { ARCHIVE_DIRECTORY, archivedName } from "../layout.ts";

/** Bytes of a log in one gzip member. A reader can begin at any member, and `zcat` reads them as one. */
export const MEMBER_BYTES: number = 256 * 1024;

/** What a file holds, compressed or not. */
export interface Content {
  bytes: number;
  /** Of the bytes as they were before compression, in hexadecimal digits. */
  sha256: string;
}

export interface Archived extends Content {
  /** The file in the archive. */
  path: string;
  archivedBytes: number;
}

/**
 * Writes the archived form of a segment and returns when it is on the medium, compared and in place. The original is
 * not touched: {@link removeOriginal} comes when the move has been recorded. Compression runs off the event loop.
 *
 * @throws TracekeepError when it cannot be written, or when what was read back is not what was written
 */
export async function copyIntoArchive(disk: Disk, file: string, compress: boolean): Promise<Archived> {
  const directory = path.join(path.dirname(file), ARCHIVE_DIRECTORY);
  disk.makeDirectory(directory);
  const name = archivedName(file, compress);
  const temporary = temporaryBeside(path.join(directory, name));
  try {
    const content = await writeCopy(disk, file, temporary, compress);
    const readBack = await contentOf(temporary, compress);
    if (readBack.sha256 !== content.sha256) {
      throw new TracekeepError("IO", `what was read back from ${temporary} is not what was written`, {
        path: temporary,
        hint: "the disk may be failing; the original has been kept",
      });
    }
    const archivedBytes = fs.statSync(temporary).size;
    const placed = await place(disk, temporary, path.join(directory, name), content, compress);
    disk.syncDirectory(directory);
    return { path: placed, archivedBytes, ...content };
  } finally {
    if (disk.exists(temporary)) disk.unlink(temporary);
  }
}

/** Deletes a segment whose archived copy is recorded. */
export function removeOriginal(disk: Disk, file: string): void {
  disk.unlink(file);
  disk.syncDirectory(path.dirname(file));
}

/** Size that a segment would have in the archive: compresses it and throws the outcome away. */
export async function archivedSize(file: string): Promise<number> {
  let bytes = 0;
  for await (const member of members(file)) bytes += (await compressMember(member)).length;
  return bytes;
}

/** Length and hash of what a segment holds, in constant memory. */
export async function contentOf(file: string, compressed: boolean): Promise<Content> {
  const hash = nodeCrypto().createHash("sha256");
  let bytes = 0;
  const count = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  };
  const source = fs.createReadStream(file, { highWaterMark: MEMBER_BYTES });
  await (compressed ? pipeline(source, createGunzip(), count) : pipeline(source, count));
  return { bytes, sha256: hash.digest("hex") };
}

// --- internal ---

const compressMember = promisify(gzip) as (bytes: Buffer) => Promise<Buffer>;

async function writeCopy(disk: Disk, file: string, copy: string, compress: boolean): Promise<Content> {
  const hash = nodeCrypto().createHash("sha256");
  const fd = disk.create(copy);
  let bytes = 0;
  let size = 0;
  try {
    for await (const member of members(file)) {
      hash.update(member);
      bytes += member.length;
      const written = compress ? await compressMember(member) : member;
      writeAll(disk, fd, written, written.length, size);
      size += written.length;
    }
    disk.sync(fd);
  } finally {
    disk.close(fd);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** A file in parts of {@link MEMBER_BYTES}, the last one shorter; one empty part when it is empty. */
async function* members(file: string): AsyncGenerator<Buffer, void, undefined> {
  const handle = await fs.promises.open(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  try {
    for (let isFirst = true; ; isFirst = false) {
      const part = Buffer.allocUnsafe(MEMBER_BYTES);
      let held = 0;
      for (let count = -1; count !== 0 && held < part.length; held += count) {
        count = (await handle.read(part, held, part.length - held, null)).bytesRead;
      }
      if (held > 0 || isFirst) yield part.subarray(0, held);
      if (held < part.length) return;
    }
  } finally {
    await handle.close();
  }
}

/** Gives the copy its name. A name that is taken by the same content is an earlier run's, cut short. */
async function place(
  disk: Disk,
  temporary: string,
  wanted: string,
  content: Content,
  compressed: boolean,
): Promise<string> {
  const other = wanted.replace(/(?=\.\d{4,9}\.jsonl)/, `-${content.sha256.slice(0, 12)}`);
  for (const name of [wanted, other]) {
    try {
      disk.link(temporary, name);
      return name;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
    const there = await contentOf(name, compressed).catch(() => undefined);
    if (there?.sha256 === content.sha256) return name;
  }
  throw new TracekeepError("IO", `${wanted} is taken in the archive, by something else`, {
    path: wanted,
    hint: "move that file elsewhere; nothing in the archive is ever overwritten",
  });
}
