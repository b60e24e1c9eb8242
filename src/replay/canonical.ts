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
export function firstDifference(one: unknown, other: unknown, path = ""): Difference | undefined {
  if (isContainer(one) && isContainer(other) && Array.isArray(one) === Array.isArray(other)) {
    const left = new Map(Object.entries(one));
    const right = new Map(Object.entries(other));
    const names = [...new Set([...left.keys(), ...right.keys()])];
    if (!Array.isArray(one)) names.sort();
    for (const name of names) {
      const inside = Array.isArray(one) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
      const found = firstDifference(left.get(name), right.get(name), inside);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return canonicalJson(one) === canonicalJson(other) ? undefined : { path, values: [one, other] };
}

export interface Difference {
  /** Which part differs, e.g. `args.command`. */
  path: string;
  values: [unknown, unknown];
}

// --- internal ---

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
