// The filter options that several commands share, and how they become a filter of the reader.

import { parseDuration, parseMoment } from "../read/index.ts";
import type { EventFilter } from "../read/index.ts";
import { SEVERITIES } from "../event/index.ts";
import type { OptionSpec } from "./option-spec.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./usage-error.ts";

export const FILTER_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  event: { kind: "texts", value: "TYPE", about: "events of this type, e.g. TOOL_CALL" },
  agent: { kind: "text", value: "GLOB", about: "events of these agents: *, ?, [a-z]" },
  session: {
    kind: "text",
    value: "ID",
    about: "one session: its id, the beginning of it, or an agent (its latest)",
  },
  severity: { kind: "text", value: "MIN", about: `this severe or more: ${SEVERITIES.join(", ")}` },
  since: {
    kind: "text",
    value: "TIME",
    about: "not before: RFC 3339 with an offset, or how long ago (90s, 2h, 7d)",
  },
  until: { kind: "text", value: "TIME", about: "not after" },
  grep: { kind: "text", value: "TEXT", about: "this text stands in one of the event's values" },
  where: {
    kind: "texts",
    value: "COND",
    about: "a condition, e.g. 'duration_ms>5000', tool=bash, args.command~npm",
  },
};

export const LAST_OPTION: Readonly<Record<string, OptionSpec>> = {
  last: {
    kind: "text",
    value: "N|AGO",
    about: "the last N of them, or those of this long ago until now (90s, 1h, 7d)",
  },
};

/** @throws UsageError */
export function filterOf(context: CommandContext): EventFilter {
  const types = context.texts("event");
  const conditions = context.texts("where");
  return {
    event: types.length === 0 ? undefined : types,
    agent: context.text("agent"),
    session: context.text("session"),
    severity: context.choice("severity", SEVERITIES),
    ...timesOf(context),
    text: context.text("grep"),
    where: conditions.length === 0 ? undefined : conditions,
    signal: context.signal,
  };
}

/**
 * From when and until when. Times with nothing between them are a mistake.
 *
 * @throws UsageError, RangeError
 */
export function timesOf(context: CommandContext): { since: string | undefined; until: string | undefined } {
  const [since, until] = [context.text("since"), context.text("until")];
  if (since !== undefined && until !== undefined) {
    const nowMs = Date.now();
    if (parseMoment("since", since, nowMs) > parseMoment("until", until, nowMs))
      throw new UsageError(`--since ${since} is after --until ${until}: nothing lies between them`);
  }
  return { since, until };
}

/** How many events from the end, or from when on. @throws UsageError */
export function lastOf(context: CommandContext): { last?: number; since?: string } {
  const text = context.text("last");
  if (text === undefined) return {};
  if (/^\d+$/.test(text)) return { last: context.count("last") ?? 1 };
  if (parseDuration(text) === undefined) {
    throw new UsageError(
      `--last takes a number of events, or how long ago (90s, 30m, 2h, 7d, 1h30m), got "${text}"`,
    );
  }
  if (context.text("since") !== undefined)
    throw new UsageError("--last with a time and --since say the same: give one");
  return { since: text };
}
