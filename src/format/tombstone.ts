// What is left of an erased line. It keeps where the event stood and carries the hash of the line that was there, so
// that the tree over the log stays the same; it is padded with spaces to the old length, so no offset moves.

import { formatTimestamp, isSeverity, parseTimestamp } from "../event/index.ts";
import type { Event, Severity } from "../event/index.ts";
import { encodeJson } from "./safe-json.ts";

export interface Tombstone {
  event: string;
  timestamp: string;
  severity: Severity;
  seq: number;
  session_id: string;
  /** Leaf hash of the erased line, 32 bytes as standard base64. */
  erased: string;
}

const LEAF = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const PADDING = /^ *\n$/;

/**
 * The line that takes the place of `event`, exactly `lineBytes` long, `\n` included.
 *
 * @throws RangeError when it does not fit, or the leaf is not 32 bytes of base64
 */
export function encodeTombstone(
  event: Pick<Event, "event" | "timestamp" | "severity" | "seq" | "session_id">,
  leaf: string,
  lineBytes: number,
): string {
  if (!LEAF.test(leaf)) throw new RangeError(`a leaf hash is 32 bytes of base64, got "${leaf.slice(0, 60)}"`);
  const { event: type, timestamp, severity, seq, session_id } = event;
  const json = encodeJson({
    event: type,
    timestamp,
    severity,
    seq,
    session_id,
    erased: leaf,
  } satisfies Tombstone);
  const padding = lineBytes - Buffer.byteLength(json) - 1;
  if (padding < 0)
    throw new RangeError(`a tombstone of ${lineBytes - padding} bytes does not fit a line of ${lineBytes}`);
  return `${json}${" ".repeat(padding)}\n`;
}

/** The tombstone that a line is, or undefined for anything that {@link encodeTombstone} would not have written. */
export function decodeTombstone(line: string): Tombstone | undefined {
  if (!line.endsWith("\n")) return undefined;
  let value: Partial<Tombstone> | null;
  try {
    value = JSON.parse(line) as Partial<Tombstone> | null;
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { event, timestamp, severity, seq, session_id, erased } = value;
  if (typeof event !== "string" || typeof timestamp !== "string" || !isSeverity(severity)) return undefined;
  if (typeof seq !== "number" || typeof session_id !== "string" || typeof erased !== "string")
    return undefined;
  const timeMs = parseTimestamp(timestamp);
  if (timeMs === undefined || formatTimestamp(timeMs) !== timestamp || !LEAF.test(erased)) return undefined;
  const tombstone: Tombstone = { event, timestamp, severity, seq, session_id, erased };
  const json = encodeJson(tombstone);
  return line.startsWith(json) && PADDING.test(line.slice(json.length)) ? tombstone : undefined;
}
