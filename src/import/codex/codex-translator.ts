// The records of one rollout as events.
//
// Codex writes most of what is said twice: as a `response_item`, which is what the model was sent or answered, and as an
// `event_msg`, which is what the user was shown. Every rollout has the items, so they become the standard events; the
// messages are kept as `codex/<type>` events, so that nothing is lost and nothing counts twice.
//
// A fork begins with a replay of its parent's records, written anew at the time of the fork (ccusage/ccusage#1370). The
// replay is translated like any other record; its calls get the same ids and copy keys as in the parent's own rollout,
// by which the runner marks them as copies. So the session's figures are those that Codex shows, and the store's totals
// have each call once.

import type { EventDraft, JsonObject } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import type { ImportedSession, Translated, Translator } from "../importer.ts";
import { objectIn, textIn, textOf } from "../json.ts";
import { readEntry, restAsMetadata, wholeRecord } from "./codex-entry.ts";
import type { Entry, Translation } from "./codex-entry.ts";
import { ToolCalls } from "./codex-tool-calls.ts";
import { RunningTotal } from "./codex-usage.ts";

export class CodexTranslator implements Translator {
  readonly #session: ImportedSession;
  readonly #prices: PriceTable | undefined;
  readonly #usage = new RunningTotal();
  readonly #tools = new ToolCalls();
  #model: string | undefined;
  #provider = "openai";
  /** Whether the file may begin with, or count on from, what its parent did. */
  #isFork: boolean;
  #turnId: string | undefined;
  /** The place in the conversation, in words that a fork's replay repeats: its latest turn, tool call or session. */
  #place: string;

  constructor(session: ImportedSession, prices: PriceTable | undefined) {
    this.#session = session;
    this.#prices = prices;
    this.#isFork = session.parent !== undefined;
    this.#place = session.id;
  }

  translate(record: JsonObject): readonly Translated[] {
    const entry = readEntry(record);
    const session = this.#session;
    return this.#eventsOf(entry).map(({ copyKey, ...fields }) => {
      const draft: EventDraft = { event: fields.event };
      for (const [name, value] of Object.entries({ ...fields, timestamp: entry.timestamp })) {
        if (value !== undefined) draft[name] = value;
      }
      return { session, draft, copyKey };
    });
  }

  #eventsOf(entry: Entry): Translation[] {
    switch (entry.kind) {
      case "session_meta":
        return this.#sessionMeta(entry);
      case "turn_context":
        this.#model = textIn(entry.payload, "model") ?? this.#model;
        this.#enterTurn(entry);
        return [wholeRecord(entry)];
      case "response_item":
        return [this.#responseItem(entry)];
      case "event_msg":
        return [this.#eventMessage(entry)];
      case "compacted": {
        const message = textIn(entry.payload, "message") ?? "context compacted";
        return [{ event: "CHECKPOINT", message, ...restAsMetadata(entry, ["message"]) }];
      }
      default:
        return [wholeRecord(entry)];
    }
  }

  #sessionMeta(entry: Entry): Translation[] {
    const { payload } = entry;
    const id = textIn(payload, "id") ?? this.#session.id;
    // The metadata of another session is the beginning of a fork's replay, and not this session's.
    const isOwn = id === this.#session.id;
    if (!isOwn || textIn(payload, "forked_from_id") !== undefined) this.#isFork = true;
    this.#place = id;
    if (!isOwn) return [wholeRecord(entry)];
    this.#model = textIn(payload, "model") ?? this.#model;
    this.#provider = textIn(payload, "model_provider") ?? this.#provider;
    const instructions =
      textIn(payload, "instructions") ?? textIn(objectIn(payload, "base_instructions"), "text");
    if (instructions === undefined) return [wholeRecord(entry)];
    return [wholeRecord(entry), { event: "SYSTEM_INSTRUCTION", message: instructions }];
  }

  #enterTurn({ payload }: Entry): void {
    this.#turnId = textIn(payload, "turn_id") ?? this.#turnId;
    this.#place = this.#turnId ?? this.#place;
  }

  #responseItem(entry: Entry): Translation {
    const { type, payload } = entry;
    if (type === "message" || type === "agent_message") return this.#message(entry);
    if (type === "reasoning") {
      const shown = [textOf(payload["summary"]), textOf(payload["content"])].filter((text) => text !== "");
      const more = restAsMetadata(entry, ["summary", "content"]);
      return { event: "REASONING", message: shown.join("\n\n"), model: this.#model, ...more };
    }
    if (type.endsWith("_call")) {
      const call = this.#tools.call(entry);
      // Before turns had ids, the latest call is the best name for a place.
      if (this.#turnId === undefined) this.#place = call.call_id ?? this.#place;
      return call;
    }
    if (type.endsWith("_output") || type.endsWith("_result")) return this.#tools.result(entry);
    return wholeRecord(entry);
  }

  #message(entry: Entry): Translation {
    const { payload } = entry;
    const role = textIn(payload, "role") ?? "assistant";
    const content = payload["content"] ?? payload["message"] ?? null;
    const message = textOf(content);
    // Images and the like are part of what was said.
    const others = Array.isArray(content)
      ? content.filter((part) => textOf([part]) === "" && isObject(part))
      : [];
    const said = ["role", "content", "message"];
    const more = restAsMetadata(entry, said, others.length === 0 ? {} : { content: others });
    if (role === "assistant") return { event: "AGENT_MESSAGE", message, model: this.#model, ...more };
    const isUser = role === "user" && !INJECTED.test(message);
    return { event: isUser ? "USER_MESSAGE" : "SYSTEM_INSTRUCTION", message, ...more };
  }

  #eventMessage(entry: Entry): Translation {
    const { type, payload } = entry;
    switch (type) {
      case "token_count":
        return this.#tokenCount(entry);
      case "task_started":
      case "turn_started":
        this.#enterTurn(entry);
        return wholeRecord(entry);
      case "error": {
        const error = payload["error"] ?? payload["codex_error_info"];
        const message =
          textIn(payload, "message") ?? textIn(objectIn(payload, "error"), "message") ?? "error";
        return { event: "ERROR", message, error, ...restAsMetadata(entry, ["message", "error"]) };
      }
      case "collab_agent_spawn_end": {
        const child = textIn(payload, "new_thread_id");
        const more = restAsMetadata(entry, ["new_thread_id", "prompt"]);
        return { event: "DELEGATE", child_session_id: child, task: textIn(payload, "prompt"), ...more };
      }
      default:
        this.#tools.report(entry);
        return wholeRecord(entry);
    }
  }

  #tokenCount(entry: Entry): Translation {
    const info = objectIn(entry.payload, "info");
    const tokens = info === undefined ? undefined : this.#usage.advance(info, this.#isFork);
    if (tokens === undefined) return wholeRecord(entry);
    const provider = this.#provider;
    const model = this.#model;
    // Codex records no id of a response. This one is the same in a fork's replay, and in no other session.
    const callId = `${this.#place}/${this.#usage.fingerprint}`;
    const isPriceable = model !== undefined && entry.atMs !== undefined;
    return {
      event: "MODEL_RESPONSE",
      call_id: callId,
      copyKey: `model:${callId}:`,
      provider,
      model,
      ...tokens,
      ...(isPriceable ? this.#prices?.price({ provider, model, ...tokens }, entry.atMs) : undefined),
      ...restAsMetadata(entry, []),
    };
  }
}

// --- internal ---

/** What Codex itself says in the user's name, at the beginning of a session and when the surroundings change. */
const INJECTED = /^\s*(?:<environment_context>|<user_instructions>|# AGENTS\.md instructions)/;
