// A line is cut at every one of its bytes: in a process that dies there, in one whose disk is full there, and, for many
// lines more, by cutting the file.

import * as fs from "node:fs";
import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import { compileShim, faultEnv } from "../shim.ts";
import type { Suite } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { VictimPlan } from "../victim.ts";

/** Among the victim's writes: START, then each event. */
const WRITE = 4;

export const tornWrites: Suite = {
  name: "torn writes",
  about:
    "a line cut at every byte: the process dies there, or the disk is full there; and log files cut there",
  run: async ({ size, scratch, tally, each }) => {
    compileShim(scratch);
    const plan = (dir: string): VictimPlan => {
      return { dir, session: "s", durability: "fsync", events: 6, maxBytes: 40, end: false };
    };
    const whole = path.join(scratch, "whole");
    const { acknowledged } = await runVictim({ ...plan(whole), events: size === "long" ? 110 : 12 });
    const file = path.join(
      whole,
      fs.readdirSync(whole).find((name) => /^session_.*\.jsonl$/.test(name)) ?? "",
    );
    const bytes = fs.readFileSync(file);

    const step = size === "long" ? 1 : 23;
    // START is whole before the file has its name, so no accident cuts it.
    for (let end = bytes.indexOf(0x0a) + 1; end <= bytes.length; end += step) {
      const dir = path.join(scratch, "cut");
      fs.mkdirSync(dir, { mode: 0o700 });
      fs.writeFileSync(path.join(dir, path.basename(file)), bytes.subarray(0, end));
      const kept = bytes.subarray(0, end).lastIndexOf(0x0a);
      const held = bytes.subarray(0, kept + 1).toString("latin1");
      reopen(dir, "s");
      const still = acknowledged.filter(({ id }) => held.includes(id));
      tally.add(inspect(dir, "s", still), still.length, `cut at byte ${end}`);
      fs.rmSync(dir, { recursive: true });
    }

    const lengths = Array.from({ length: size === "long" ? 330 : 8 }, (_, index) =>
      size === "long" ? index : index * 40,
    );
    await each(
      [true, false].flatMap((kill) => lengths.map((torn) => ({ kill, torn }))),
      async ({ kill, torn }) => {
        const dir = path.join(scratch, `${kill ? "dies" : "full"}-${torn}`);
        const fault = { call: "write", at: WRITE, torn, kill, errno: 28 } as const;
        const outcome = await runVictim(plan(dir), { env: faultEnv(dir, fault) });
        reopen(dir, "s");
        tally.add(inspect(dir, "s", outcome.acknowledged), outcome.acknowledged.length, path.basename(dir));
        fs.rmSync(dir, { recursive: true });
      },
    );
  },
};
