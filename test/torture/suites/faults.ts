// Every file operation of every step of a session's life fails once, each in every way it can.

import { constants } from "node:os";
import path from "node:path";

import { inspect, reopen } from "../oracle.ts";
import { compileShim, faultEnv, readCounts } from "../shim.ts";
import type { Call, Fault } from "../shim.ts";
import type { Suite, Tally } from "../suite.ts";
import { runVictim } from "../victim.ts";
import type { VictimPlan } from "../victim.ts";

const { ENOSPC, EIO, EINTR, EMFILE, EACCES, EROFS, EDQUOT } = constants.errno;

/** Which errors a call can meet. */
const ERRORS: Record<Call, readonly number[]> = {
  write: [EIO, ENOSPC, EDQUOT, EINTR],
  sync: [EIO, ENOSPC, EINTR],
  open: [EIO, ENOSPC, EMFILE, EACCES, EROFS],
  rename: [EIO, ENOSPC, EACCES],
  link: [EIO, ENOSPC, EACCES],
  unlink: [EIO, EACCES],
  truncate: [EIO, EINTR],
  mkdir: [EIO, ENOSPC, EACCES],
};

interface Scenario {
  name: string;
  plan: Omit<VictimPlan, "dir">;
  /** Whether a writer that was killed has been there before. */
  after?: "torn tail";
}

const base = { session: "s", producers: 2, maxBytes: 2_000 } as const;
const SCENARIOS: readonly Scenario[] = [
  { name: "os", plan: { ...base, durability: "os", events: 8 } },
  { name: "interval", plan: { ...base, durability: "interval", events: 25 } },
  { name: "fsync", plan: { ...base, durability: "fsync", events: 8 } },
  { name: "segments", plan: { ...base, durability: "fsync", events: 12, producers: 1, rotateEvery: 4 } },
  { name: "healing", plan: { ...base, durability: "fsync", events: 4, first: 1_000 }, after: "torn tail" },
];

export const faults: Suite = {
  name: "single faults",
  about:
    "each write, sync, open, rename, link, unlink, truncate, mkdir of opening, appending, switching, healing and ending fails once, or is the last thing the process does",
  run: async ({ size, scratch, tally, each }) => {
    compileShim(scratch);
    const jobs: { scenario: Scenario; fault: Fault }[] = [];
    for (const scenario of SCENARIOS) {
      const dir = path.join(scratch, `count-${scenario.name}`);
      await prepare(dir, scenario);
      const countFile = path.join(scratch, `count-${scenario.name}.txt`);
      await runVictim({ ...scenario.plan, dir }, { env: faultEnv(dir, undefined, countFile) });
      for (const [call, count] of Object.entries(readCounts(countFile)) as [Call, number][]) {
        for (let at = 1; at <= count; at++) {
          jobs.push({ scenario, fault: { call, at, kill: true } });
          for (const errno of ERRORS[call]) {
            jobs.push({ scenario, fault: { call, at, errno } });
            // A fault that lasts: from there on nothing of the kind works any more. (EINTR means "try again", and a
            // system that said so for ever would be obeyed for ever.)
            if (errno !== EINTR) jobs.push({ scenario, fault: { call, at, errno, times: 0 } });
          }
        }
      }
    }
    // The long run goes through all of them until 5,000 have happened; the quick one takes every n-th.
    const chosen =
      size === "long"
        ? Array.from({ length: Math.max(5_000, jobs.length) }, (_, index) => jobs[index % jobs.length])
        : jobs.filter((_, index) => index % Math.ceil(jobs.length / 60) === 0);
    await each(chosen, async (job, index) => {
      if (job !== undefined) await meet(job, path.join(scratch, `${index}-${job.scenario.name}`), tally);
    });
  },
};

// --- internal ---

async function meet(
  { scenario, fault }: { scenario: Scenario; fault: Fault },
  dir: string,
  tally: Tally,
): Promise<void> {
  const what = `${scenario.name}, ${JSON.stringify(fault)}`;
  const earlier = await prepare(dir, scenario);
  const outcome = await runVictim({ ...scenario.plan, dir }, { env: faultEnv(dir, fault) });
  reopen(dir, "s");
  const findings = inspect(dir, "s", [...earlier, ...outcome.acknowledged]);
  tally.add(findings, outcome.acknowledged.length, what);
  if (outcome.stderr.includes("hung")) tally.fault(`${what}: ${outcome.stderr}`);
  if (!outcome.done) return;
  const { first = 0, events } = scenario.plan;
  const numbers = Array.from({ length: events }, (_, index) => first + index);
  const missing = numbers.filter((n) => !findings.present.has(n)).length;
  if (missing !== findings.gapCount)
    tally.fault(`${what}: ${missing} events are missing, and GAP events speak of ${findings.gapCount}`);
}

async function prepare(dir: string, { after }: Scenario): Promise<{ n: number; seq: number; id: string }[]> {
  if (after === undefined) return [];
  const plan: VictimPlan = { ...base, dir, durability: "fsync", events: 5, end: false };
  const torn: Fault = { call: "write", at: 4, torn: 100, kill: true };
  return (await runVictim({ ...plan, producers: 1 }, { env: faultEnv(dir, torn) })).acknowledged;
}
