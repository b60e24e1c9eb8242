// Options of a writer of a shared log, checked once at the door.

import { timeZoneOption } from "../base/day.ts";
import { checkOptionNames, choiceOption, integerOption, numberOption, pathOption } from "../base/options.ts";
import { DURABILITIES, SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "../store/append/durability.ts";
import { LOCK_TIMEOUT_MS } from "../store/disk/file-lock.ts";
import { SHARED_LOG_CAPACITY } from "../store/shared/shared-log.ts";
import type { SharedLogOptions as LogOptions } from "../store/shared/shared-log.ts";
import { hasRotatableName } from "../store/shared/shared-segments.ts";
import { checkWriterOptions } from "./options.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";

type OfSession = Pick<SessionOptions, "id" | "agent" | "parent" | "title" | "project" | "metadata">;
type OfStore = Pick<
  StoreOptions,
  "durability" | "maxLineBytes" | "redaction" | "prices" | "handleSignals" | "onFault" | "clock"
>;

export interface SharedLogOptions extends OfSession, OfStore {
  /** Events that may wait for the log's lock, 1 to 1,000,000; one more is refused. Default 65,536. */
  capacity?: number | undefined;
  /** How long events wait for the lock before they are refused, in milliseconds. Default 5,000. */
  lockTimeoutMs?: number | undefined;
  /** `"interval"` syncs after so many events of this writer, from 1 … Default 10. */
  syncEveryEvents?: number | undefined;
  /** … or when the oldest has waited so long, in milliseconds, 1 to 3,600,000. Default 1,000. */
  syncIntervalMs?: number | undefined;
  /**
   * Size in bytes, from 4 KiB, at which the log goes on in another file; the one before it is compressed into `archive`
   * beside it. Every writer of a log should be given the same. Default: never.
   */
  rotateBytes?: number | undefined;
  /** It also does at 00:00 in this IANA time zone, with the first event after that. Default: only by size. */
  rotateDailyIn?: string | undefined;
  /**
   * Days, from 1, until a file that was rotated is deleted, counted from its latest event; a SEGMENT_DELETED event in
   * the log says so first. Default: none is.
   */
  retentionDays?: number | undefined;
}

export const SHARED_LOG_OPTIONS: readonly string[] = [
  "id",
  "agent",
  "parent",
  "title",
  "project",
  "metadata",
  "durability",
  "maxLineBytes",
  "redaction",
  "prices",
  "handleSignals",
  "onFault",
  "clock",
  "capacity",
  "lockTimeoutMs",
  "syncEveryEvents",
  "syncIntervalMs",
  "rotateBytes",
  "rotateDailyIn",
  "retentionDays",
] as const satisfies readonly (keyof SharedLogOptions)[];

/** What the log itself is told; all but whose lines they are. */
type Checked = Omit<LogOptions, "sessionId" | "agentId" | "rotation"> & {
  rotation: { bytes: number; dailyIn: string | undefined } | undefined;
  retentionDays: number | undefined;
  handleSignals: boolean;
};

/** @throws TypeError, RangeError */
export function checkSharedLogOptions(owner: string, file: string, options: SharedLogOptions): Checked {
  checkOptionNames(owner, options, SHARED_LOG_OPTIONS);
  const path = pathOption(owner, "file", file);
  if (path === undefined) throw new TypeError(`${owner}: no file given`);
  const integer = (name: IntegerName, min: number, max: number, fallback: number): number =>
    integerOption(owner, name, options[name], { min, max, default: fallback });
  const dailyIn = timeZoneOption(owner, "rotateDailyIn", options.rotateDailyIn);
  const bytes = integer("rotateBytes", MIN_ROTATE_BYTES, Number.MAX_SAFE_INTEGER, Infinity);
  const isRotated = dailyIn !== undefined || bytes !== Infinity;
  if (isRotated && !hasRotatableName(path)) {
    throw new RangeError(`${owner}: a log that is rotated needs a name that ends with .jsonl, got "${path}"`);
  }
  return {
    path,
    durability: choiceOption(owner, "durability", options.durability, DURABILITIES, "interval"),
    ...checkWriterOptions(owner, options),
    capacity: integer("capacity", 1, 1_000_000, SHARED_LOG_CAPACITY),
    lockTimeoutMs: integer("lockTimeoutMs", 0, 2 ** 31 - 1, LOCK_TIMEOUT_MS),
    syncEveryEvents: integer("syncEveryEvents", 1, Number.MAX_SAFE_INTEGER, SYNC_EVERY_EVENTS),
    syncIntervalMs: integer("syncIntervalMs", 1, 3_600_000, SYNC_INTERVAL_MS),
    rotation: isRotated ? { bytes, dailyIn } : undefined,
    retentionDays:
      options.retentionDays === undefined
        ? undefined
        : numberOption(owner, "retentionDays", options.retentionDays, { min: 1, max: 1_000_000, default: 1 }),
  };
}

// --- internal ---

/** Smaller files would hold little more than their first line. */
const MIN_ROTATE_BYTES: number = 4 * 1024;

type IntegerName = "capacity" | "lockTimeoutMs" | "syncEveryEvents" | "syncIntervalMs" | "rotateBytes";
