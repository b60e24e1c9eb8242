// What is kept, how long, and where: Sentinel's six retention settings, all of them enforced. Nothing moves and nothing
// is deleted unless the store's settings say so.

import { checkOptionNames, choiceOption, describe } from "../../base/options.ts";

export const SCHEDULES = ["daily", "weekly", "on_startup", "manual"] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** As it stands in `settings.json`. A `null` sets no limit. Ages count from a segment's last event. */
export interface RetentionPolicy {
  /** Days until a sealed segment moves into the archive. */
  active_retention_days: number | null;
  /** Days until a segment is deleted, its time outside the archive included. */
  archive_retention_days: number | null;
  /** MiB of session logs outside the archive; the oldest sealed segments move first. */
  active_max_size_mb: number | null;
  /** MiB in the archive; the oldest segments are deleted first. */
  archive_max_size_mb: number | null;
  /** Whether segments are compressed when they move. */
  compress_archive: boolean;
  /** When it is enforced, by whichever process opens the store for writing then. */
  rotation_schedule: Schedule;
}

export const KEEP_EVERYTHING: RetentionPolicy = {
  active_retention_days: null,
  archive_retention_days: null,
  active_max_size_mb: null,
  archive_max_size_mb: null,
  compress_archive: true,
  rotation_schedule: "manual",
};

/** Policies by name. `dev` has Sentinel's defaults; the others are named for how long they keep. */
export const PRESETS: Readonly<Record<string, RetentionPolicy>> = {
  keep: KEEP_EVERYTHING,
  dev: {
    active_retention_days: 7,
    archive_retention_days: 30,
    active_max_size_mb: 100,
    archive_max_size_mb: 500,
    compress_archive: true,
    rotation_schedule: "daily",
  },
  "six-months": {
    ...KEEP_EVERYTHING,
    active_retention_days: 30,
    archive_retention_days: 184,
    rotation_schedule: "daily",
  },
  year: {
    ...KEEP_EVERYTHING,
    active_retention_days: 90,
    archive_retention_days: 365,
    rotation_schedule: "daily",
  },
  "six-years": {
    ...KEEP_EVERYTHING,
    active_retention_days: 90,
    archive_retention_days: 2192,
    rotation_schedule: "daily",
  },
};

/** Name of a policy among {@link PRESETS}, or "custom". */
export function policyName(policy: RetentionPolicy): string {
  const names = Object.keys(KEEP_EVERYTHING) as (keyof RetentionPolicy)[];
  const found = Object.entries(PRESETS).find(([, preset]) =>
    names.every((name) => preset[name] === policy[name]),
  );
  return found?.[0] ?? "custom";
}

/**
 * A whole policy from some of its settings; the others are those of `keep`.
 *
 * @throws TypeError, RangeError naming the setting that cannot be
 */
export function checkPolicy(owner: string, given: Partial<RetentionPolicy>): RetentionPolicy {
  checkOptionNames(owner, given, Object.keys(KEEP_EVERYTHING));
  const policy: RetentionPolicy = {
    active_retention_days: limit(owner, given, "active_retention_days"),
    archive_retention_days: limit(owner, given, "archive_retention_days"),
    active_max_size_mb: limit(owner, given, "active_max_size_mb"),
    archive_max_size_mb: limit(owner, given, "archive_max_size_mb"),
    compress_archive: given.compress_archive ?? KEEP_EVERYTHING.compress_archive,
    rotation_schedule: choiceOption(
      owner,
      "rotation_schedule",
      given.rotation_schedule,
      SCHEDULES,
      KEEP_EVERYTHING.rotation_schedule,
    ),
  };
  if (typeof policy.compress_archive !== "boolean") {
    throw new TypeError(
      `${owner}: compress_archive must be true or false, got ${describe(policy.compress_archive)}`,
    );
  }
  const { active_retention_days: active, archive_retention_days: archive } = policy;
  if (active !== null && archive !== null && archive < active) {
    throw new RangeError(
      `${owner}: archive_retention_days is the whole age (${archive}), and cannot be less than ` +
        `active_retention_days (${active})`,
    );
  }
  return policy;
}

// --- internal ---

type Limit =
  "active_retention_days" | "archive_retention_days" | "active_max_size_mb" | "archive_max_size_mb";

function limit(owner: string, given: Partial<RetentionPolicy>, name: Limit): number | null {
  const value = given[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number")
    throw new TypeError(`${owner}: ${name} must be a number or null, got ${describe(value)}`);
  if (!(value >= 0 && value <= MAX_LIMIT))
    throw new RangeError(`${owner}: ${name} must be from 0 to ${MAX_LIMIT}, got ${value}`);
  return value;
}

/** Two and a half centuries, or a terabyte. */
const MAX_LIMIT = 1_000_000;
