// Syncs fail. The kernel may drop what it could not write and call the next sync a success, so no acknowledgement may
// come from a file whose sync has failed, and no sync may be tried on it again.

import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import { compileShim, faultEnv, readSyncs } from "../shim.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";

export const failedSyncs: Suite = {
  name: "failed fsync",
  about:
    "every n-th sync fails with EIO while 1 to 16 producers append; a file whose sync failed is never synced again",
  run: async ({ size, scratch, tally, each }) => {
    compileShim(scratch);
    const runs = Array.from({ length: size === "quick" ? 8 : 250 });
    await each(runs, async (_, index) => {
      const dir = path.join(scratch, String(index));
      const countFile = path.join(scratch, `${index}.txt`);
      const outcome = await runVictim(
        {
          dir,
          session: "s",
          durability: index % 4 === 3 ? "interval" : "fsync",
          events: 150,
          producers: 1 + (index % 3) * 7,
          pauseMs: index % 4 === 3 ? 1 : 0,
        },
        { env: faultEnv(dir, { call: "sync", at: 4 + (index % 5), every: 3 + (index % 7) }, countFile) },
      );
      const { failed, again } = readSyncs(countFile);
      if (again > 0) tally.fault(`${dir}: ${again} syncs of a file whose sync had failed`);
      if (!outcome.done)
        tally.fault(`${dir}: the writer did not come to its end: ${outcome.stderr.slice(0, 300)}`);
      reopen(dir, "s");
      const findings = inspect(dir, "s", outcome.acknowledged);
      const missing = 150 - findings.present.size;
      if (missing !== findings.gapCount)
        tally.fault(`${dir}: ${missing} missing, GAP says ${findings.gapCount}`);
      tally.add(findings, outcome.acknowledged.length, dir);
      tally.accidents += failed - 1;
    });
  },
};
