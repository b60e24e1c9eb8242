// One event as one line for people: when, how bad, what, and as much of the rest as fits.

import { paint } from "./paint.ts";

import { inUtc } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import {
  fitText,
  formatCount,
  formatDuration,
  formatSecond,
  formatUsd,
  padText,
  printable,
  textWidth,
} from "./text.ts";

export interface EventTextOptions {
  columns: number;
  color: boolean;
  /** Of several sessions: show the day, and which event of which session it is. */
  place?: boolean;
}

const TYPE_COLUMNS = 18;
const PLACE_COLUMNS = 13;
/** As much of a sub-agent's id as usually tells it apart. */
const SHORT_ID_CHARACTERS = 8;
/** Ids that somebody chose are alike at their beginnings ("session_…"), so as much of them as fits here. */
const CHOSEN_ID_COLUMNS = 24;
const UUID = /^[0-9a-f]{8}(?=-[0-9a-f]{4}-)/;
/** A UUIDv7 begins with the time: 48 bits of milliseconds, so less would be shared by all of a minute. */
const UUIDV7_TIME = /^[0-9a-f]{8}-[0-9a-f]{4}(?=-7)/;

/** @example eventText(event, { columns: 80, color: false }) // "22:00:00.000 TOOL_CALL          bash {\"command\":…" */
export function eventText(event: Event, { columns, color, place }: EventTextOptions): string {
  const when = place === true ? formatSecond(event.timestamp) : inUtc(event.timestamp).slice(11, 23);
  const where = place === true ? padText(formatPlace(event.session_id, event.seq), PLACE_COLUMNS) : "";
  // An imported custom type begins with its source's name, which all of them have in common.
  const type = padText(fitText(printable(event.event.replace(/^[a-z-]+\//, "")), TYPE_COLUMNS), TYPE_COLUMNS);
  const left = [when, where, type].filter((part) => part !== "");
  const leftColumns = left.reduce((sum, part) => sum + textWidth(part) + 1, 0);
  const rest = fitText(printable(gistOf(event)).trim(), Math.max(20, columns - leftColumns));
  if (!color) return `${left.join(" ")} ${rest}`.trimEnd();
  const styled = [
    paint("gray", when),
    ...(where === "" ? [] : [paint("cyan", where)]),
    colorType(event, type),
  ];
  return `${styled.join(" ")} ${rest}`.trimEnd();
}

/** Enough of a session's id to find it again, and the number of an event in it. */
export function formatPlace(sessionId: string, seq: number): string {
  return `${formatShortId(sessionId)}:${seq}`;
}

/** The beginning of a session's id; of a sub-agent's, also its own end. */
export function formatShortId(sessionId: string): string {
  const [own = "", child] = sessionId.split("/");
  const random = UUIDV7_TIME.exec(own) ?? UUID.exec(own);
  const start = random?.[0] ?? fitText(printable(own), CHOSEN_ID_COLUMNS);
  return child === undefined ? start : `${start}/${printable(child.slice(-SHORT_ID_CHARACTERS))}`;
}

/** What an event is about, in one text. */
export function gistOf(event: Event): string {
  switch (event.event) {
    case "TOOL_CALL":
      return join(text(event["tool"]), event["args"] ?? event["description"]);
    case "TOOL_RESULT":
    case "RETRIEVAL_RESULT":
    case "RETURN":
      return join(
        text(event["tool"]),
        event["status"] === "ok" ? undefined : event["status"],
        typeof event["duration_ms"] === "number" ? `(${formatDuration(event["duration_ms"])})` : undefined,
        event["error"] ?? event["result"] ?? text(event["message"]),
      );
    case "MODEL_CALL":
    case "MODEL_RESPONSE":
      return join(text(event["model"]), tokens(event), text(event["message"]));
    case "DELEGATE":
      return join(text(event["task"]), text(event["child_session_id"]));
    case "START":
    case "RESUMED":
      return join(text(event["title"]), text(event["project"]));
    case "END":
      return join(text(event["reason"]), `after ${formatCount(Number(event["events"] ?? event.seq))} events`);
    case "ERROR":
    case "DETECTOR_ERROR":
      return join(
        text(event["message"]) ?? text(event["description"]),
        event["error"],
        text(event["reason"]),
      );
    case "GAP":
      return join(`${formatCount(Number(event["count"] ?? 1))} lost:`, text(event["reason"]));
    case "RECOVERED":
      return join(`${formatCount(Number(event["bytes"] ?? 0))} bytes:`, text(event["reason"]));
    default:
      return join(
        text(event["message"]) ??
          text(event["content"]) ??
          text(event["description"]) ??
          event["decision"] ??
          event["query"] ??
          event["policy"],
        text(event["status"]),
        text(event["reason"]),
        event["record"],
      );
  }
}

// --- internal ---

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Texts as they are, errors by their message, everything else as JSON. */
function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "message" in value && "name" in value) {
    return `${String(value.name)}: ${String(value.message)}`;
  }
  return JSON.stringify(value);
}

function join(...parts: unknown[]): string {
  return parts
    .filter((part) => part !== undefined && part !== null)
    .map(shown)
    .join(" ");
}

function tokens(event: Event): string | undefined {
  const count = (name: string): number => (typeof event[name] === "number" ? event[name] : 0);
  const input = count("input_tokens") + count("cache_read_tokens") + count("cache_write_tokens");
  const output = count("output_tokens");
  if (input + output === 0) return undefined;
  const cost = typeof event["cost_usd"] === "number" ? `, ${formatUsd(event["cost_usd"])}` : "";
  return `(${formatCount(input)} in, ${formatCount(output)} out${cost})`;
}

function colorType(event: Event, type: string): string {
  if (event.severity === "ERROR" || event.severity === "CRITICAL") return paint("red", type);
  if (event.severity === "WARN") return paint("yellow", type);
  return event.severity === "DEBUG" ? paint("gray", type) : paint("bold", type);
}
