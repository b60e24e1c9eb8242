// The filter options that several commands share, and how they become a filter of the reader.

import type { EventFilter } from "../read/index.ts";
import { SEVERITIES } from "../event/index.ts";
import type { OptionSpec } from "./option-spec.ts";
import type { CommandContext } from "./context.ts";

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

/** @throws UsageError */
export function filterOf(context: CommandContext): EventFilter {
  const types = context.texts("event");
  const conditions = context.texts("where");
  return {
    event: types.length === 0 ? undefined : types,
    agent: context.text("agent"),
    session: context.text("session"),
    severity: context.choice("severity", SEVERITIES),
    since: context.text("since"),
    until: context.text("until"),
    text: context.text("grep"),
    where: conditions.length === 0 ? undefined : conditions,
    signal: context.signal,
  };
}
