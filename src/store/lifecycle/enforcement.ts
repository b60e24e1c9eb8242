// Settings and retention as a store offers them: what is in force, changing it on the record, and keeping the schedule.

import path from "node:path";

import { TracekeepError } from "../../base/errors.ts";
import type { JsonObject } from "../../event/index.ts";
import { withFileLock } from "../disk/file-lock.ts";
import { RETENTION_LOCK } from "../layout.ts";
import { Ledger } from "../ledger/ledger.ts";
import { settingsIfDue } from "./due.ts";
import { policyName } from "./policy.ts";
import { retain } from "./retain.ts";
import type { RetentionReport } from "./retain.ts";
import { mergeSettings, readSettings, writeSettings } from "./settings.ts";
import type { SettingsChange, StoreSettings } from "./settings.ts";

/**
 * Changes the settings of a store. The ledger knows of it first.
 *
 * @throws TypeError, RangeError for a setting that cannot be; TracekeepError when it cannot be written, or while
 *   retention is enforced for longer than five seconds
 */
export async function changeSettings(dir: string, change: SettingsChange): Promise<StoreSettings> {
  return await withFileLock(path.join(dir, RETENTION_LOCK), async () => {
    const before = readSettings(dir);
    const after = mergeSettings(before, change);
    if (JSON.stringify(before) === JSON.stringify(after)) return before;
    const ledger = new Ledger(dir, () => undefined);
    try {
      const body = { policy: policyName(after.retention), before, after };
      await ledger.record("SETTINGS_CHANGED", undefined, body as unknown as JsonObject);
    } finally {
      ledger.close();
    }
    writeSettings(dir, after);
    return after;
  });
}

/**
 * Enforces retention if its schedule says that it is time and nobody else is doing it. Costs a look at the settings, and
 * where there is a schedule, at the end of the ledger.
 *
 * @param opening whether the store has just been opened, for the schedule `on_startup`
 * @throws TracekeepError `BAD_STORE` when the settings cannot be understood
 */
export async function retainIfDue(
  dir: string,
  { opening, signal }: { opening: boolean; signal?: AbortSignal | undefined },
): Promise<RetentionReport | undefined> {
  const settings = settingsIfDue(dir, opening);
  if (settings === undefined) return undefined;
  try {
    return await retain(dir, settings, { signal });
  } catch (error) {
    if (error instanceof TracekeepError && error.code === "LOCK_TIMEOUT") return undefined;
    throw error;
  }
}
