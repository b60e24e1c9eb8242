import { setImmediate } from "node:timers/promises";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { requestSync, withdrawSync } from "./sync-queue.ts";
import type { Syncable } from "./sync-queue.ts";

/** A file whose syncs end when they are told to. */
class SlowFile implements Syncable {
  readonly name: number;
  readonly #log: number[];
  readonly ends: (() => void)[] = [];

  constructor(name: number, log: number[]) {
    this.name = name;
    this.#log = log;
  }

  beginSync(done: () => void): void {
    this.#log.push(this.name);
    this.ends.push(done);
  }
}

describe("the queue of syncs", () => {
  it("gives every file its turn in the order of asking, and never starts more than three at a time", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }), async (requests) => {
        const started: number[] = [];
        const files = Array.from({ length: 10 }, (_, name) => new SlowFile(name, started));
        const asked: number[] = [];
        const waitingNow = new Set<number>();
        const running = () => files.flatMap(({ ends }) => ends).length;
        for (const name of requests) {
          const file = files[name];
          if (file === undefined) continue;
          const startedBefore = started.length;
          requestSync(file);
          if (started.length > startedBefore) asked.push(name);
          else if (!waitingNow.has(name)) {
            waitingNow.add(name);
            asked.push(name);
          }
          expect(running()).toBeLessThanOrEqual(3);
        }
        while (running() > 0) {
          for (const file of files) file.ends.shift()?.();
          expect(running()).toBeLessThanOrEqual(3);
          await setImmediate();
        }
        expect(started).toEqual(asked);
      }),
    );
  });

  it("forgets a file that was withdrawn", () => {
    const started: number[] = [];
    const files = [0, 1, 2, 3, 4].map((name) => new SlowFile(name, started));
    for (const file of files) requestSync(file);
    expect(started).toEqual([0, 1, 2]);
    withdrawSync(files[3] as SlowFile);
    for (const file of files) file.ends.shift()?.();
    expect(started).toEqual([0, 1, 2, 4]);
    for (const file of files) file.ends.shift()?.();
  });
});
