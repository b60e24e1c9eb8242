// The file system goes down under the writer, as in a power cut: what was only in memory is gone.

import path from "node:path";

import { mountImage } from "../mounts.ts";
import { inspect, reopen } from "../oracle.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { Promised } from "../victim.ts";

export const crashes: Suite = {
  name: "file system crashes",
  about: "ext4 and xfs shut down under a writer at fsync, then mounted again, their journals replayed",
  run: async ({ size, scratch, tally, each }) => {
    await each(["ext4", "xfs"] as const, async (type) => {
      const mount = mountImage(scratch, type, type === "xfs" ? 320 : 64);
      try {
        for (let crash = 0; crash < (size === "quick" ? 4 : 300); crash++) {
          const dir = path.join(mount.dir, `store-${crash % 10}`);
          const promised: Promised[] = [];
          const { acknowledged } = await runVictim(
            {
              dir,
              session: `s${crash}`,
              durability: "fsync",
              events: 100_000,
              producers: 1 + (crash % 3) * 8,
              rotateEvery: crash % 2 === 0 ? 0 : 20,
            },
            {
              during: (child, onLine) => {
                let lines = Math.ceil(Math.random() * 200);
                onLine(() => {
                  if (--lines !== 0) return;
                  // Stopped first: a sync that is just running might come back as done while the file system goes down.
                  child.kill("SIGSTOP");
                  setTimeout(() => child.kill("SIGKILL"), 20);
                });
              },
            },
          );
          promised.push(...acknowledged);
          mount.crash();
          reopen(dir, `s${crash}`);
          tally.add(inspect(dir, `s${crash}`, promised), acknowledged.length, `${type}, crash ${crash}`);
        }
      } finally {
        await mount.unmount();
      }
    });
  },
};
