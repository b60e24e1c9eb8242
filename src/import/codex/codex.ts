// Codex CLI's recordings ("rollouts"): which files they are, and whose session each holds.
//
// `<CODEX_HOME>/sessions/YYYY/MM/DD/rollout-<time>-<thread id>.jsonl`, moved to `archived_sessions/` when the user
// archives a session. One file is one thread; a fork or a sub-agent is a file of its own that may begin with a replay
// of its parent's history. The records themselves are translated in codex-translator.ts.

import path from "node:path";

import { parseTimestamp } from "../../event/index.ts";
import type { JsonObject } from "../../event/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import type { ImportedSession, Importer, TranscriptFile, Translator } from "../importer.ts";
import { objectIn, textIn } from "../json.ts";
import { readEntry } from "./codex-entry.ts";
import { CodexTranslator } from "./codex-translator.ts";

export const codex: Importer = {
  name: "codex",

  defaultRoots(env: Record<string, string | undefined>, home: string): string[] {
    const configured = env["CODEX_HOME"] ?? "";
    const root = configured === "" ? path.join(home, ".codex") : configured;
    return [path.join(root, "sessions"), path.join(root, "archived_sessions")];
  },

  recognises(file: string, head: readonly JsonObject[]): boolean {
    // A rollout whose beginning is unreadable is still one, by its name.
    return (
      file.endsWith(".jsonl") &&
      (threadIdInName(file) !== undefined || head.some((record) => metaOf(record) !== undefined))
    );
  },

  translator(file: TranscriptFile, prices?: PriceTable): Translator {
    return new CodexTranslator(sessionOf(file), prices);
  },
};

// --- internal ---

/** The id that Codex puts at the end of a rollout's name. */
function threadIdInName(file: string): string | undefined {
  return /^rollout-\d{4}-.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/i.exec(
    path.basename(file),
  )?.[1];
}

/** What a record says about a session, when that is what it is for. */
function metaOf(record: JsonObject): JsonObject | undefined {
  const { kind, payload } = readEntry(record);
  return kind === "session_meta" && textIn(payload, "id") !== undefined ? payload : undefined;
}

/**
 * The session that a file holds. Only the first record speaks of it for certain: a fork's replay brings the metadata of
 * all its ancestors along. If the first record is damaged, the file's name tells which of them is meant.
 */
function sessionOf(file: TranscriptFile): ImportedSession {
  const [first] = file.head;
  const named = threadIdInName(file.path);
  const all = file.head.map(metaOf).filter((meta) => meta !== undefined);
  const own =
    (first === undefined ? undefined : metaOf(first)) ??
    all.find((meta) => named === undefined || textIn(meta, "id") === named);
  const spawn = spawnOf(own);
  const parent = textIn(own, "parent_thread_id") ?? textIn(spawn, "parent_thread_id");
  const nickname = textIn(own, "agent_nickname") ?? textIn(spawn, "agent_nickname");
  const project = textIn(own, "cwd");
  const startedAt = [own?.["timestamp"], first?.["timestamp"]].find(isTimestamp);
  return {
    id: textIn(own, "id") ?? named ?? path.basename(file.path, ".jsonl"),
    agent: nickname === undefined ? "codex" : `codex/${nickname}`,
    ...(parent === undefined ? {} : { parent }),
    ...(project === undefined ? {} : { project }),
    ...(startedAt === undefined ? {} : { startedAt }),
  };
}

/** `source` of a sub-agent is `{ subagent: { thread_spawn: { parent_thread_id, agent_nickname … } } }`. */
function spawnOf(meta: JsonObject | undefined): JsonObject | undefined {
  return objectIn(objectIn(objectIn(meta, "source"), "subagent"), "thread_spawn");
}

function isTimestamp(value: unknown): value is string {
  return typeof value === "string" && parseTimestamp(value) !== undefined;
}
