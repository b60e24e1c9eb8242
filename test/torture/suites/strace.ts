// The same faults from outside the process: the kernel's answers are changed by strace, so nothing between our code and
// the system can hide them.

import { spawnSync } from "node:child_process";
import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import { Missing } from "../suite.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";

/** What is done to the n-th call of a thread, as strace(1) spells it. */
const INJECTIONS = [
  ["fdatasync", "error=EIO"],
  ["fdatasync", "error=ENOSPC"],
  ["fdatasync", "signal=KILL"],
  ["write", "error=EIO"],
  ["write", "error=ENOSPC"],
  ["write", "error=EINTR"],
  ["write", "signal=KILL"],
] as const;

export const straced: Suite = {
  name: "strace injection",
  about:
    "the n-th write or fdatasync of a log file is answered with EIO, ENOSPC or EINTR, or is the last thing the process does",
  run: async ({ size, scratch, tally, each }) => {
    if (spawnSync("strace", ["-V"]).error !== undefined) throw new Missing("strace");
    const most = size === "quick" ? 2 : 40;
    const jobs = INJECTIONS.flatMap(([call, what]) =>
      Array.from({ length: most }, (_, index) => ({ call, what, when: index + 1 })),
    );
    await each(jobs, async ({ call, what, when }, index) => {
      const dir = path.join(scratch, String(index));
      const file = path.join(dir, "session_20260106_c614.jsonl");
      const inject = `inject=${call}:${what}:when=${when}`;
      // strace finds a file by its name, and a log that a process has created has another one there: it was created as a
      // temporary file. So the log is there already.
      const plan = { dir, session: "s", durability: "fsync" } as const;
      const { acknowledged: earlier } = await runVictim({ ...plan, events: 1, end: false });
      const outcome = await runVictim(
        { ...plan, first: 1, events: 12, producers: 2 },
        {
          wrapper: [
            "strace",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-P",
            file,
            "-e",
            `trace=${call}`,
            "-e",
            inject,
          ],
        },
      );
      if (outcome.stderr.includes("hung")) tally.fault(`${inject}: ${outcome.stderr}`);
      reopen(dir, "s");
      tally.add(
        inspect(dir, "s", [...earlier, ...outcome.acknowledged]),
        outcome.acknowledged.length,
        inject,
      );
    });
  },
};
