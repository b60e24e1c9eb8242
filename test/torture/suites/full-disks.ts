// Disks fill up while a session records, and are freed again. Whatever could not be kept is counted by GAP events, and
// recording goes on by itself.

import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { openStore } from "../../../src/index.ts";
import { mountTmpfs } from "../mounts.ts";
import { inspect, reopen } from "../oracle.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { Promised } from "../victim.ts";

export const fullDisks: Suite = {
  name: "full disks",
  about:
    "a memory disk is filled and freed again and again while a session records; writers that reach their file size limit",
  run: async (context) => {
    await fillAndFree(context);
    await reachSizeLimit(context);
  },
};

// --- internal ---

const ROUNDS_PER_SESSION = 25;

async function fillAndFree({ size, scratch, tally }: SuiteContext): Promise<void> {
  for (let index = 0; index < (size === "quick" ? 2 : 40); index++) {
    const mount = mountTmpfs(scratch, "size=1m");
    try {
      const dir = path.join(mount.dir, "store");
      const ballast = path.join(mount.dir, "ballast");
      const store = openStore({
        dir,
        durability: index % 2 === 0 ? "os" : "fsync",
        onFault: () => undefined,
        spill: { retryMinMs: 1, retryMaxMs: 5 },
      });
      const session = store.startSession({ id: "s", agent: "torture" });
      const promised: Promised[] = [];
      let offered = 0;
      const offer = (events: number): void => {
        for (let each = 0; each < events; each++) {
          const n = offered++;
          session.append({ event: "NOTE", n, text: "x".repeat((n * 7919) % 700) }).then(
            ({ seq, id }) => promised.push({ n, seq, id }),
            () => undefined,
          );
        }
      };
      for (let round = 0; round < ROUNDS_PER_SESSION; round++) {
        offer(3);
        fill(ballast);
        offer(1 + ((round * 13) % 40));
        await sleep(round % 5);
        fs.rmSync(ballast);
        offer(2);
        await sleep(12);
        offer(1);
      }
      session.end();
      store.close();
      await sleep(1);
      const findings = inspect(dir, "s", promised);
      const missing = offered - findings.present.size;
      if (missing !== findings.gapCount)
        tally.fault(
          `session ${index}: ${missing} events are missing, GAP events speak of ${findings.gapCount}`,
        );
      tally.add(findings, promised.length, `session ${index}`);
      tally.accidents += ROUNDS_PER_SESSION - 1;
    } finally {
      await mount.unmount();
    }
  }
}

/** Takes all the space there is. */
function fill(file: string): void {
  const fd = fs.openSync(file, "w");
  try {
    for (const bytes of [64 * 1024, 4096, 1]) {
      const part = Buffer.alloc(bytes);
      while (fs.writeSync(fd, part) === bytes);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    fs.closeSync(fd);
  }
}

async function reachSizeLimit({ size, scratch, tally, each }: SuiteContext): Promise<void> {
  const limits = Array.from({ length: size === "quick" ? 4 : 100 }, (_, index) => 2_000 + index * 137);
  await each(limits, async (limit) => {
    const dir = path.join(scratch, `limit-${limit}`);
    const { acknowledged } = await runVictim(
      { dir, session: "s", durability: "os", events: 60, end: false, store: { spill: { events: 10 } } },
      { wrapper: ["prlimit", `--fsize=${limit}:${limit}`] },
    );
    reopen(dir, "s");
    tally.add(inspect(dir, "s", acknowledged), acknowledged.length, `limit ${limit}`);
  });
}
