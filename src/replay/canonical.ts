// The form in which a live argument is compared with a recorded one: plain JSON without secrets, as recording makes it
// (docs/adr/0007-replay-compares-what-recording-writes.md), with the keys of objects in order.

import { createHash } from "node:crypto";

import type { JsonValue } from "../event/index.ts";
import { toPlain } from "../format/index.ts";
import type { Redactor } from "../redact/index.ts";

/** A value as it would stand in a log; `undefined` stays. */
export function recordedForm(value: unknown, redactor: Redactor): JsonValue | undefined {
  return redactor.redact(toPlain({ args: value }).body)["args"];
}

/** JSON text that is the same for equal values, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return "";
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

/** A short name for a long text. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Where two plain values differ first, by the order of their keys; undefined when they are equal. */
export function firstDifference(recorded: unknown, live: unknown, path = ""): Difference | undefined {
  if (isContainer(recorded) && isContainer(live) && Array.isArray(recorded) === Array.isArray(live)) {
    const left = new Map(Object.entries(recorded));
    const right = new Map(Object.entries(live));
    const names = [...new Set([...left.keys(), ...right.keys()])];
    if (!Array.isArray(recorded)) names.sort();
    for (const name of names) {
      const inside = Array.isArray(recorded) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
      const found = firstDifference(left.get(name), right.get(name), inside);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return canonicalJson(recorded) === canonicalJson(live) ? undefined : { path, recorded, live };
}

export interface Difference {
  /** Which part differs, e.g. `args.command`. */
  path: string;
  recorded: unknown;
  live: unknown;
}

// --- internal ---

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
