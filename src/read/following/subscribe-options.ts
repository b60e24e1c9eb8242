// Options of a subscription, checked once at the door.

import { checkOptionNames, choiceOption, describe, flagOption, integerOption } from "../../base/options.ts";
import { isSeverity, SEVERITIES } from "../../event/index.ts";
import type { Severity } from "../../event/index.ts";
import { LAG_POLICIES } from "../../live/index.ts";
import type { LagPolicy } from "../../live/index.ts";
import { compileFilter } from "../filter/filter.ts";
import type { CompiledFilter, EventFilter } from "../filter/filter.ts";
import type { Cursor } from "./follow.ts";

/** Everything that is given must hold, as in any read. */
export interface SubscribeOptions extends Omit<EventFilter, "severity"> {
  /**
   * A session: its id, an unambiguous beginning of it, or an agent id. When there is none yet, the one of that very id,
   * which is waited for. The subscription ends with the session.
   */
  session?: string | undefined;
  /** The lowest severity; may be changed while it runs. Default: all. */
  minSeverity?: Severity | undefined;
  /**
   * Where to begin: `"now"`, `"beginning"`, or at these events (sessions without a cursor: now). Sessions that are
   * started later are always given from their beginning. Default `"now"`.
   */
  from?: "now" | "beginning" | Cursor | readonly Cursor[] | undefined;
  /** With `from: "now"`: begin with the last so many that there are already. */
  last?: number | undefined;
  /**
   * Also text of token streams that is on its way to its log and may never arrive there (`volatile: true`), from
   * writers in this process. Default false.
   */
  volatile?: boolean | undefined;
  /**
   * Events that may wait for this subscriber, 1 to 1,048,576; of long ones, as many as come to 4 KiB each on average.
   * Default 1,024.
   */
  capacity?: number | undefined;
  /** What happens when more are waiting. Default `"catch-up"`: it reads on from the logs. */
  policy?: LagPolicy | undefined;
  /** Ends it when nothing was given for so long, in milliseconds. Default: never. */
  idleTimeoutMs?: number | undefined;
  /** Ends it so long after it began, in milliseconds, whatever comes. Default: never. */
  totalTimeoutMs?: number | undefined;
  /** Ends it by throwing its reason. */
  signal?: AbortSignal | undefined;
}

export interface CheckedSubscription {
  /** All but the severity, which may change. */
  filter: CompiledFilter;
  session: string | undefined;
  minSeverity: Severity | undefined;
  from: "now" | "beginning" | readonly Cursor[];
  last: { count: number; filter: CompiledFilter } | undefined;
  wantsVolatile: boolean;
  capacity: number;
  policy: LagPolicy;
  idleTimeoutMs: number;
  totalTimeoutMs: number;
  signal: AbortSignal | undefined;
}

/** @throws TypeError, RangeError for what cannot be understood */
export function checkSubscribeOptions(options: SubscribeOptions, nowMs: number): CheckedSubscription {
  checkOptionNames("subscribe", options, OPTION_NAMES);
  const { event, agent, since, until, text, where, predicate, session, last, signal, volatile } = options;
  const rest = { event, agent, session, since, until, text, where, predicate, last };
  const filter = compileFilter(rest, nowMs);
  const from = checkFrom(options.from);
  if (last !== undefined && from !== "now") {
    throw new RangeError('subscribe: last goes with from: "now" only; otherwise what is there comes anyway');
  }
  const timeout = (name: "idleTimeoutMs" | "totalTimeoutMs"): number =>
    integerOption("subscribe", name, options[name], { min: 1, max: MAX_TIMEOUT_MS, default: Infinity });
  return {
    filter,
    session,
    minSeverity: checkSeverity(options.minSeverity),
    from,
    last:
      last === undefined
        ? undefined
        : { count: last, filter: compileFilter({ ...rest, severity: options.minSeverity }, nowMs) },
    wantsVolatile: flagOption("subscribe", "volatile", volatile, false),
    capacity: integerOption("subscribe", "capacity", options.capacity, {
      min: 1,
      max: 1_048_576,
      default: 1_024,
    }),
    policy: choiceOption("subscribe", "policy", options.policy, LAG_POLICIES, "catch-up"),
    idleTimeoutMs: timeout("idleTimeoutMs"),
    totalTimeoutMs: timeout("totalTimeoutMs"),
    signal,
  };
}

/** @throws RangeError */
export function checkSeverity(severity: Severity | undefined): Severity | undefined {
  if (severity === undefined || isSeverity(severity)) return severity;
  throw new RangeError(`minSeverity must be one of ${SEVERITIES.join(", ")}, got ${describe(severity)}`);
}

// --- internal ---

/** What a timer of Node can wait for: 24 days. */
const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

// prettier-ignore
const OPTION_NAMES = [
  "event", "agent", "session", "minSeverity", "since", "until", "text", "where", "predicate", "last", "from",
  "volatile", "capacity", "policy", "idleTimeoutMs", "totalTimeoutMs", "signal",
] as const satisfies readonly (keyof SubscribeOptions)[];

function checkFrom(from: SubscribeOptions["from"]): CheckedSubscription["from"] {
  if (from === undefined || from === "now" || from === "beginning") return from ?? "now";
  const cursors: unknown = Array.isArray(from) ? from : [from];
  if (Array.isArray(cursors) && cursors.every(isCursor)) return cursors;
  throw new TypeError(
    `subscribe: from must be "now", "beginning" or { session, seq } (or a list of those), got ${describe(from)}`,
  );
}

function isCursor(value: unknown): value is Cursor {
  if (typeof value !== "object" || value === null || !("session" in value) || !("seq" in value)) return false;
  return typeof value.session === "string" && Number.isSafeInteger(value.seq) && Number(value.seq) >= 0;
}
