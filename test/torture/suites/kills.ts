// A writer is killed at any moment of its life, and the next one goes on with its session.

import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { Promised } from "../victim.ts";

/** Writers that one session sees, one after the other. */
const WRITERS = 10;

export const kills: Suite = {
  name: "random SIGKILL",
  about:
    "a writer killed at a random moment, 10 writers a session, all durabilities, now and then a new segment",
  run: async ({ size, scratch, tally, each }) => {
    const sessions = Array.from({ length: size === "quick" ? 6 : 1_000 });
    await each(sessions, async (_, index) => {
      const dir = path.join(scratch, String(index));
      const promised: Promised[] = [];
      const durability = (["os", "interval", "fsync"] as const)[index % 3] ?? "os";
      for (let writer = 0; writer < WRITERS; writer++) {
        const outcome = await runVictim(
          {
            dir,
            session: "s",
            durability,
            first: writer * 100_000,
            events: 100_000,
            producers: 1 + (writer % 4) * 8,
            maxBytes: 3_000,
            rotateEvery: writer % 2 === 0 ? 0 : 37,
          },
          {
            during: (child, onLine) => {
              const kill = (): void => void child.kill("SIGKILL");
              if (writer % 2 === 0) setTimeout(kill, Math.random() * 200);
              else {
                let lines = Math.ceil(Math.random() * 400);
                onLine(() => {
                  if (--lines === 0) setTimeout(kill, Math.random() * 5);
                });
              }
            },
          },
        );
        promised.push(...outcome.acknowledged);
        if (outcome.stderr !== "") tally.fault(`${dir}, writer ${writer}: ${outcome.stderr.slice(0, 300)}`);
        reopen(dir, "s");
        tally.add(inspect(dir, "s", promised), outcome.acknowledged.length, `${dir}, writer ${writer}`);
      }
    });
  },
};
