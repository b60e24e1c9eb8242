// Decepticon's session document, as its logger and its viewer read it. They know four types of events and cannot load a
// session with any other, so only those go out, and how many did not is counted.

import { isToldAgain } from "../event/index.ts";
import type { Event, JsonObject } from "../event/index.ts";
import type { SessionEntry } from "../read/index.ts";
import type { ExportFormat, FormatWriter } from "./format.ts";

/**
 * Sessions for Decepticon; in a folder by day, `logs` of Decepticon finds them.
 *
 * @example await exportFiles(reader, decepticon(), "logs", { sessions: ["deploy-42"] });
 */
export function decepticon(): ExportFormat {
  return { name: "decepticon", extension: ".json", oneSession: true, writer: () => new SessionWriter() };
}

// --- internal ---

class SessionWriter implements FormatWriter {
  leftOut = 0;
  #session: SessionEntry | undefined;
  #hasHead = false;
  #hasEvents = false;
  #about: JsonObject = {};
  /** Names of tools by call: their results need not repeat them. */
  readonly #tools = new Map<string, string>();

  begin(session: SessionEntry): string {
    this.#session = session;
    return "";
  }

  put({ event }: { event: Event }): string {
    if (event.event === "START" && isObject(event["metadata"])) this.#about = event["metadata"];
    if (isToldAgain(event)) return "";
    const record = this.#recordOf(event);
    if (record === undefined) {
      if (!OWN_TYPES.has(event.event)) this.leftOut++;
      return "";
    }
    const text = `${this.#head()}${this.#hasEvents ? "," : ""}\n    ${indented(record, "    ")}`;
    this.#hasEvents = true;
    return text;
  }

  end(): string {
    const { model } = this.#about;
    const last = model === undefined ? "" : `,\n  "model": ${indented(model, "  ")}`;
    return `${this.#head()}${this.#hasEvents ? "\n  " : ""}]${last}\n}`;
  }

  // --- internal ---

  /** Comes with the first event, because START says what stands in it. */
  #head(): string {
    if (this.#hasHead) return "";
    this.#hasHead = true;
    const { session_id: id = "", started_at: startedAt } = this.#session ?? {};
    const { start_time: written } = this.#about;
    const start = typeof written === "string" ? written : timeOf(startedAt ?? "");
    return `{\n  "session_id": ${JSON.stringify(id)},\n  "start_time": ${JSON.stringify(start)},\n  "events": [`;
  }

  #recordOf(event: Event): unknown {
    const { metadata, record } = event;
    // What was imported from Decepticon goes back as it was.
    if (event.event.startsWith("decepticon/")) return record;
    const written = isObject(metadata) ? metadata["source_timestamp"] : undefined;
    const timestamp = typeof written === "string" ? written : timeOf(event.timestamp);
    const said = this.#said(event);
    if (said === undefined) return undefined;
    const { event_type, content, agent, tool } = said;
    const agentName = event["agent_name"] ?? agent;
    return {
      event_type,
      timestamp,
      content: contentOf(content),
      ...(agentName === undefined ? {} : { agent_name: agentName }),
      ...(tool === undefined ? {} : { tool_name: tool }),
    };
  }

  #said(event: Event): { event_type: string; content: unknown; agent?: string; tool?: string } | undefined {
    const { call_id: callId, agent_id } = event;
    // Decepticon's own name their agent where they have one.
    const agent = agent_id === "decepticon" ? {} : { agent: agent_id };
    switch (event.event) {
      case "USER_MESSAGE":
        return { event_type: "user_input", content: event["message"] };
      case "AGENT_MESSAGE":
        return { event_type: "agent_response", content: event["message"], ...agent };
      case "TOOL_CALL": {
        const tool = textOf(event["tool"]);
        if (callId !== undefined && tool !== undefined) this.#tools.set(callId, tool);
        return {
          event_type: "tool_command",
          content: event["args"],
          ...(tool === undefined ? {} : { tool }),
        };
      }
      case "TOOL_RESULT": {
        const tool = textOf(event["tool"]) ?? this.#tools.get(callId ?? "");
        this.#tools.delete(callId ?? "");
        const content = event["result"] ?? event["error"];
        return { event_type: "tool_output", content, ...(tool === undefined ? {} : { tool }) };
      }
      default:
        return undefined;
    }
  }
}

/** What a recorder says of itself, which Decepticon has no need of. */
const OWN_TYPES: ReadonlySet<string> = new Set(["START", "RESUMED", "SEGMENT", "END"]);

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Always text with Decepticon; of a command without arguments or an output without a result, none. */
function contentOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Python before 3.11 reads an offset, but no Z. */
function timeOf(timestamp: string): string {
  return timestamp.replace(/Z$/, "+00:00");
}

/** As Python writes it with `indent=2`, inside what is indented already. */
function indented(value: unknown, indent: string): string {
  return JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent}`);
}
