// What a store is told to do with its logs: `settings.json`. It never names code or paths, and it never switches
// redaction off.

import path from "node:path";

import { timeZoneOption } from "../../base/day.ts";
import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { checkOptionNames, describe } from "../../base/options.ts";
import { nodeDisk, replaceFile } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { SETTINGS_FILE } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";
import { checkRedactionSettings, NO_ADDITIONAL_REDACTION } from "../sealing/redaction-settings.ts";
import type { RedactionSettings } from "../sealing/redaction-settings.ts";
import { checkPolicy, KEEP_EVERYTHING } from "./policy.ts";
import type { RetentionPolicy } from "./policy.ts";

export interface StoreSettings {
  /** What moves into the archive and what is deleted. Default: everything is kept where it is. */
  retention: RetentionPolicy;
  /** When a session's log goes on in a new segment. */
  rotation: RotationSettings;
  /** Ids of sessions that no policy touches; `true` for all of them. Default: none. */
  legal_hold: readonly string[] | true;
  /** What redaction looks for besides its own rules. Default: nothing. */
  redaction: RedactionSettings;
  /** What may be spent before a hook that was asked to (`install --enforce-budgets`) refuses. Default: no limit. */
  budgets: BudgetSettings;
}

/** US dollars; `null`: no limit. */
export interface BudgetSettings {
  session_usd: number | null;
  /** In any 60 minutes. */
  hour_usd: number | null;
  /** In any 24 hours. */
  day_usd: number | null;
}

export interface RotationSettings {
  /** Bytes of a segment before the next one begins. `null`: the default of the writer, 10 MiB. */
  segment_bytes: number | null;
  /** Whether a new segment begins with each day. Default false. */
  daily: boolean;
  /** Where that day begins: an IANA time zone. Default `UTC`. */
  time_zone: string;
  /** Whether a segment moves into the archive as soon as its session goes on in another. Default false: as retention says. */
  archive: boolean;
}

export const DEFAULT_SETTINGS: StoreSettings = {
  retention: KEEP_EVERYTHING,
  rotation: { segment_bytes: null, daily: false, time_zone: "UTC", archive: false },
  legal_hold: [],
  redaction: NO_ADDITIONAL_REDACTION,
  budgets: { session_usd: null, hour_usd: null, day_usd: null },
};

/** Some of the settings; what is left out stays as it is. */
export interface SettingsChange {
  retention?: Partial<RetentionPolicy> | undefined;
  rotation?: Partial<RotationSettings> | undefined;
  legal_hold?: readonly string[] | true | undefined;
  redaction?: Partial<RedactionSettings> | undefined;
  budgets?: Partial<BudgetSettings> | undefined;
}

/**
 * The settings of a store; the defaults when it has none.
 *
 * @throws TracekeepError `BAD_STORE` when the file cannot be understood. Who would delete by it must not guess.
 */
export function readSettings(directory: string): StoreSettings {
  const file = path.join(directory, SETTINGS_FILE);
  let text: string;
  try {
    text = readWholeFile(file).toString();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return DEFAULT_SETTINGS;
    throw ioError("read", file, error);
  }
  try {
    return mergeSettings(DEFAULT_SETTINGS, JSON.parse(text) as SettingsChange);
  } catch (cause) {
    throw new TracekeepError("BAD_STORE", `the settings in ${file} cannot be understood: ${String(cause)}`, {
      path: file,
      cause,
      hint: "mend that file, or delete it to keep everything; nothing is moved or deleted until then",
    });
  }
}

/** Writes the whole settings of a store; they are in place, or the old ones still are. @throws TracekeepError */
export function writeSettings(directory: string, settings: StoreSettings, disk: Disk = nodeDisk): void {
  const file = path.join(directory, SETTINGS_FILE);
  const text = `${JSON.stringify(settings, undefined, 2)}\n`;
  try {
    replaceFile(disk, file, Buffer.from(text), temporaryBeside(file));
  } catch (error) {
    throw ioError("write", file, error);
  }
}

/**
 * Settings with a change applied and checked.
 *
 * @throws TypeError, RangeError naming the setting that cannot be
 */
export function mergeSettings(settings: StoreSettings, change: SettingsChange): StoreSettings {
  checkOptionNames("settings", change, Object.keys(DEFAULT_SETTINGS));
  checkOptionNames("settings.rotation", change.rotation ?? {}, Object.keys(DEFAULT_SETTINGS.rotation));
  const merged: StoreSettings = {
    retention: checkPolicy("settings.retention", { ...settings.retention, ...change.retention }),
    rotation: { ...settings.rotation, ...change.rotation },
    legal_hold: change.legal_hold ?? settings.legal_hold,
    redaction: checkRedactionSettings({ ...settings.redaction, ...change.redaction }),
    budgets: { ...settings.budgets, ...change.budgets },
  };
  checkRotation(merged.rotation);
  checkBudgets(merged.budgets);
  if (merged.legal_hold !== true && !isTextList(merged.legal_hold)) {
    throw new TypeError(`settings: legal_hold must be true or a list of session ids`);
  }
  return merged;
}

/** Whether no policy may touch a session. */
export function isHeld({ legal_hold: held }: StoreSettings, sessionId: string): boolean {
  return held === true || held.includes(sessionId);
}

// --- internal ---

const MIN_SEGMENT_BYTES: number = 64 * 1024;
const MAX_SEGMENT_BYTES: number = 1024 * 1024 * 1024;

function checkRotation(rotation: RotationSettings): void {
  const { segment_bytes: bytes, time_zone: zone } = rotation;
  if (
    bytes !== null &&
    !(Number.isInteger(bytes) && bytes >= MIN_SEGMENT_BYTES && bytes <= MAX_SEGMENT_BYTES)
  ) {
    throw new RangeError(
      `settings.rotation: segment_bytes must be null or from ${MIN_SEGMENT_BYTES} to ${MAX_SEGMENT_BYTES}, ` +
        `got ${describe(bytes)}`,
    );
  }
  for (const name of ["daily", "archive"] as const) {
    if (typeof rotation[name] !== "boolean")
      throw new TypeError(
        `settings.rotation: ${name} must be true or false, got ${describe(rotation[name])}`,
      );
  }
  timeZoneOption("settings.rotation", "time_zone", zone);
}

function checkBudgets(budgets: BudgetSettings): void {
  checkOptionNames("settings.budgets", budgets, Object.keys(DEFAULT_SETTINGS.budgets));
  for (const [name, usd] of Object.entries(budgets)) {
    if (usd !== null && !(typeof usd === "number" && usd >= 0 && usd <= 1e9)) {
      throw new RangeError(
        `settings.budgets: ${name} must be null or from 0 to 1,000,000,000, got ${describe(usd)}`,
      );
    }
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
