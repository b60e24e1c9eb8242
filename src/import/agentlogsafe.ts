// agentlogsafe's events, one JSON object a line in a file of the caller's choice (schema_version "1.0"). A run is a
// session; a file holds any number of them.

import path from "node:path";

import { parseTimestamp } from "../event/index.ts";
import type { EventDraft, JsonObject } from "../event/index.ts";
import { callUsageOf } from "../pricing/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import type { ImportedSession, Importer, Translated, TranscriptFile, Translator } from "./importer.ts";
import { objectIn, restOf, textIn, without } from "./json.ts";

export const agentlogsafe: Importer = {
  name: "agentlogsafe",

  // It writes to whatever file it is given.
  defaultRoots: () => [],

  recognises(_file: string, head: readonly JsonObject[]): boolean {
    return head.some((record) => IDENTIFYING.every((name) => textIn(record, name) !== undefined));
  },

  translator(file: TranscriptFile, prices?: PriceTable): Translator {
    return new RunTranslator(file.path, prices);
  },
};

// --- internal ---

const IDENTIFYING = ["schema_version", "event_id", "event_type", "timestamp"];

/** Types that have a twin here; the others keep their name behind ours. */
const TYPES: Readonly<Record<string, string>> = {
  user_message: "USER_MESSAGE",
  system_instruction: "SYSTEM_INSTRUCTION",
  model_call: "MODEL_CALL",
  model_response: "MODEL_RESPONSE",
  tool_call: "TOOL_CALL",
  tool_result: "TOOL_RESULT",
  retrieval_query: "RETRIEVAL_QUERY",
  retrieval_result: "RETRIEVAL_RESULT",
  policy_check: "POLICY_CHECK",
  human_approval: "HUMAN_APPROVAL",
  decision: "DECISION",
  error: "ERROR",
  run_end: "END",
};

/** What closes a call. */
const RESULT_OF: Readonly<Record<string, string>> = {
  MODEL_CALL: "MODEL_RESPONSE",
  TOOL_CALL: "TOOL_RESULT",
  RETRIEVAL_QUERY: "RETRIEVAL_RESULT",
};
const RESULTS: ReadonlySet<string> = new Set(Object.values(RESULT_OF));

/** Fields of the payload that have another name here. */
const NAMES: Readonly<Record<string, string>> = { instruction: "message", policy_name: "policy" };

/** What an event says in these names is not what a payload says in them. */
const KEPT_APART: ReadonlySet<string> = new Set(["event", "timestamp", "call_id", "parent_id", "metadata"]);

/** What is told in fields of its own. */
const TOLD: ReadonlySet<string> = new Set([
  "schema_version",
  "event_id",
  "run_id",
  "event_type",
  "timestamp",
  "agent_name",
  "workflow_name",
  "tool_name",
  "payload",
  "risk",
  "metadata",
]);

const TOKENS: ReadonlySet<string> = new Set(["input_tokens", "output_tokens"]);

interface OpenCall {
  result: string;
  /** It told of its tokens itself. */
  isTold: boolean;
}

class RunTranslator implements Translator {
  readonly #runs = new Map<string, ImportedSession>();
  /** Calls without a result yet, by the ids of their events. */
  readonly #open = new Map<string, OpenCall>();
  readonly #prices: PriceTable | undefined;
  /** For events that name no run. */
  readonly #nameless: string;

  constructor(file: string, prices: PriceTable | undefined) {
    this.#prices = prices;
    this.#nameless = `agentlogsafe-${path.basename(file, ".jsonl")}`;
  }

  translate(record: JsonObject): readonly Translated[] {
    const written = textIn(record, "timestamp");
    const time = written !== undefined && parseTimestamp(written) !== undefined ? written : undefined;
    const id = textIn(record, "event_id");
    const said = this.#said(record, id);
    const draft: EventDraft = {
      ...said,
      ...(time === undefined ? {} : { timestamp: time, ...this.#priceOf(said, Date.parse(time)) }),
      ...(written === undefined || time !== undefined ? {} : { source_timestamp: written }),
    };
    return [{ session: this.#runOf(record, time), draft, ...(id === undefined ? {} : { sourceId: id }) }];
  }

  // --- internal ---

  #priceOf(said: EventDraft, atMs: number): object {
    const usage = said["cost_usd"] === undefined ? callUsageOf(said.event, said) : undefined;
    return (usage && this.#prices?.price(usage, atMs)) ?? {};
  }

  #said(record: JsonObject, id: string | undefined): EventDraft {
    const named = textIn(record, "event_type") ?? "event";
    const type = (Object.hasOwn(TYPES, named) && TYPES[named]) || `agentlogsafe/${named.slice(0, 100)}`;
    const fields = fieldsOf(record);
    if (type === "END") {
      const { status, ...metadata } = fields;
      const reason = typeof status === "string" ? status : "NORMAL";
      return { event: type, reason, ...(isEmpty(metadata) ? {} : { metadata }) };
    }
    const result = RESULT_OF[type];
    if (result !== undefined && id !== undefined) return this.#begin(type, result, id, fields);
    return this.#finish(type, textIn(record, "parent_event_id"), fields);
  }

  /** A call of a model that tells of its tokens itself is over: nothing else need tell of them. */
  #begin(type: string, result: string, id: string, fields: JsonObject): EventDraft {
    const isTold = type === "MODEL_CALL" && Object.keys(fields).some((name) => TOKENS.has(name));
    this.#open.set(id, { result, isTold });
    return { event: isTold ? result : type, call_id: id, ...fields };
  }

  #finish(type: string, parent: string | undefined, fields: JsonObject): EventDraft {
    const call = parent === undefined ? undefined : this.#open.get(parent);
    // A traced function that throws writes an error in place of its result.
    const isFailure = call !== undefined && type === "ERROR";
    if (!isFailure && !RESULTS.has(type)) return { event: type, ...fields };
    const { parent_event_id: _, ...rest } = fields;
    if (parent === undefined) return { event: type, ...rest };
    this.#open.delete(parent);
    const answer = {
      event: isFailure ? call.result : type,
      call_id: parent,
      ...rest,
      ...(isFailure ? { status: "error" } : {}),
    };
    if (call?.isTold !== true) return answer;
    // The call has been counted, with its tokens.
    const again = Object.fromEntries(Object.entries(rest).filter(([name]) => TOKENS.has(name)));
    const metadata = { ...objectIn(rest, "metadata"), ...(isEmpty(again) ? {} : { tokens: again }) };
    return { ...without(answer, TOKENS), event: answer.event, continues: true, metadata };
  }

  #runOf(record: JsonObject, time: string | undefined): ImportedSession {
    const id = textIn(record, "run_id") ?? this.#nameless;
    let run = this.#runs.get(id);
    if (run === undefined) {
      const workflow = textIn(record, "workflow_name");
      run = {
        id,
        agent: textIn(record, "agent_name") ?? "agentlogsafe",
        ...(time === undefined ? {} : { startedAt: time }),
        ...(workflow === undefined ? {} : { metadata: { workflow_name: workflow } }),
      };
      this.#runs.set(id, run);
    }
    return run;
  }
}

/** The fields of an event: those of its payload stand beside the others, and give way to them under the same name. */
function fieldsOf(record: JsonObject): JsonObject {
  const tool = textIn(record, "tool_name");
  const risk = objectIn(record, "risk") ?? {};
  const own: JsonObject = {
    ...restOf(record, TOLD),
    ...(tool === undefined ? {} : { tool }),
    ...(isEmpty(risk) ? {} : { risk }),
  };
  const fields: JsonObject = {};
  const covered: JsonObject = {};
  for (const [name, value] of Object.entries(objectIn(record, "payload") ?? {})) {
    const ours = Object.hasOwn(NAMES, name) ? (NAMES[name] ?? name) : name;
    if (Object.hasOwn(own, ours) || KEPT_APART.has(ours)) covered[name] = value;
    else fields[ours] = value;
  }
  const metadata = {
    ...objectIn(record, "metadata"),
    ...(isEmpty(covered) ? {} : { payload: covered }),
  };
  return { ...fields, ...own, ...(isEmpty(metadata) ? {} : { metadata }) };
}

function isEmpty(object: JsonObject): boolean {
  return Object.keys(object).length === 0;
}
