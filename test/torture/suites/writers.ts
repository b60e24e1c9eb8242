// Many processes record at the same time into one store, each into a session of its own, and some are killed and go on.

import * as fs from "node:fs";
import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { Promised } from "../victim.ts";

export const writers: Suite = {
  name: "many writers",
  about:
    "64 processes at the same time, 1,000 events each on their own sessions of one store, lines up to 2 MB, killed at random and gone on with",
  run: async ({ size, scratch, tally }) => {
    const [processes, events, rounds] = size === "quick" ? [6, 50, 1] : [64, 1_000, 20];
    for (let round = 0; round < rounds; round++) {
      const dir = path.join(scratch, `round-${round}`);
      await Promise.all(
        Array.from({ length: processes }, async (_, index) => {
          const session = `writer-${index}`;
          const promised: Promised[] = [];
          // Every other one is killed twice before it may finish.
          const lives = index % 2 === 0 ? 3 : 1;
          const durability = (["os", "interval", "fsync"] as const)[index % 3] ?? "os";
          for (let life = 0; life < lives; life++) {
            const left = events - promised.length;
            const kills = life < lives - 1;
            const outcome = await runVictim(
              {
                dir,
                session,
                durability,
                events: Math.max(1, left),
                first: life * 1_000_000,
                producers: 4,
                maxBytes: 2_000,
                longEvery: 50,
                longBytes: 2_000_000,
                end: !kills,
                hangMs: 600_000,
              },
              {
                during: (child, onLine) => {
                  let lines = Math.ceil(Math.random() * left * 0.5);
                  if (kills) onLine(() => --lines === 0 && child.kill("SIGKILL"));
                },
              },
            );
            promised.push(...outcome.acknowledged);
            if (!kills && !outcome.done)
              tally.fault(
                `round ${round}, ${session}: ${outcome.signal ?? ""} ${outcome.stderr.slice(0, 300)}`,
              );
          }
          reopen(dir, session);
          tally.add(inspect(dir, session, promised), promised.length, `round ${round}, ${session}`);
          tally.accidents += lives - 2;
        }),
      );
      // A round of long lines is gigabytes; what it found is in the tally.
      fs.rmSync(dir, { recursive: true });
    }
  },
};
