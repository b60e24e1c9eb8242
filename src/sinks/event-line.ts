// One event as one line for a terminal. Every value is written as JSON with control characters escaped, so nothing
// that was recorded can move the cursor or change colours.

import type { Event, Severity } from "../event/index.ts";
import { encodeJson, isEnvelopeName } from "../format/index.ts";

/** Colour of a severity, by the codes that every terminal knows (ECMA-48 §8.3.117). */
const COLORS: Record<Severity, number> = { DEBUG: 90, INFO: 36, WARN: 33, ERROR: 31, CRITICAL: 35 };
/** Longest line, in characters; what is missing is in the log. */
const MAX_CHARACTERS = 500;

/** @example eventLine(event, false) // '22:00:00.000 INFO     TOOL_CALL tool="bash" args={"command":"npm test"}' */
export function eventLine(event: Event, color: boolean): string {
  const severity = event.severity.padEnd(8);
  const fields = Object.entries(event)
    .filter(([name, value]) => !isEnvelopeName(name) && value !== undefined)
    .map(([name, value]) => ` ${encodeJson(name).slice(1, -1)}=${encodeJson(value)}`)
    .join("");
  const what = encodeJson(event.event).slice(1, -1) + fields;
  const shown = what.length > MAX_CHARACTERS ? `${what.slice(0, MAX_CHARACTERS - 1)}…` : what;
  const painted = color ? `\u001b[${COLORS[event.severity]}m${severity}\u001b[39m` : severity;
  return `${event.timestamp.slice(11, 23)} ${painted} ${shown}\n`;
}
