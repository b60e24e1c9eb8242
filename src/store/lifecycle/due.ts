// Whether the schedule of a store says that retention is to be enforced now. Apart from enforcing it, because every short
// command asks, and mostly it is not.

import path from "node:path";

import { LEDGER } from "../layout.ts";
import { DAY_MS } from "./plan.ts";
import { policyName } from "./policy.ts";
import type { RetentionPolicy, Schedule } from "./policy.ts";
import { readSettings } from "./settings.ts";
import type { StoreSettings } from "./settings.ts";
import { lastRunMs } from "./trusted-clock.ts";

/**
 * The settings to enforce, if it is time. Costs a look at the settings, and where there is a schedule, at the end of the
 * ledger.
 *
 * @param opening whether the store has just been opened, for the schedule `on_startup`
 * @throws TracekeepError `BAD_STORE` when the settings cannot be understood
 */
export function settingsIfDue(dir: string, opening: boolean): StoreSettings | undefined {
  const settings = readSettings(dir);
  if (!mayDoAnything(settings.retention)) return undefined;
  const { rotation_schedule: schedule } = settings.retention;
  const isTime = isDue(schedule, opening, () => lastRunMs(path.join(dir, LEDGER)), Date.now());
  return isTime ? settings : undefined;
}

// --- internal ---

/** Weeks of a schedule, and days, are counted from the last run. */
const INTERVALS_MS: Readonly<Record<Schedule, number>> = {
  daily: DAY_MS,
  weekly: 7 * DAY_MS,
  on_startup: Infinity,
  manual: Infinity,
};

function isDue(
  schedule: Schedule,
  opening: boolean,
  lastRun: () => number | undefined,
  nowMs: number,
): boolean {
  if (schedule === "manual") return false;
  if (schedule === "on_startup") return opening;
  const lastMs = lastRun();
  // A run in the future was one by a clock that has been set right since.
  return lastMs === undefined || lastMs > nowMs || nowMs - lastMs >= INTERVALS_MS[schedule];
}

function mayDoAnything(policy: RetentionPolicy): boolean {
  return policyName(policy) !== "keep" && policy.rotation_schedule !== "manual";
}
