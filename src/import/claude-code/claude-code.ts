// Claude Code's transcripts: which files they are, and whose session a record belongs to.
//
// `<config>/projects/<folder>/<sessionId>.jsonl`; sub-agents either beside it (`agent-<id>.jsonl`, up to 2.0) or in
// `<sessionId>/subagents/agent-<id>.jsonl`. A sub-agent's file becomes a child session. The records themselves are
// translated in claude-records.ts.

import path from "node:path";

import { parseTimestamp } from "../../event/index.ts";
import type { JsonObject } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import type { ImportedSession, Importer, TranscriptFile, Translated, Translator } from "../importer.ts";
import { textIn } from "../json.ts";
import { RecordTranslator } from "./claude-records.ts";

export const claudeCode: Importer = {
  name: "claude-code",

  /** `CLAUDE_CONFIG_DIR` may name several folders, separated by commas; without it, both places that were in use. */
  defaultRoots(env: Record<string, string | undefined>, home: string): string[] {
    const configured = (env["CLAUDE_CONFIG_DIR"] ?? "")
      .split(",")
      .map((root) => root.trim())
      .filter((root) => root !== "");
    const xdg = env["XDG_CONFIG_HOME"] ?? "";
    const roots =
      configured.length > 0
        ? configured
        : [path.join(home, ".claude"), path.join(xdg === "" ? path.join(home, ".config") : xdg, "claude")];
    return roots.map((root) => path.join(root, "projects"));
  },

  recognises(file: string, head: readonly JsonObject[]): boolean {
    if (!file.endsWith(".jsonl")) return false;
    // A transcript whose beginning is unreadable is still one, by where it lies and what it is called.
    if (head.length === 0)
      return /[\\/]projects[\\/].*[\\/](?:agent-[^\\/]+|[0-9a-f-]{36})\.jsonl$/.test(file);
    return head.some(isClaudeRecord);
  },

  translator(file: TranscriptFile, prices?: PriceTable): Translator {
    return new FileTranslator(file, prices);
  },
};

// --- internal ---

/** Types that only Claude Code writes, on records that name a session. */
const OWN_TYPES: ReadonlySet<unknown> = new Set([
  "progress",
  "queue-operation",
  "attachment",
  "custom-title",
  "ai-title",
  "agent-name",
  "agent-setting",
  "permission-mode",
  "mode",
  "pr-link",
  "last-prompt",
  "bridge-session",
  "worktree-state",
]);

function isClaudeRecord(record: JsonObject): boolean {
  const { type, message } = record;
  if (type === "summary") return typeof record["leafUuid"] === "string";
  if (type === "file-history-snapshot") return typeof record["messageId"] === "string";
  if (typeof record["sessionId"] !== "string") return false;
  // Qwen Code writes the same envelope, but `parts` in its messages, and knows no side chains.
  if (type === "user" || type === "assistant") return isObject(message) && "content" in message;
  return OWN_TYPES.has(type) || (type === "system" && typeof record["isSidechain"] === "boolean");
}

class FileTranslator implements Translator {
  readonly #file: TranscriptFile;
  readonly #prices: PriceTable | undefined;
  readonly #mainId: string;
  readonly #subAgent: { id: string; parentId: string } | undefined;
  readonly #sessions = new Map<string, RecordTranslator>();

  constructor(file: TranscriptFile, prices: PriceTable | undefined) {
    this.#file = file;
    this.#prices = prices;
    const stem = path.basename(file.path, ".jsonl");
    this.#mainId = file.head.map(sessionIdOf).find((id) => id !== undefined) ?? stem;
    this.#subAgent = subAgentOf(file, stem, this.#mainId);
  }

  translate(record: JsonObject): readonly Translated[] {
    return this.#sessionOf(record).translate(record);
  }

  #sessionOf(record: JsonObject): RecordTranslator {
    const id = this.#subAgent === undefined ? (sessionIdOf(record) ?? this.#mainId) : this.#mainId;
    let records = this.#sessions.get(id);
    if (records === undefined) {
      records = new RecordTranslator(this.#describe(id), this.#prices);
      this.#sessions.set(id, records);
    }
    return records;
  }

  #describe(id: string): ImportedSession {
    const own = this.#file.head.filter((record) => (sessionIdOf(record) ?? this.#mainId) === id);
    const who =
      this.#subAgent === undefined
        ? { id, agent: "claude-code" }
        : {
            id: `${this.#subAgent.parentId}/agent-${this.#subAgent.id}`,
            agent: `claude-code/${this.#subAgent.id}`,
            parent: this.#subAgent.parentId,
          };
    const project = firstText(own, "cwd");
    const title = firstText(own, "customTitle") ?? firstText(own, "aiTitle") ?? firstText(own, "summary");
    const startedAt = own.map((record) => record["timestamp"]).find(isTimestamp);
    return {
      ...who,
      ...(project === undefined ? {} : { project }),
      ...(title === undefined ? {} : { title }),
      ...(startedAt === undefined ? {} : { startedAt }),
    };
  }
}

/** Which sub-agent a file belongs to, if to any: files named `agent-<id>.jsonl` hold nothing else. */
function subAgentOf(
  file: TranscriptFile,
  stem: string,
  mainId: string,
): { id: string; parentId: string } | undefined {
  if (!stem.startsWith("agent-")) return undefined;
  const id = stem.slice("agent-".length);
  // Records name the parent's session, except where they name the sub-agent itself; then the folder does.
  const folder = /([^\\/]+)[\\/]subagents[\\/]/.exec(file.path)?.[1];
  return { id, parentId: mainId === stem ? (folder ?? mainId) : mainId };
}

function sessionIdOf(record: JsonObject): string | undefined {
  return textIn(record, "sessionId");
}

function firstText(records: readonly JsonObject[], name: string): string | undefined {
  return textIn(
    records.find((record) => textIn(record, name) !== undefined),
    name,
  );
}

function isTimestamp(value: unknown): value is string {
  return typeof value === "string" && parseTimestamp(value) !== undefined;
}
