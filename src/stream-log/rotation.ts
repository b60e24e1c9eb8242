// AiCore's way with its log files: a new one at 00:00, kept for seven days.

import { checkOptionNames, numberOption, textOption } from "../base/options.ts";
import type { SettingsChange } from "../record/index.ts";

export interface DailyRotationOptions {
  /** Days until what was logged is deleted, from 1. Default 7. */
  keepDays?: number | undefined;
  /** Where 00:00 is: an IANA time zone. Default: that of the process. */
  timeZone?: string | undefined;
}

/**
 * Settings of a store that begin another file at 00:00 and delete what is older than a week: a choice that a store makes
 * once, and its ledger keeps. Files are deleted in the background while the store is open, once a day.
 *
 * @throws TypeError, RangeError for bad options
 * @example await logger.store.updateSettings(dailyRotation());
 */
export function dailyRotation(options: DailyRotationOptions = {}): SettingsChange {
  checkOptionNames("dailyRotation", options, ["keepDays", "timeZone"]);
  const keepDays = numberOption("dailyRotation", "keepDays", options.keepDays, {
    min: 1,
    max: 1_000_000,
    default: 7,
  });
  const zone = textOption("dailyRotation", "timeZone", options.timeZone);
  return {
    rotation: { daily: true, time_zone: zone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone },
    retention: {
      active_retention_days: null,
      archive_retention_days: keepDays,
      active_max_size_mb: null,
      archive_max_size_mb: null,
      rotation_schedule: "daily",
    },
  };
}
