import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { faultyDisk } from "../../testing/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import { archivedSize, contentOf, copyIntoArchive, MEMBER_BYTES, removeOriginal } from "./archive.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-archive-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function writeLog(bytes: number, name = "session_20260106_c614.jsonl"): string {
  const file = path.join(directory, name);
  fs.writeFileSync(file, "0123456789abcde\n".repeat(Math.ceil(bytes / 16)));
  return file;
}

const inArchive = (): string[] => fs.readdirSync(path.join(directory, "archive"));

describe("moving a segment into the archive", () => {
  it.each([0, 1, MEMBER_BYTES, MEMBER_BYTES * 3 + 5])("keeps all %d bytes", async (bytes) => {
    const file = writeLog(bytes);
    const { path: copy, archivedBytes } = await copyIntoArchive(nodeDisk, file, true);
    expect(gunzipSync(fs.readFileSync(copy)).equals(fs.readFileSync(file))).toBe(true);
    expect(archivedBytes).toBe(fs.statSync(copy).size);
    expect(await archivedSize(file)).toBe(archivedBytes);
    expect(await contentOf(copy, true)).toEqual(await contentOf(file, false));
  });

  it("names the first segment 0000, keeps the number of a later one, and leaves the original to its caller", async () => {
    const [first, second] = [writeLog(10), writeLog(20, "session_20260106_c614.0001.jsonl")];
    await copyIntoArchive(nodeDisk, first, true);
    await copyIntoArchive(nodeDisk, second, false);
    expect(inArchive()).toEqual(["session_20260106_c614.0000.jsonl.gz", "session_20260106_c614.0001.jsonl"]);
    expect(fs.existsSync(first)).toBe(true);
    removeOriginal(nodeDisk, first);
    expect(fs.existsSync(first)).toBe(false);
  });

  it("finishes what an interrupted run left, without a second copy", async () => {
    const file = writeLog(1000);
    const before = await copyIntoArchive(nodeDisk, file, true);
    expect(await copyIntoArchive(nodeDisk, file, true)).toEqual(before);
    expect(inArchive()).toHaveLength(1);
  });

  it("overwrites nothing: a name that other content has taken stays", async () => {
    const file = writeLog(1000);
    const taken = path.join(directory, "archive", "session_20260106_c614.0000.jsonl.gz");
    fs.mkdirSync(path.dirname(taken));
    fs.writeFileSync(taken, "somebody else's");
    const { path: copy } = await copyIntoArchive(nodeDisk, file, true);
    expect(fs.readFileSync(taken, "utf8")).toBe("somebody else's");
    expect(gunzipSync(fs.readFileSync(copy))).toEqual(fs.readFileSync(file));
  });

  it("leaves nothing behind when the disk is full or a sync fails, and works once it does not", async () => {
    const file = writeLog(MEMBER_BYTES * 2);
    const disk = faultyDisk();
    disk.failWrites = [5];
    await expect(copyIntoArchive(disk, file, true)).rejects.toThrow(/ENOSPC/);
    expect(inArchive()).toEqual([]);
    disk.failWrites = [];
    disk.failSyncs = 1;
    await expect(copyIntoArchive(disk, file, true)).rejects.toThrow(/EIO/);
    expect(inArchive()).toEqual([]);
    await copyIntoArchive(disk, file, true);
    expect(inArchive()).toHaveLength(1);
  });

  it("refuses a copy that does not read back as it was written", async () => {
    const file = writeLog(MEMBER_BYTES);
    const disk = {
      ...nodeDisk,
      write: (fd: number, bytes: Uint8Array, offset: number, length: number) => {
        const damaged = Uint8Array.from(bytes.subarray(offset, offset + length));
        damaged[length >> 1]! ^= 1;
        return nodeDisk.write(fd, damaged, 0, length);
      },
    };
    await expect(copyIntoArchive(disk, file, false)).rejects.toThrow(/is not what was written/);
    expect(inArchive()).toEqual([]);
  });
});
