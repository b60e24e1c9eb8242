import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { withFileLock, withFileLockSync } from "./file-lock.ts";
import { findLockHolder } from "./lock-holder.ts";
import { tryLock, tryLockByte } from "./lock.ts";

let directory: string;
let lock: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  lock = path.join(directory, "x.lock");
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Locks a file as another process would, by a descriptor of its own. */
function lockElsewhere(): number {
  const fd = fs.openSync(lock, "a+");
  expect(tryLock(fd)).toBe(true);
  return fd;
}

describe("withFileLock", () => {
  it("lets one in at a time, in order, and gives back what they return", async () => {
    const order: number[] = [];
    let inside = 0;
    const results = await Promise.all(
      [0, 1, 2, 3, 4].map((index) =>
        withFileLock(lock, async () => {
          expect(++inside).toBe(1);
          order.push(index);
          await pause(1);
          inside--;
          return index * 2;
        }),
      ),
    );
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(results).toEqual([0, 2, 4, 6, 8]);
  });

  it("lets others have it who wait, however often it is taken here", async () => {
    await withFileLock(lock, () => undefined);
    const fd = fs.openSync(lock, "r+");
    // As one does that waits in another process.
    expect(tryLockByte(fd, 1, { shared: true })).toBe(true);
    let times = 0;
    for (let isFree = false; !isFree; times++) {
      expect(times).toBeLessThan(100);
      const asked = withFileLock(lock, () => pause(2));
      await new Promise((resolve) => setImmediate(resolve));
      isFree = tryLockByte(fd, 0, { shared: false });
      if (isFree) fs.closeSync(fd);
      await asked;
    }
    expect(times).toBeGreaterThan(1);
  });

  it("is free again after a failure inside", async () => {
    await expect(withFileLock(lock, () => Promise.reject(new Error("inside")))).rejects.toThrow("inside");
    const thrower = (): never => {
      throw new Error("at once");
    };
    await expect(withFileLock(lock, thrower)).rejects.toThrow("at once");
    expect(await withFileLock(lock, () => "free")).toBe("free");
  });

  it("names the holder when it gives up", async () => {
    const fd = lockElsewhere();
    await expect(withFileLock(lock, () => "never", { timeoutMs: 20 })).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      path: lock,
      message: `could not lock ${lock} within 20 ms: this process itself (${process.pid} on ${os.hostname()}) has it`,
    });
    expect(findLockHolder(lock)).toMatchObject({ pid: process.pid, host: os.hostname() });
    fs.closeSync(fd);
    expect(findLockHolder(lock)).toBeUndefined();
    expect(await withFileLock(lock, () => "after all")).toBe("after all");
  });

  it("gives up in the queue of its own process as well", async () => {
    let letGo = (): void => undefined;
    const first = withFileLock(lock, () => new Promise<void>((resolve) => (letGo = resolve)));
    await expect(withFileLock(lock, () => "never", { timeoutMs: 10 })).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
    });
    letGo();
    await first;
    expect(await withFileLock(lock, () => "next")).toBe("next");
  });

  it("stops waiting when it is told to, and lets the next one in", async () => {
    const fd = lockElsewhere();
    const controller = new AbortController();
    const aborted = withFileLock(lock, () => "never", { signal: controller.signal });
    const next = withFileLock(lock, () => "next");
    setTimeout(() => controller.abort(new Error("no longer wanted")), 5);
    await expect(aborted).rejects.toThrow("no longer wanted");
    fs.closeSync(fd);
    expect(await next).toBe("next");
    await expect(withFileLock(lock, () => "never", { signal: controller.signal })).rejects.toThrow(
      "no longer wanted",
    );
  });

  it("locks the file that has the name now, when somebody has replaced it", async () => {
    const fd = lockElsewhere();
    const waiting = withFileLock(lock, () => fs.statSync(lock).ino);
    await pause(5);
    fs.renameSync(lock, `${lock}.old`);
    fs.writeFileSync(lock, "");
    // The old file is locked still, but it is not the one that counts.
    expect(await waiting).toBe(fs.statSync(lock).ino);
    fs.closeSync(fd);
  });

  it("works for a name that is not there yet, 0600, and leaves the file there", async () => {
    await withFileLock(lock, () => undefined);
    expect(fs.statSync(lock).mode & 0o777).toBe(0o600);
    await expect(withFileLock(path.join(directory, "no", "x.lock"), () => 1)).rejects.toMatchObject({
      code: "IO",
      path: path.join(directory, "no", "x.lock"),
    });
  });

  it("refuses options that it does not know, and times that are none", async () => {
    await expect(withFileLock(lock, () => 1, { timeout: 5 } as object)).rejects.toThrow(
      'withFileLock: unknown option "timeout"; did you mean "timeoutMs"?',
    );
    await expect(withFileLock(lock, () => 1, { timeoutMs: -1 })).rejects.toThrow(RangeError);
  });
});

describe("withFileLockSync", () => {
  it("waits for another thread without the event loop", async () => {
    const worker = new Worker(
      `const fs = require("node:fs");
       const { workerData, parentPort } = require("node:worker_threads");
       const native = require("fs-native-extensions");
       const fd = fs.openSync(workerData, "a+");
       parentPort.postMessage(native.tryLock(fd));
       setTimeout(() => fs.closeSync(fd), 30);`,
      { eval: true, workerData: lock },
    );
    expect(await new Promise((resolve) => worker.once("message", resolve))).toBe(true);
    expect(withFileLockSync(lock, () => "mine")).toBe("mine");
    await worker.terminate();
  });

  it("says at once that it would wait for itself", async () => {
    await withFileLock(lock, () => {
      expect(() => withFileLockSync(lock, () => 1)).toThrow(/this process itself/);
    });
    expect(withFileLockSync(lock, () => 1)).toBe(1);
  });
});
