// Which events a read gives. Options are checked at the call; conditions are tried cheapest first.

import { checkOptionNames, describe, integerOption } from "../../base/options.ts";
import { EVENT_TYPES, isSeverity, SEVERITIES, severityOfType, severityRank } from "../../event/index.ts";
import type { Event, EventType, Severity } from "../../event/index.ts";
import { instantOf } from "../../summary/index.ts";
import { UNTYPED } from "../lines/foreign.ts";
import { LineTest } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { parseCondition, textsOfCondition } from "./condition.ts";
import { compileGlob, longestLiteral } from "./glob.ts";
import { parseMoment } from "./moment.ts";
import type { Moment } from "./moment.ts";

/** Everything that is given must hold. */
export interface EventFilter {
  /** Types, exactly as they are written. */
  event?: EventType | readonly EventType[] | undefined;
  /** Pattern of the agent id: `*`, `?`, `[a-z]`. */
  agent?: string | undefined;
  /** A session: its id, an unambiguous beginning of it, or an agent id (its latest session). */
  session?: string | undefined;
  /** The lowest severity; an event that has none has its type's. */
  severity?: Severity | undefined;
  /** Not before, and not after: RFC 3339 with an offset, a Date, or how long ago ("30m", "1h30m", "7d"). */
  since?: Moment | undefined;
  until?: Moment | undefined;
  /** Text that stands in one of the event's string values, at any depth; case matters. */
  text?: string | undefined;
  /** Conditions on fields, such as `duration_ms>5000`, `tool=bash`, `args.command~npm`. */
  where?: string | readonly string[] | undefined;
  predicate?: ((event: Event) => boolean) | undefined;
  /**
   * Only the last so many. Of several sessions, those of latest time; where time went back within a session, an event
   * counts as no later than those after it, so of one session it is always the last ones.
   */
  last?: number | undefined;
  /** Only events behind this one in the order of the read: where an earlier read stopped. */
  after?: EventCursor | undefined;
  /** Ends the read by throwing its reason. */
  signal?: AbortSignal | undefined;
  /** Called now and then with the report, whose `bytes` and `bytesTotal` say how far the read is. */
  onProgress?: ((report: ReadReport) => void) | undefined;
}

/** The place of an event: its log, and its number there. */
export interface EventCursor {
  session_id: string;
  seq: number;
}

export interface CompiledFilter {
  /** What can be refused by the bytes of a line. */
  lineTest: LineTest;
  /** The same, of lines in which a text stands as well. */
  testWith: (text: string) => LineTest;
  /** Nothing is asked but what the first bytes of a canonical line tell. */
  decidedByBytes: boolean;
  accepts: (event: Event) => boolean;
}

/**
 * Checks and prepares a filter. `last`, `signal` and `onProgress` are for the reader, and so is `session`, unless files
 * are read that nobody knows the sessions of (`sessionByEvent`): then each event tells whether it is of that session.
 *
 * @throws TypeError, RangeError for what cannot be understood
 */
export function compileFilter(
  filter: EventFilter,
  nowMs: number,
  { sessionByEvent = false }: { sessionByEvent?: boolean } = {},
): CompiledFilter {
  checkOptionNames("events", filter, FILTER_NAMES);
  integerOption("events", "last", filter.last, { min: 1, max: Number.MAX_SAFE_INTEGER, default: 1 });
  const types = listOf("event", filter.event);
  const { since, until, severity, text, agent, predicate } = filter;
  for (const name of ["agent", "session", "text"] as const) checkText(name, filter[name]);
  if (predicate !== undefined && typeof predicate !== "function")
    throw new TypeError(`predicate must be a function, got ${describe(predicate)}`);
  const sinceMs = since === undefined ? undefined : parseMoment("since", since, nowMs);
  const untilMs = until === undefined ? undefined : parseMoment("until", until, nowMs);
  if (severity !== undefined && !isSeverity(severity)) {
    throw new RangeError(`severity must be one of ${SEVERITIES.join(", ")}, got ${describe(severity)}`);
  }
  const matches = agent === undefined ? undefined : compileGlob(agent);
  const conditions = listOf("where", filter.where) ?? [];
  const asked = {
    types,
    sinceMs,
    untilMs,
    severity,
    agent: matches,
    texts: [...(text === undefined ? [] : [text]), ...conditions.flatMap(textsOfCondition)],
    foreignTexts: foreignTextsOf(types, severity, agent),
  };
  const tests: ((event: Event) => boolean)[] = [];
  if (types !== undefined) tests.push(({ event }) => types.includes(event));
  if (severity !== undefined) {
    tests.push((event) => severityRank(event.severity) >= severityRank(severity));
  }
  if (sinceMs !== undefined) tests.push(({ timestamp }) => instantOf(timestamp) >= sinceMs);
  if (untilMs !== undefined) tests.push(({ timestamp }) => instantOf(timestamp) <= untilMs);
  if (matches !== undefined) {
    // An erased event has no agent.
    tests.push((event) => typeof event.agent_id === "string" && matches(event.agent_id));
  }
  for (const condition of conditions) tests.push(parseCondition(condition));
  if (text !== undefined) tests.push((event) => holdsText(event, text));
  const { after, session } = filter;
  if (after !== undefined) {
    checkOptionNames("after", after, ["session_id", "seq"]);
    tests.push((event) => event.session_id !== after.session_id || event.seq > after.seq);
  }
  if (session !== undefined && sessionByEvent) {
    tests.push(({ session_id: id, agent_id: agentId }) => id.startsWith(session) || agentId === session);
  }
  if (predicate !== undefined) tests.push(predicate);
  // These the first bytes of a canonical line tell; whatever else is asked needs the event.
  const byBytes = [types, severity, sinceMs, untilMs, matches].filter((given) => given !== undefined).length;
  return {
    lineTest: new LineTest(asked),
    testWith: (more) => new LineTest({ ...asked, texts: [...asked.texts, more] }),
    decidedByBytes: tests.length === byBytes,
    accepts: (event) => tests.every((test) => test(event)),
  };
}

// --- internal ---

// prettier-ignore
const FILTER_NAMES = [
  "event", "agent", "session", "severity", "since", "until", "text", "where", "predicate", "last", "after",
  "signal", "onProgress",
] as const satisfies readonly (keyof EventFilter)[];

/** Of what is asked, what must stand in a line whoever wrote it: of each list, one. */
function foreignTextsOf(
  types: readonly string[] | undefined,
  severity: Severity | undefined,
  agent: string | undefined,
): (readonly string[])[] {
  const texts: (readonly string[])[] = [];
  if (types !== undefined && !types.includes(UNTYPED)) texts.push(types);
  if (severity !== undefined && severityRank(severity) > severityRank(DEFAULT_SEVERITY)) {
    const isWanted = (level: Severity): boolean => severityRank(level) >= severityRank(severity);
    // A type may stand for its severity.
    texts.push([
      ...SEVERITIES.filter(isWanted),
      ...Object.keys(EVENT_TYPES).filter((type) => isWanted(severityOfType(type))),
    ]);
  }
  if (agent !== undefined) texts.push([longestLiteral(agent)]);
  return texts;
}

/** Of an event whose type is not ours. */
const DEFAULT_SEVERITY: Severity = "INFO";

function checkText(name: string, value: string | undefined): void {
  if (value !== undefined && typeof value !== "string")
    throw new TypeError(`${name} must be text, got ${describe(value)}`);
}

function listOf(name: string, value: string | readonly string[] | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const list = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && list.every((entry) => typeof entry === "string")) return list;
  throw new TypeError(`${name} must be text or a list of texts, got ${describe(value)}`);
}

/** Values only: a key is not what was said, and the salt is nobody's words. Nesting has no limit, so no recursion. */
function holdsText({ salt: _salt, ...told }: Event, text: string): boolean {
  const open: unknown[] = [told];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === "string") {
      if (value.includes(text)) return true;
    } else if (typeof value === "object" && value !== null) {
      for (const part of Object.values(value)) open.push(part);
    }
  }
  return false;
}
