// A session as a transcript to read: what was said, what was called and what came back, what went wrong, what it cost.
//
// Everything from the log stands in code, fenced by more backticks than it holds itself. Nothing in it can become a
// heading, a link, an image or HTML of the page, whatever was written to look like it.

import { integerOption } from "../base/options.ts";
import { ENVELOPE_HEAD, ENVELOPE_TAIL, isStandardType, isToldAgain } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import type { SessionEntry } from "../read/index.ts";
import type { ExportFormat, FormatWriter } from "./format.ts";
import { fence, inlineCode } from "./markdown-code.ts";

export interface MarkdownOptions {
  /** Longest text of one event, in characters; what is longer is cut, and says by how much. Default 4,000. */
  maxCharacters?: number | undefined;
}

/**
 * Transcripts in Markdown (CommonMark, with `<details>` around results, as GitHub shows them).
 *
 * @throws TypeError, RangeError
 * @example await exportFile(reader, markdown(), "session.md", { sessions: ["deploy-42"] });
 */
export function markdown(options: MarkdownOptions = {}): ExportFormat {
  const maxCharacters = integerOption("markdown", "maxCharacters", options.maxCharacters, {
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    default: 4000,
  });
  return {
    name: "markdown",
    extension: ".md",
    oneSession: false,
    writer: () => new TranscriptWriter(maxCharacters),
  };
}

// --- internal ---

class TranscriptWriter implements FormatWriter {
  readonly #maxCharacters: number;
  #isFirst = true;
  #cost = "";

  constructor(maxCharacters: number) {
    this.#maxCharacters = maxCharacters;
  }

  begin(session: SessionEntry): string {
    const text = `${this.end()}${this.#isFirst ? "" : "\n---\n\n"}${headOf(session)}`;
    this.#isFirst = false;
    this.#cost = costOf(session);
    return text;
  }

  put({ event }: { event: Event }): string {
    if (isToldAgain(event)) return "";
    switch (event.event) {
      case "START":
      case "SEGMENT":
        return "";
      case "USER_MESSAGE":
        return this.#said("User", event, event["message"]);
      case "AGENT_MESSAGE":
        return this.#said("Agent", event, event["message"]);
      case "REASONING":
      case "SYSTEM_INSTRUCTION":
        return this.#folded(event, titleOf(event), event["message"] ?? event["content"]);
      case "TOOL_CALL":
        return `${heading(3, "Tool", event["tool"], event)}${this.#code(event["args"] ?? event["description"])}`;
      case "TOOL_RESULT":
        return this.#folded(event, resultTitleOf(event), event["error"] ?? event["result"]);
      default:
        return this.#other(event);
    }
  }

  end(): string {
    const text = this.#cost === "" ? "" : `\n**Cost**: ${this.#cost}\n`;
    this.#cost = "";
    return text;
  }

  // --- internal ---

  #said(who: string, event: Event, message: unknown): string {
    return `${heading(2, who, event["agent_name"], event)}${this.#code(message)}`;
  }

  #folded(event: Event, title: string, content: unknown): string {
    const code = this.#code(content);
    if (code === "") return `\n*${title}*, ${clockOf(event)}\n`;
    return `\n<details><summary>${title}, ${clockOf(event)}</summary>\n${code}\n</details>\n`;
  }

  #other(event: Event): string {
    const body = Object.entries(event).filter(([name]) => !ENVELOPE.has(name));
    const message = event["message"] ?? event["error"] ?? event["reason"];
    if (event.severity === "ERROR" || event.severity === "CRITICAL") {
      const content = body.length === 1 && message !== undefined ? message : Object.fromEntries(body);
      return `${heading(3, `⚠ ${event.severity}`, event.event, event)}${this.#code(content)}`;
    }
    const title = titleOf(event);
    const named = title === "event" ? [["event", event.event] as const, ...body] : body;
    return this.#folded(event, title, named.length === 0 ? undefined : Object.fromEntries(named));
  }

  /** Texts as they are, everything else as JSON; nothing for what is empty. */
  #code(content: unknown): string {
    if (content === undefined || content === null || content === "") return "";
    const isText = typeof content === "string";
    const text = isText ? content : JSON.stringify(content, null, 2);
    const cut = text.length > this.#maxCharacters;
    const shown = cut ? text.slice(0, this.#maxCharacters).replace(/[\ud800-\udbff]$/, "") : text;
    const more = cut ? `\n… ${(text.length - shown.length).toLocaleString("en-US")} characters more\n` : "";
    return `\n${fence(shown, isText ? "text" : "json")}${more}`;
  }
}

/** What a listing of a body leaves out. */
const ENVELOPE: ReadonlySet<string> = new Set([...ENVELOPE_HEAD, ...ENVELOPE_TAIL]);

function headOf(session: SessionEntry): string {
  const { session_id: id, agent_id: agent, title, project, started_at: from, last_at: to } = session;
  const lines = [
    `- agent ${inlineCode(agent)}, session ${inlineCode(id)}`,
    ...(project === null ? [] : [`- in ${inlineCode(project)}`]),
    `- ${from ?? "?"} to ${to ?? "?"}, ${session.status}`,
    `- ${count(session.events, "event")}, ${count(session.tool_calls, "tool call")}, ${count(session.tool_errors, "failed", "failed")}`,
  ];
  return `# Session ${inlineCode(title ?? session.preview ?? id)}\n\n${lines.join("\n")}\n`;
}

function costOf({ cost_usd: cost, tokens, unpriced, model_calls: calls }: SessionEntry): string {
  const input = tokens.input + tokens.cache_read + tokens.cache_write;
  if (cost === null && calls === 0 && input + tokens.output === 0) return "";
  const money = cost === null ? "not priced" : `$${cost.toFixed(4)}`;
  const part = cost !== null && unpriced > 0 ? ` (${count(unpriced, "call")} without a price)` : "";
  return `${money}${part}; ${count(calls, "model call")}, ${count(input, "token")} in, ${count(tokens.output, "token")} out`;
}

/** @param name something from the log that tells more */
function heading(level: number, words: string, name: unknown, event: Event): string {
  const more = typeof name === "string" && name !== "" ? ` ${inlineCode(name)}` : "";
  return `\n${"#".repeat(level)} ${words}${more}, ${clockOf(event)}\n`;
}

/** A type of these characters may stand in HTML and emphasis as it is; any other is in the code below it. */
function titleOf({ event }: Event): string {
  if (isStandardType(event)) return event.toLowerCase().replaceAll("_", " ");
  return /^[A-Za-z0-9/-]{1,60}$/.test(event) ? event : "event";
}

function resultTitleOf(event: Event): string {
  const { status, duration_ms: durationMs } = event;
  const failed = event.severity === "ERROR" || status === "error" ? " ⚠ failed" : "";
  const took =
    typeof durationMs === "number" ? ` after ${Math.round(durationMs).toLocaleString("en-US")} ms` : "";
  return `result${failed}${took}`;
}

function clockOf({ timestamp }: Event): string {
  return timestamp.slice(11, 19);
}

function count(value: number, noun: string, nouns = `${noun}s`): string {
  return `${value.toLocaleString("en-US")} ${value === 1 ? noun : nouns}`;
}
