import type { Event } from "../../event/index.ts";
import { defineRule } from "../rule.ts";
import type { Rule } from "../rule.ts";

/** What redaction puts in a secret's place. */
const MARK = /\[REDACTED:([\w-]{1,64})/;
const MARK_START = "[REDACTED:";
const MAX_NODES = 200;
/** Kinds of secrets that are told of in one session. */
const MAX_KINDS = 64;

export const secretSeen: Rule = defineRule({
  id: "SECRET_SEEN",
  severity: "MEDIUM",
  about: "an agent came across a secret, which redaction kept out of the record; once for each kind",
  options: {},
  watch: () => {
    const kinds = new Set<string>();
    return ({ event }) => {
      const kind = kindIn(event);
      if (kind === undefined || kinds.has(kind) || kinds.size >= MAX_KINDS) return undefined;
      kinds.add(kind);
      return { message: `a secret was seen: ${kind}`, evidence: [event.id], threshold: 0, actual: 1 };
    };
  },
});

// --- internal ---

/** Where an agent's own words, and what it was told, stand. */
const FIELDS = ["args", "result", "error", "message", "task", "description", "reason", "query"] as const;

/** The kind of the first mark in any of an event's texts. */
function kindIn(event: Event): string | undefined {
  const left = { nodes: MAX_NODES };
  for (const field of FIELDS) {
    const value = event[field];
    const kind = value === undefined ? undefined : kindInValue(value, left);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function kindInValue(value: unknown, left: { nodes: number }): string | undefined {
  if (typeof value === "string") return value.includes(MARK_START) ? MARK.exec(value)?.[1] : undefined;
  if (typeof value !== "object" || value === null || left.nodes-- <= 0) return undefined;
  for (const key in value) {
    const kind = kindInValue((value as Record<string, unknown>)[key], left);
    if (kind !== undefined) return kind;
  }
  return undefined;
}
