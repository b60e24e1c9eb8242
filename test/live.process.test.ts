// Live streams between processes, and what subscriptions leave behind in one.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Event } from "../src/event/index.ts";
import { openStore } from "../src/record/index.ts";

const DIST = path.join(import.meta.dirname, "..", "dist");

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

function run(script: string, args: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [...args, "--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Lines that a process prints, one after the other. */
function linesOf(child: ChildProcess): () => Promise<string> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the process has ended");
    return value;
  };
}

describe("a subscriber in another process", () => {
  it.each(["that is running", "that begins later"])(
    "gets the first chunk of a session %s while the stream goes on",
    async (which) => {
      const store = openStore({ dir, handleSignals: false, durability: "os" });
      const running = which === "that is running" ? store.startSession({ id: "s" }) : undefined;
      const child = run(`
        import { subscribe } from ${JSON.stringify(path.join(DIST, "index.js"))};
        const events = subscribe({ dir: ${JSON.stringify(dir)}, session: "s", event: "AGENT_MESSAGE" });
        const first = events.next();
        console.log("ready");
        console.log(JSON.stringify((await first).value));
        console.log(JSON.stringify((await events.next()).value));
        console.log((await events.next()).done, events.endedBy);`);
      const ended = once(child, "close");
      const nextLine = linesOf(child);
      expect(await nextLine()).toBe("ready");
      const session = running ?? store.startSession({ id: "s" });
      const stream = session.stream({ flushIntervalMs: 60_000 });
      stream.write("Hello");
      const first = JSON.parse(await nextLine()) as Event;
      expect(first).toMatchObject({
        seq: 1,
        session_id: "s",
        position: 0,
        content: "Hello",
        chunks: [[0, 5]],
      });
      expect(first).not.toHaveProperty("volatile");
      // What follows comes together.
      for (const chunk of [", ", "world"]) stream.write(chunk);
      session.end();
      expect(JSON.parse(await nextLine())).toMatchObject({ seq: 2, position: 5, content: ", world" });
      expect(await nextLine()).toBe("true session ended");
      await ended;
      store.close();
    },
  );
});

describe("1,000 subscriptions that were left", () => {
  it("leave no memory, no listener, no descriptor and nothing to wait for", async () => {
    const child = run(
      `
      import * as fs from "node:fs";
      import { getEventListeners } from "node:events";
      import { setTimeout as sleep } from "node:timers/promises";
      import { openStore, subscribe } from ${JSON.stringify(path.join(DIST, "index.js"))};
      import { hubOf } from ${JSON.stringify(path.join(DIST, "live", "index.js"))};
      const dir = ${JSON.stringify(dir)};
      const session = openStore({ dir, durability: "os" }).startSession({ id: "s" });
      const shared = new AbortController();
      async function cycle(n) {
        const own = new AbortController();
        const signal = n % 2 === 0 ? own.signal : shared.signal;
        const events = subscribe({ dir, session: n % 3 === 0 ? "s" : undefined, signal, volatile: n % 5 === 0 });
        if (n % 4 === 0) {
          session.checkpoint("event " + n);
          await events.next();
        }
        const waiting = n % 7 === 0 ? undefined : events.next().catch(() => undefined);
        if (n % 3 === 1) await new Promise((resolve) => setImmediate(resolve));
        if (signal === own.signal) own.abort();
        else await events.return();
        await waiting;
      }
      async function measure() {
        await sleep(20);
        for (let n = 0; n < 4; n++) gc();
        return {
          heap: process.memoryUsage().heapUsed,
          descriptors: fs.readdirSync("/proc/self/fd").length,
          resources: process.getActiveResourcesInfo().length,
          listeners: getEventListeners(shared.signal, "abort").length,
          processListeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
          heard: hubOf(dir).size,
        };
      }
      for (let n = 0; n < 300; n++) await cycle(n);
      const before = await measure();
      for (let n = 0; n < 1_000; n++) await cycle(n);
      const after = await measure();
      session.end();
      console.log(JSON.stringify({ before, after }));`,
      ["--expose-gc"],
    );
    const ended = once(child, "close");
    type Figures = Record<string, number>;
    const { before, after } = JSON.parse(await linesOf(child)()) as { before: Figures; after: Figures };
    await ended;
    const { heap: heapBefore = NaN, descriptors: openBefore = NaN, ...restBefore } = before;
    const { heap: heapAfter = NaN, descriptors: openAfter = NaN, ...restAfter } = after;
    expect(restAfter).toEqual(restBefore);
    expect(restAfter).toMatchObject({ listeners: 0, heard: 0 });
    // The log's own files come and go.
    expect(openAfter).toBeLessThan(openBefore + 10);
    // A subscription takes some 10 kB: were one in ten kept, this would be 1 MB more.
    expect(heapAfter - heapBefore).toBeLessThan(500_000);
  });
});
