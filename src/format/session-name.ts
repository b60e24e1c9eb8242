// File names of session logs. They mean nothing to readers (the first line says whose log it is); they are there so
// that a person finds the right file. No id reaches a path except as hexadecimal digits.

import { createHash } from "node:crypto";

import { formatTimestamp, parseTimestamp } from "../event/index.ts";

export interface SessionFileName {
  /** `YYYYMMDD`. */
  date: string;
  /** 4 to 8 hexadecimal digits. */
  tag: string;
  /** 12 or 32 hexadecimal digits, when the shorter name was taken. */
  suffix?: string;
  /** Number of the segment, from 1; absent on the first. */
  segment?: number;
  /** Whether the segment is compressed. */
  gzip?: boolean;
}

const AGENT_WITH_DATE = /(?:^|-)(\d{8})-([0-9a-f]{4,8})$/i;
const NAME =
  /^session_(\d{8})_([0-9a-f]{4,8})(?:-([0-9a-f]{12}|[0-9a-f]{32}))?(?:\.(\d{4,9}))?\.jsonl(\.gz)?$/;

/**
 * The names a session's first file may have, best first: the date and tag in an agent id such as
 * `Claude-Orch-Prime-20260106-c614`, else the UTC day of its start and the last 8 hexadecimal digits of the session id;
 * with the id's last 12 behind it when that is taken; with 32 of its hash when that is taken too.
 */
export function sessionFileNames(sessionId: string, agentId: string, startMs: number): SessionFileName[] {
  const hex = hexOf(sessionId);
  const named = AGENT_WITH_DATE.exec(agentId);
  const date = named?.[1];
  const base =
    date !== undefined && isDate(date)
      ? { date, tag: (named?.[2] ?? "").toLowerCase() }
      : { date: formatTimestamp(startMs).slice(0, 10).replaceAll("-", ""), tag: hex.slice(-8) };
  return [base, { ...base, suffix: hex.slice(-12) }, { ...base, suffix: sha256(sessionId).slice(0, 32) }];
}

/** @example formatSessionFileName({ date: "20260106", tag: "c614" }) // "session_20260106_c614.jsonl" */
export function formatSessionFileName(name: SessionFileName): string {
  const suffix = name.suffix === undefined ? "" : `-${name.suffix}`;
  const segment = name.segment === undefined ? "" : `.${String(name.segment).padStart(4, "0")}`;
  return `session_${name.date}_${name.tag}${suffix}${segment}.jsonl${name.gzip === true ? ".gz" : ""}`;
}

/** The parts of a name, or undefined for any text that {@link formatSessionFileName} would not have made. */
export function parseSessionFileName(text: string): SessionFileName | undefined {
  const parts = NAME.exec(text);
  if (parts === null) return undefined;
  const [, date = "", tag = "", suffix, segment, gzip] = parts;
  if (!isDate(date)) return undefined;
  const name: SessionFileName = { date, tag };
  if (suffix !== undefined) name.suffix = suffix;
  if (segment !== undefined) name.segment = Number(segment);
  if (gzip !== undefined) name.gzip = true;
  return formatSessionFileName(name) === text && name.segment !== 0 ? name : undefined;
}

// --- internal ---

/** A UUID's own digits; for an id of any other shape, those of its hash. */
function hexOf(sessionId: string): string {
  const digits = sessionId.replaceAll("-", "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(digits) ? digits : sha256(sessionId);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function isDate(digits: string): boolean {
  return (
    parseTimestamp(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}T00:00:00Z`) !== undefined
  );
}
