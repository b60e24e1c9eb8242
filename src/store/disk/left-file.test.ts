import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { faultyDisk } from "../../testing/index.ts";
import { LeftFile } from "./left-file.ts";

let file: string;
beforeEach(() => {
  file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), "segment.jsonl");
  fs.writeFileSync(file, "{}\n");
});
afterEach(() => fs.rmSync(path.dirname(file), { recursive: true }));

const synced = (left: LeftFile): Promise<Error | null> => new Promise((resolve) => left.syncSoon(resolve));

describe("a file that was left", () => {
  it("is synced once, whoever asks and however often, off the event loop", async () => {
    const disk = faultyDisk();
    const left = new LeftFile({ ...disk, sync: () => expect.unreachable() }, file, true);
    const [first, second] = [synced(left), synced(left)];
    expect(left.isSynced).toBe(false);
    expect(await Promise.all([first, second, synced(left)])).toEqual([null, null, null]);
    left.sync();
    expect(left.isSynced).toBe(true);
    expect(fs.readdirSync("/proc/self/fd").map((fd) => linkOf(fd))).not.toContain(file);
  });

  it("is never tried again, nor called safe, once its sync has failed", async () => {
    const disk = faultyDisk();
    const left = new LeftFile(disk, file, true);
    disk.failSyncs = 1;
    expect(await synced(left)).toMatchObject({ code: "IO", path: file });
    const before = disk.syncs;
    expect(await synced(left)).toMatchObject({ code: "IO", path: file });
    expect(() => left.sync()).toThrow("EIO");
    expect(disk.syncs).toBe(before);
    expect(left.isSynced).toBe(false);
  });

  it("tells whoever syncs meanwhile on the event loop of the same failure", async () => {
    const disk = faultyDisk();
    const left = new LeftFile(disk, file, true);
    disk.failSyncs = 1;
    const soon = synced(left);
    expect(() => left.sync()).toThrow("EIO");
    expect(await soon).toMatchObject({ code: "IO", path: file });
  });

  it("stays unsafe when a sync fails that was running as it was left", async () => {
    const left = new LeftFile(faultyDisk(), file, true);
    const soon = synced(left);
    left.fail(new Error("EIO"));
    expect(await soon).toMatchObject({ code: "IO" });
    expect(() => left.sync()).toThrow("EIO");
  });

  it("needs no sync when it was archived meanwhile", async () => {
    fs.unlinkSync(file);
    const disk = faultyDisk();
    expect(await synced(new LeftFile(disk, file, true))).toBeNull();
    new LeftFile(disk, file, true).sync();
    expect(disk.syncs).toBe(0);
  });
});

function linkOf(fd: string): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
