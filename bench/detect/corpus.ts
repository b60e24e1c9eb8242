// Real sessions for the detectors: Claude Code and Codex through their importers, and three more kinds of recordings
// that have no importer, read just far enough to have their calls, answers, times and costs.

import * as fs from "node:fs";
import * as os from "node:os";
import path from "node:path";

import { formatTimestamp, parseTimestamp } from "../../src/event/index.ts";
import type { Event } from "../../src/event/index.ts";
import { importSessions } from "../../src/import/index.ts";
import { openReader } from "../../src/read/index.ts";
import { openStore } from "../../src/record/index.ts";

const REALDATA: string = path.resolve(import.meta.dirname, "../../../shared/realdata");

export interface CorpusSession {
  id: string;
  source: string;
  events: Event[];
}

/** Undefined when there are no recordings beside the project. */
export async function readCorpus(): Promise<CorpusSession[] | undefined> {
  if (!fs.existsSync(REALDATA)) return undefined;
  return [...(await imported()), ...piSessions(), ...agentDojoSessions(), ...sweAgentSessions()];
}

// --- internal ---

async function imported(): Promise<CorpusSession[]> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
  try {
    const store = openStore({ dir, handleSignals: false });
    const folders = ["claude-code", "claude-paired", "codex"].map((name) => path.join(REALDATA, name));
    await importSessions(store, { paths: folders });
    store.close();
    const sessions = new Map<string, CorpusSession>();
    for (const event of openReader({ dir }).events()) {
      const id = event.session_id;
      const source = event.agent_id.replace(/\/.*/, "");
      const session = sessions.get(id) ?? { id, source, events: [] };
      sessions.set(id, session);
      session.events.push(event);
    }
    return [...sessions.values()];
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

/** Puts events together as a recorder would have, without writing them. */
class Writer {
  readonly session: CorpusSession;

  constructor(id: string, source: string) {
    this.session = { id, source, events: [] };
    this.add("START", undefined, { origin: source });
  }

  add(event: string, time: string | undefined, fields: Record<string, unknown>): void {
    const { events, id, source } = this.session;
    const timeMs = time === undefined ? undefined : parseTimestamp(time);
    events.push({
      event,
      timestamp: formatTimestamp(timeMs ?? 0),
      severity: "INFO",
      seq: events.length,
      id: `${id}:${events.length}`,
      session_id: id,
      agent_id: source,
      ...fields,
      ...(timeMs === undefined ? { time_inferred: true as const } : {}),
      salt: "",
    });
  }
}

interface PiEntry {
  timestamp?: string;
  message?: {
    role: string;
    content: { type: string; id?: string; name?: string; arguments?: unknown }[] | string;
    toolCallId?: string;
    isError?: boolean;
    model?: string;
    usage?: {
      input: number;
      output: number;
      cacheRead: number;
      cacheWrite: number;
      cost?: { total: number };
    };
  };
}

function piSessions(): CorpusSession[] {
  return filesIn("pi", ".jsonl").map((file) => {
    const writer = new Writer(path.basename(file), "pi");
    for (const line of fs.readFileSync(file, "utf8").split("\n")) {
      if (line === "") continue;
      const { timestamp, message }: PiEntry = JSON.parse(line);
      if (message === undefined) continue;
      const { role, content, usage } = message;
      if (role === "user") writer.add("USER_MESSAGE", timestamp, { message: content });
      if (role === "toolResult") {
        const status = message.isError === true ? "error" : "ok";
        writer.add("TOOL_RESULT", timestamp, { call_id: message.toolCallId, result: content, status });
      }
      if (role !== "assistant" || typeof content === "string") continue;
      if (usage !== undefined) {
        writer.add("MODEL_RESPONSE", timestamp, {
          model: message.model,
          input_tokens: usage.input,
          output_tokens: usage.output,
          cache_read_tokens: usage.cacheRead,
          cache_write_tokens: usage.cacheWrite,
          cost_usd: usage.cost?.total,
        });
      }
      for (const { type, id, name, arguments: args } of content) {
        if (type === "toolCall") writer.add("TOOL_CALL", timestamp, { call_id: id, tool: name, args });
      }
    }
    return writer.session;
  });
}

interface AgentDojoMessage {
  role: string;
  content: unknown;
  tool_calls?: { id: string; function: string; args: unknown }[] | null;
  tool_call_id?: string;
  error?: unknown;
}

function agentDojoSessions(): CorpusSession[] {
  return filesIn("agentdojo", ".json").map((file) => {
    const writer = new Writer(path.relative(REALDATA, file), "agentdojo");
    const { messages }: { messages: AgentDojoMessage[] } = JSON.parse(fs.readFileSync(file, "utf8"));
    for (const { role, content, tool_calls: calls, tool_call_id: callId, error } of messages) {
      if (role === "user") writer.add("USER_MESSAGE", undefined, { message: content });
      if (role === "tool") {
        const status = typeof error === "string" ? "error" : "ok";
        writer.add("TOOL_RESULT", undefined, { call_id: callId, result: content, status });
      }
      for (const call of calls ?? []) {
        writer.add("TOOL_CALL", undefined, { call_id: call.id, tool: call.function, args: call.args });
      }
    }
    return writer.session;
  });
}

function sweAgentSessions(): CorpusSession[] {
  return filesIn("swe-agent", ".traj").map((file) => {
    const writer = new Writer(path.relative(REALDATA, file), "swe-agent");
    const { trajectory = [] }: { trajectory?: { action: string; observation: unknown }[] } = JSON.parse(
      fs.readFileSync(file, "utf8"),
    );
    for (const [index, { action, observation }] of trajectory.entries()) {
      const callId = `call-${index}`;
      writer.add("TOOL_CALL", undefined, { call_id: callId, tool: "command", args: { action } });
      writer.add("TOOL_RESULT", undefined, { call_id: callId, result: observation, status: "ok" });
    }
    return writer.session;
  });
}

function filesIn(folder: string, extension: string): string[] {
  const root = path.join(REALDATA, folder);
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(extension))
    .toSorted()
    .map((file) => path.join(root, file));
}
