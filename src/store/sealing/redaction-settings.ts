// What a store's settings add to redaction. They can only add: nothing here switches any of it off. Read by itself, and
// lightly, because every hook call needs it.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { checkOptionNames, describe } from "../../base/options.ts";
import { SETTINGS_FILE } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";

export interface RedactionSettings {
  /** Names of further fields whose values are secret. */
  field_names: readonly string[];
  /** Data about people that is to go too: `email`, `phone`, `iban`, `payment-card`, `national-id`. */
  groups: readonly string[];
  /** Rules of the user's own. */
  rules: readonly { kind: string; pattern: string }[];
}

export const NO_ADDITIONAL_REDACTION: RedactionSettings = { field_names: [], groups: [], rules: [] };

/** The part `redaction` of a store's settings; nothing where there is none. @throws TracekeepError `BAD_SETTINGS` */
export function readRedactionSettings(storeDir: string): RedactionSettings {
  const file = path.join(storeDir, SETTINGS_FILE);
  // Asked first: every hook call comes by here, and a failing call costs it ten times as much.
  if (!fs.existsSync(file)) return NO_ADDITIONAL_REDACTION;
  let text: string;
  try {
    text = readWholeFile(file).toString();
  } catch (error) {
    if (systemCode(error) === "ENOENT") return NO_ADDITIONAL_REDACTION;
    throw ioError("read", file, error);
  }
  try {
    const settings: unknown = JSON.parse(text);
    const isObject = typeof settings === "object" && settings !== null;
    return checkRedactionSettings(isObject && "redaction" in settings ? settings.redaction : {});
  } catch (cause) {
    throw badRedactionSettings(storeDir, cause);
  }
}

/** What is thrown for settings that cannot be used, by whoever finds out. */
export function badRedactionSettings(storeDir: string, cause: unknown): TracekeepError {
  const file = path.join(storeDir, SETTINGS_FILE);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TracekeepError("BAD_SETTINGS", `redaction cannot be set up as ${file} says: ${reason}`, {
    path: file,
    cause,
    hint: "mend that file; nothing is recorded through it until then, because secrets could slip through",
  });
}

/** Settings of redaction, complete. What a kind or a pattern may be is checked by redaction itself. @throws TypeError */
export function checkRedactionSettings(value: unknown): RedactionSettings {
  if (typeof value !== "object" || value === null)
    throw new TypeError(`settings: redaction must be an object, got ${describe(value)}`);
  checkOptionNames("settings.redaction", value, Object.keys(NO_ADDITIONAL_REDACTION));
  const merged = { ...NO_ADDITIONAL_REDACTION, ...value };
  for (const name of ["field_names", "groups", "rules"] as const) {
    if (!Array.isArray(merged[name]))
      throw new TypeError(`settings.redaction: ${name} must be a list, got ${describe(merged[name])}`);
  }
  return merged;
}
