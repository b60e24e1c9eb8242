// Every command, in the order in which the help lists them. Summaries stand here so that the help loads nothing.

import type { CommandEntry } from "./run.ts";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "append",
    summary: "record JSON Lines from standard input into a session",
    load: async () => (await import("./commands/append.ts")).append,
  },
  {
    name: "import",
    summary: "bring in what Claude Code and Codex recorded",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  {
    name: "sessions",
    summary: "list the sessions",
    load: async () => (await import("./commands/sessions.ts")).sessions,
  },
  {
    name: "show",
    summary: "show one session in full",
    load: async () => (await import("./commands/show.ts")).show,
  },
  {
    name: "query",
    summary: "find events",
    load: async () => (await import("./commands/query.ts")).query,
  },
  {
    name: "audit",
    summary: "what the agents did: calls, errors, tokens, money",
    load: async () => (await import("./commands/audit.ts")).audit,
  },
  {
    name: "stats",
    summary: "figures by tool, model, agent, project, hour or session",
    load: async () => (await import("./commands/stats.ts")).stats,
  },
  {
    name: "verify",
    summary: "find what was changed, cut off, moved or removed since it was sealed",
    load: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "erase",
    summary: "take one event's content out of the record, visibly",
    load: async () => (await import("./commands/erase.ts")).erase,
  },
  {
    name: "doctor",
    summary: "check the store and this machine",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
];
