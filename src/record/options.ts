// Options of stores and sessions, checked once at the door.

import type { Clock } from "../base/clock.ts";
import type { TracekeepError } from "../base/errors.ts";
import {
  checkObject,
  checkOptionNames,
  choiceOption,
  describe,
  flagOption,
  integerOption,
  pathOption,
  textOption,
} from "../base/options.ts";
import { parseTimestamp } from "../event/index.ts";
import { MAX_LINE_BYTES } from "../format/index.ts";
import type { RedactionOptions } from "../redact/index.ts";
import { guarded } from "../sinks/fault.ts";
import { checkSink } from "../sinks/sink.ts";
import type { Sink } from "../sinks/sink.ts";
import { DURABILITIES } from "../store/append/durability.ts";
import type { Durability } from "../store/append/durability.ts";
import { checkSpillOptions } from "../store/append/spill.ts";
import type { CheckedSpillOptions, SpillOptions } from "../store/append/spill.ts";
import { SEGMENT_BYTES } from "../store/session/segment-switch.ts";
import { checkDetectionOptions } from "./detection.ts";
import type { DetectionOptions } from "./detection.ts";
import { checkPrices } from "./pricing.ts";
import type { PricingOptions } from "./pricing.ts";

/** Longest session id, agent id, call id or parent id, in bytes. They stand on every line. */
export const MAX_ID_BYTES = 1024;

export interface StoreOptions extends DetectionOptions, PricingOptions {
  /** The store's folder. Default: `TRACEKEEP_DIR`, else the nearest `.tracekeep` upwards, else a new one at the git root or here. */
  dir?: string | undefined;
  /** Where to look from. Default: the current folder. */
  cwd?: string | undefined;
  /** Environment. Default: that of the process. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What a receipt means, unless a session or an event says otherwise. Default `"interval"`. */
  durability?: Durability | undefined;
  /** Longest line in bytes, 4 KiB to 64 MiB; longer events are cut, which they then say. Default 16 MiB. */
  maxLineBytes?: number | undefined;
  /**
   * Size in bytes, from 4 KiB, at which a session's log goes on in another file: the event after that begins it.
   * Default: what the store's settings say, else 10 MiB.
   */
  segmentBytes?: number | undefined;
  /**
   * Keep the store's retention schedule, if it has one: enforced in the background when it is due, while the store is
   * open. Default true.
   */
  keepSchedule?: boolean | undefined;
  /**
   * How many events of a session the store's index may be behind, from 1: it is also told of START, RESUMED and anomalies.
   * Default: it is told when a session is closed, and readers read what it does not know.
   */
  indexEveryEvents?: number | undefined;
  /** What is kept out of the record besides the built-in secrets, and whether anything is. Default: those, `mode` "on". */
  redaction?: RedactionOptions | undefined;
  /** Flush on SIGINT, SIGTERM and SIGHUP while sessions are open, then let the signal do its work. Default true. */
  handleSignals?: boolean | undefined;
  /** Called when something could not be recorded. Default: one process warning for each session it happens to. */
  onFault?: ((error: TracekeepError) => void) | undefined;
  /**
   * Sinks beside the logs: each event goes to them too, once it is in its log, as the same bytes. What they do with it,
   * also failing, stays with them: it is told to `onFault` and, once for each session, by a `DEGRADED` event. They are
   * the caller's to close.
   */
  sinks?: readonly Sink[] | undefined;
  /**
   * Seal the logs, so that `tracekeep verify` finds what is changed later. Costs two hashes an event and
   * a signature a second; syncs nothing that nobody waits for. Default true.
   */
  seals?: boolean | undefined;
  /**
   * Where events wait while they cannot be written (disk full, read-only, too many open files, a failing disk): in memory,
   * or in a private file. They are written by themselves once that is over, in order, with `DEGRADED` and, for those
   * beyond the bound, `GAP` behind them. `false`: such events are refused at once. See {@link SpillOptions}.
   */
  spill?: SpillOptions | false | undefined;
  /** Clock, for tests. Default: the system's. */
  clock?: Clock | undefined;
}

/** `detectors` and `onAnomaly`: default, the store's. */
export interface SessionOptions extends DetectionOptions {
  /** Any text up to 1,024 bytes that no session of the store has. Default: a UUIDv7. */
  id?: string | undefined;
  /** Who acts: any text up to 1,024 bytes. Default `"agent"`. */
  agent?: string | undefined;
  /** Id of the session that started this one. Default: the current one, inside `withSession`. */
  parent?: string | undefined;
  /** What the session is called, for people. */
  title?: string | undefined;
  /** Folder the agent works in. */
  project?: string | undefined;
  /** Anything else worth knowing about the session; stands on its START. */
  metadata?: object | undefined;
  /** What a receipt means in this session. Default: the store's. */
  durability?: Durability | undefined;
  /** Where the events come from. Default `"recorded"`; importers put their name. */
  origin?: string | undefined;
  /** When the session began, RFC 3339. Default: now. */
  startedAt?: string | undefined;
}

const STORE_OPTIONS = [
  "dir",
  "cwd",
  "env",
  "durability",
  "maxLineBytes",
  "segmentBytes",
  "keepSchedule",
  "indexEveryEvents",
  "redaction",
  "prices",
  "handleSignals",
  "onFault",
  "sinks",
  "seals",
  "detectors",
  "onAnomaly",
  "spill",
  "clock",
] as const satisfies readonly (keyof StoreOptions)[];

export const SESSION_OPTIONS: readonly (keyof SessionOptions)[] = [
  "id",
  "agent",
  "parent",
  "title",
  "project",
  "metadata",
  "durability",
  "origin",
  "startedAt",
  "detectors",
  "onAnomaly",
];

export interface CheckedStoreOptions
  extends Omit<StoreOptions, keyof WriterOptions | "spill">, WriterOptions {
  durability: Durability;
  spill: CheckedSpillOptions | undefined;
  seals: boolean;
  keepSchedule: boolean;
  indexEveryEvents: number;
}

/** @throws TypeError, RangeError */
export function checkStoreOptions(options: StoreOptions): CheckedStoreOptions {
  checkOptionNames("openStore", options, STORE_OPTIONS);
  return {
    ...options,
    spill: checkSpillOptions("openStore", options.spill),
    ...checkWriterOptions("openStore", options),
    seals: flagOption("openStore", "seals", options.seals, true),
    keepSchedule: flagOption("openStore", "keepSchedule", options.keepSchedule, true),
    indexEveryEvents: integerOption("openStore", "indexEveryEvents", options.indexEveryEvents, {
      min: 1,
      max: 1_000_000,
      default: Infinity,
    }),
    ...checkDetectionOptions("openStore", options),
    dir: pathOption("openStore", "dir", options.dir),
    cwd: pathOption("openStore", "cwd", options.cwd),
    durability: choiceOption("openStore", "durability", options.durability, DURABILITIES, "interval"),
    segmentBytes:
      options.segmentBytes === undefined
        ? undefined
        : integerOption("openStore", "segmentBytes", options.segmentBytes, {
            min: 4 * 1024,
            max: Number.MAX_SAFE_INTEGER,
            default: SEGMENT_BYTES,
          }),
  };
}

/** What stores and recorders are asked alike. */
export interface WriterOptions {
  handleSignals: boolean;
  maxLineBytes: number;
  onFault: StoreOptions["onFault"];
  prices: StoreOptions["prices"];
  sinks: readonly Sink[];
}

/** @throws TypeError, RangeError */
export function checkWriterOptions(
  owner: string,
  {
    handleSignals,
    maxLineBytes,
    onFault,
    prices,
    redaction,
    sinks = [],
  }: Pick<StoreOptions, "handleSignals" | "maxLineBytes" | "onFault" | "prices" | "redaction" | "sinks">,
): WriterOptions {
  if (redaction !== undefined) checkObject(owner, "redaction", redaction);
  if (onFault !== undefined && typeof onFault !== "function") {
    throw new TypeError(`${owner}: onFault must be a function, got ${describe(onFault)}`);
  }
  if (!Array.isArray(sinks)) throw new TypeError(`${owner}: sinks must be an array, got ${describe(sinks)}`);
  return {
    handleSignals: flagOption(owner, "handleSignals", handleSignals, true),
    onFault: onFault === undefined ? undefined : guarded(onFault),
    prices: checkPrices(owner, prices),
    sinks: sinks.map((sink: unknown) => checkSink(owner, sink)),
    maxLineBytes: integerOption(owner, "maxLineBytes", maxLineBytes, {
      min: 4 * 1024,
      max: 64 * 1024 * 1024,
      default: MAX_LINE_BYTES,
    }),
  };
}

const APPEND_OPTIONS = ["durability"];

/** The durability that an append waits for. @throws TypeError, RangeError */
export function checkAppendOptions(
  options: { durability?: Durability | undefined },
  fallback: Durability,
): Durability {
  checkOptionNames("append", options, APPEND_OPTIONS);
  return choiceOption("append", "durability", options.durability, DURABILITIES, fallback);
}

/** @throws TypeError, RangeError */
export function checkSessionOptions(
  options: SessionOptions,
  store: { durability: Durability } & DetectionOptions,
): SessionOptions & { agent: string; durability: Durability; origin: string } {
  checkOptionNames("session", options, SESSION_OPTIONS);
  for (const name of ["id", "agent", "parent"] as const) checkId(name, options[name]);
  const startedAt = textOption("session", "startedAt", options.startedAt);
  if (startedAt !== undefined && parseTimestamp(startedAt) === undefined) {
    throw new RangeError(`session: startedAt must be RFC 3339 with an offset, got ${describe(startedAt)}`);
  }
  const { detectors = store.detectors, onAnomaly = store.onAnomaly } = options;
  return {
    ...options,
    ...checkDetectionOptions("session", { detectors, onAnomaly }),
    title: textOption("session", "title", options.title),
    project: textOption("session", "project", options.project),
    agent: options.agent ?? "agent",
    origin: textOption("session", "origin", options.origin) ?? "recorded",
    durability: choiceOption("session", "durability", options.durability, DURABILITIES, store.durability),
  };
}

// --- internal ---

function checkId(name: string, value: string | undefined): void {
  if (textOption("session", name, value) === undefined || value === undefined) return;
  if (Buffer.byteLength(value) > MAX_ID_BYTES) {
    throw new RangeError(
      `session: ${name} must be at most ${MAX_ID_BYTES} bytes, got ${Buffer.byteLength(value)}`,
    );
  }
}
