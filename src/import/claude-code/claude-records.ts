// One record of a Claude Code transcript as events. Every record gives at least one; what has no standard type is kept
// whole, so that nothing a newer Claude Code writes is lost.

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import type { ImportedSession, Translated } from "../importer.ts";
import { isNothing, textIn, textOf } from "../json.ts";
import { promptKey } from "../stamp.ts";
import { ModelCalls } from "./claude-model-calls.ts";
import { RecordSheet } from "./claude-sheet.ts";
import type { SaidSoFar } from "./claude-sheet.ts";
import { ToolCalls } from "./claude-tool-calls.ts";

/** Translates the records of one session in one file, in file order. */
export class RecordTranslator {
  readonly #session: ImportedSession;
  readonly #said: SaidSoFar = { uuid: undefined, fields: new Map() };
  readonly #models: ModelCalls;
  readonly #tools: ToolCalls;

  constructor(session: ImportedSession, prices: PriceTable | undefined) {
    this.#session = session;
    this.#models = new ModelCalls(prices);
    this.#tools = new ToolCalls(session.parent ?? session.id);
  }

  translate(record: JsonObject): Translated[] {
    const sheet = new RecordSheet(this.#session, record, this.#said);
    const { type, message } = record;
    if (type === "user") this.#user(sheet, record);
    else if (type === "assistant" && isObject(message)) this.#assistant(sheet, record, message);
    else if (type === "system") addSystemEvent(sheet, record);
    if (sheet.events.length === 0) sheet.addWhole();
    return sheet.events;
  }

  // --- internal ---

  /** What a person said, and what tools returned: both come as the user's turn. */
  #user(sheet: RecordSheet, record: JsonObject): void {
    const { message } = record;
    const content = isObject(message) ? message["content"] : message;
    const blocks = Array.isArray(content) ? content : typeof content === "string" ? [content] : [];
    const results = blocks.filter((block) => isObject(block) && block["type"] === "tool_result");
    const attachments: JsonValue[] = [];
    for (const block of blocks) {
      if (typeof block === "string") addUserMessage(sheet, block);
      else if (!isObject(block)) attachments.push(block);
      else if (block["type"] === "text") addUserMessage(sheet, textIn(block, "text") ?? "");
      else if (block["type"] !== "tool_result") attachments.push(block);
      // With several results on one record nothing says whose `toolUseResult` is.
      else this.#tools.addResult(sheet, block, results.length === 1 ? record["toolUseResult"] : undefined);
    }
    if (attachments.length > 0) sheet.add({ event: "USER_MESSAGE", message: "" }, { attachments });
  }

  #assistant(sheet: RecordSheet, record: JsonObject, message: JsonObject): void {
    const { content } = message;
    const model = textIn(message, "model");
    // Claude Code speaks under this name itself, mostly to say that the API failed. No model was asked.
    if (model === "<synthetic>" || record["isApiErrorMessage"] === true) {
      const event = record["isApiErrorMessage"] === true ? "ERROR" : "AGENT_MESSAGE";
      const error = isNothing(record["error"]) ? undefined : record["error"];
      sheet.add({ event, message: textOf(content), error }, { synthetic: true });
      return;
    }
    this.#models.addResponse(sheet, record, message);
    for (const block of Array.isArray(content) ? content : [content]) this.#addBlock(sheet, block, model);
  }

  #addBlock(sheet: RecordSheet, block: JsonValue | undefined, model: string | undefined): void {
    if (typeof block === "string") return sheet.add({ event: "AGENT_MESSAGE", message: block, model });
    if (!isObject(block)) return undefined;
    const type = textIn(block, "type") ?? "";
    switch (type) {
      case "text":
        return sheet.add({ event: "AGENT_MESSAGE", message: textIn(block, "text") ?? "", model });
      case "thinking":
        // The signature is the API's own proof, for sending the thought back to it: large, opaque, of no use here.
        return sheet.add({ event: "REASONING", message: textIn(block, "thinking") ?? "", model });
      case "redacted_thinking":
        return sheet.add({ event: "REASONING", message: "", model }, { redacted: true });
      case "tool_use":
      case "server_tool_use":
      case "mcp_tool_use":
        return this.#tools.addCall(sheet, block);
      default:
        if (type.endsWith("tool_result")) return this.#tools.addResult(sheet, block, undefined);
        return sheet.add({ event: "claude-code/assistant/block", record: block });
    }
  }
}

// --- internal ---

function addUserMessage(sheet: RecordSheet, message: string): void {
  const command = /^\s*<command-name>([^<]*)<\/command-name>/.exec(message)?.[1];
  const isOutput = /^\s*<local-command-std(?:out|err)>/.test(message);
  sheet.add(
    { event: "USER_MESSAGE", message },
    {
      ...(command === undefined ? {} : { command }),
      ...(isOutput ? { command_output: true } : {}),
    },
    promptKey(message),
  );
}

function addSystemEvent(sheet: RecordSheet, record: JsonObject): void {
  const { subtype, error, content } = record;
  if (subtype === "api_error" || subtype === "error") {
    const said = isObject(error)
      ? (textIn(error, "message") ?? textIn(error, "formatted"))
      : textIn(record, "error");
    sheet.add({ event: "ERROR", message: said ?? (textOf(content) || "API error"), error }, { subtype });
  } else if (subtype === "compact_boundary") {
    sheet.add({ event: "CHECKPOINT", message: textOf(content) || "Conversation compacted" }, { subtype });
  }
}
