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
    summary:
      "bring in what Claude Code, Codex, Decepticon, Vivarium, AiCore, agentlogsafe or Sentinel recorded, or sessions of ours from documents",
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
    name: "tail",
    summary: "the last events, and with -f those to come",
    load: async () => (await import("./commands/tail.ts")).tail,
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
    name: "replay",
    summary: "play a session again, show its steps, compare two runs",
    load: async () => (await import("./commands/replay.ts")).replay,
  },
  {
    name: "spend",
    summary: "where the money went: by model, hour, session, agent or project",
    load: async () => (await import("./commands/spend.ts")).spend,
  },
  {
    name: "health",
    summary: "how well sessions went, 0 to 100, and what cost points",
    load: async () => (await import("./commands/health.ts")).health,
  },
  {
    name: "index",
    summary: "write down what the sessions add up to, so that lists and audits need not read them",
    load: async () => (await import("./commands/index.ts")).index,
  },
  {
    name: "export",
    summary: "sessions as JSON Lines, JSON documents, Markdown, CSV or for Decepticon",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "rotate",
    summary: "begin a new segment of a session, or of all that have not ended",
    load: async () => (await import("./commands/rotate.ts")).rotate,
  },
  {
    name: "retain",
    summary: "archive and delete what the retention policy says",
    load: async () => (await import("./commands/retain.ts")).retain,
  },
  {
    name: "doctor",
    summary: "check the store and this machine",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "scan",
    summary: "find secrets in older files, without showing them",
    load: async () => (await import("./commands/scan.ts")).scan,
  },
  {
    name: "install",
    summary: "have Claude Code recorded as it works; --uninstall takes it back",
    load: async () => (await import("./commands/install.ts")).install,
  },
  {
    name: "hook",
    summary: "record one hook call (run by the agent's host)",
    load: async () => (await import("./commands/hook.ts")).hook,
  },
  {
    name: "watch",
    summary: "watch running sessions live",
    load: async () => (await import("./commands/watch.ts")).watch,
  },
];
