// Vivarium's audit lines: {"ts", "event", "session_id", "cost", "input_t", "output_t" …}, and the names of their files.

import * as fs from "node:fs";
import path from "node:path";

import { systemCode } from "../../base/errors.ts";
import type { Event, JsonObject } from "../../event/index.ts";

/** Fields of theirs that have another name with us; the others have the same. */
export const VIVARIUM_FIELDS: Readonly<Record<string, string>> = {
  cost: "cost_usd",
  input_t: "input_tokens",
  output_t: "output_tokens",
};

/** The fields of a record of theirs under our names, without `ts`, which is the event's time. */
export function vivariumFields(record: JsonObject): JsonObject {
  const named: JsonObject = {};
  for (const [name, value] of Object.entries(record)) {
    // What stands under our name already is kept; a cost of null says that no model was called.
    if (name === "ts" || (name in VIVARIUM_FIELDS && value === null)) continue;
    named[VIVARIUM_FIELDS[name] ?? name] = value;
  }
  return named;
}

/** A record of theirs, read in place, as an event under our names. */
export function vivariumEvent(event: Event): Event {
  return vivariumFields(event as unknown as JsonObject) as unknown as Event;
}

/** The archives that Vivarium left beside a log, `<stem>_YYYYMMDD_HHMMSS.jsonl.gz`, in order of time. */
export function vivariumArchives(log: string): string[] {
  const folder = path.dirname(log);
  const stem = path.basename(log, ".jsonl");
  let names: string[];
  try {
    names = fs.readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT" || systemCode(error) === "ENOTDIR") return [];
    throw error;
  }
  return names
    .filter((name) => name.startsWith(`${stem}_`) && ARCHIVE.test(name.slice(stem.length)))
    .sort()
    .map((name) => path.join(folder, name));
}

// --- internal ---

const ARCHIVE = /^_\d{8}_\d{6}\.jsonl\.gz$/;
