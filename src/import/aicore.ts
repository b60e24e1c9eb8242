// What AiCore's collector keeps of every model call: `<OBSERVABILITY_DIR>/<session>/<n>.json`, arrays of up to 50 records,
// each rewritten whole when one is added; a file for one record under `fallback/` when that failed; and all of them in
// `llm_operations.json` until October 2025. Its logger writes nothing of a session to a file.
//
// Its times have no offset: they are those of the machine it ran on, when the call had ended.

import path from "node:path";

import { checkOptionNames, textOption } from "../base/options.ts";
import { formatTimestamp, MIN_TIME_MS } from "../event/index.ts";
import type { EventDraft, JsonObject, JsonValue } from "../event/index.ts";
import { isObject, parseJson } from "../format/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import type { ImportedSession, Importer, TranscriptFile, Translated, Translator } from "./importer.ts";
import { restOf, textIn } from "./json.ts";
import { readerOfTimes, readerOfZone } from "./zone.ts";

export interface AiCoreOptions {
  /**
   * Zone of times without an offset, which are all that AiCore writes: `local`, `UTC`, `+09:00`, `Asia/Seoul`. Without
   * one such files are refused.
   */
  zone?: string | undefined;
}

/**
 * The importer of what AiCore's observability recorded.
 *
 * @throws TypeError, RangeError for a zone that does not exist
 * @example await importSessions(store, { importers: [aiCore({ zone: "local" })], paths: ["observability_data"] });
 */
export function aiCore(options: AiCoreOptions = {}): Importer {
  checkOptionNames("aiCore", options, ["zone"]);
  const zone = textOption("aiCore", "zone", options.zone);
  const readNaive = zone === undefined ? undefined : readerOfZone(zone);
  return {
    name: "aicore",
    fileNames: /^(?:\d+|record_.+|llm_operations)\.json$/,
    // Without the variable it writes to `observability_data` in whatever folder it was started in.
    defaultRoots: (env) => [env["OBSERVABILITY_DIR"] ?? ""].filter((folder) => path.isAbsolute(folder)),
    recognises: (file, [first]) => file.endsWith(".json") && isOperation(first),
    translator: (file, prices) => new OperationTranslator(file, prices, readNaive),
  };
}

// --- internal ---

function isOperation(record: JsonObject | undefined): boolean {
  return (
    textIn(record, "operation_id") !== undefined &&
    textIn(record, "operation_type") !== undefined &&
    record?.["completion_args"] !== undefined
  );
}

/** What events say in fields of their own, and what AiCore works out from `completion_args` for its tables. */
const TOLD: ReadonlySet<string> = new Set([
  "session_id",
  "timestamp",
  "operation_id",
  "provider",
  "model",
  "response",
  "error_message",
  "latency_ms",
  "cost",
  "input_tokens",
  "output_tokens",
  "cached_tokens",
  "total_tokens",
  "success",
  "user_prompt",
  "completion_args",
  "extras",
]);
const WORKED_OUT: ReadonlySet<string> = new Set([
  "system_prompt",
  "assistant_message",
  "history_messages",
  "temperature",
  "max_tokens",
]);

class OperationTranslator implements Translator {
  readonly #prices: PriceTable | undefined;
  readonly #timeOf: (text: string) => number | undefined;
  /** For records that name no session. */
  readonly #nameless: string;
  /** The session goes on from a file before, so it is not known whether its first prompt is a new one. */
  readonly #goesOn: boolean;
  readonly #sessions = new Map<string, { imported: ImportedSession; prompt: string | undefined }>();

  constructor(
    { path: file }: TranscriptFile,
    prices: PriceTable | undefined,
    readNaive: ((text: string) => number | undefined) | undefined,
  ) {
    const folder = path.basename(path.dirname(file));
    this.#prices = prices;
    this.#timeOf = readerOfTimes("aicore", file, readNaive);
    this.#nameless = `aicore-${folder === "fallback" ? path.basename(path.dirname(path.dirname(file))) : folder}`;
    this.#goesOn = !/^(?:0|llm_operations)\.json$/.test(path.basename(file));
  }

  translate(record: JsonObject): readonly Translated[] {
    const written = textIn(record, "timestamp");
    const endMs = written === undefined ? undefined : this.#timeOf(written);
    const durationMs = amountIn(record, "latency_ms") ?? 0;
    const beganMs = (endMs ?? NaN) - durationMs;
    const startMs = beganMs >= MIN_TIME_MS ? beganMs : undefined;
    const session = this.#sessionOf(record, startMs);
    const operation = textIn(record, "operation_id");
    const call = {
      ...(operation === undefined ? {} : { call_id: operation }),
      provider: textIn(record, "provider"),
      model: textIn(record, "model"),
    };
    const args = parsed(record["completion_args"]);
    const prompt = textIn(record, "user_prompt");
    const asked: EventDraft = { event: "MODEL_CALL", ...timed(startMs), ...call, message: prompt, args };
    const answered: EventDraft = {
      event: "MODEL_RESPONSE",
      ...timed(endMs),
      ...call,
      message: textIn(record, "response"),
      ...failureIn(record),
      duration_ms: durationMs,
      ...this.#usageIn(record, endMs),
      metadata: metadataOf(record, args, written),
    };
    const drafts = [asked, answered];
    const isNew = prompt !== undefined && prompt !== session.prompt;
    const isSaid = isNew && (session.prompt !== undefined || !this.#goesOn);
    if (isSaid) drafts.unshift({ event: "USER_MESSAGE", ...timed(startMs), message: prompt });
    session.prompt = prompt ?? session.prompt;
    return drafts.map((draft) => ({
      session: session.imported,
      draft,
      ...(operation === undefined ? {} : { sourceId: operation }),
    }));
  }

  // --- internal ---

  #sessionOf(record: JsonObject, startMs: number | undefined): OperationSession {
    const id = textIn(record, "session_id") ?? this.#nameless;
    let session = this.#sessions.get(id);
    if (session === undefined) {
      const project = textIn(record, "workspace");
      const imported = {
        id,
        agent: textIn(record, "agent_id") ?? "aicore",
        ...(startMs === undefined ? {} : { startedAt: formatTimestamp(startMs) }),
        ...(project === undefined ? {} : { project }),
      };
      session = { imported, prompt: undefined };
      this.#sessions.set(id, session);
    }
    return session;
  }

  /** In kinds that do not overlap: AiCore's `output_tokens` have the cached ones in them, its `input_tokens` do not. */
  #usageIn(record: JsonObject, atMs: number | undefined): JsonObject {
    const cached = amountIn(record, "cached_tokens") ?? 0;
    const tokens = {
      input_tokens: amountIn(record, "input_tokens") ?? 0,
      cache_read_tokens: cached,
      output_tokens: Math.max(0, (amountIn(record, "output_tokens") ?? 0) - cached),
    };
    const cost = amountIn(record, "cost") ?? 0;
    if (cost > 0) return { ...tokens, cost_usd: cost, cost_source: "reported" };
    // Nothing is what it says for models whose price it does not know.
    const model = textIn(record, "model");
    if (model === undefined || atMs === undefined || tokens.input_tokens + tokens.output_tokens === 0)
      return tokens;
    return {
      ...tokens,
      ...this.#prices?.price({ provider: textIn(record, "provider"), model, ...tokens }, atMs),
    };
  }
}

interface OperationSession {
  imported: ImportedSession;
  /** What the user said last, as the call before tells. */
  prompt: string | undefined;
}

function timed(timeMs: number | undefined): { timestamp?: string } {
  return timeMs === undefined ? {} : { timestamp: formatTimestamp(timeMs) };
}

function failureIn(record: JsonObject): JsonObject {
  const message = textIn(record, "error_message");
  return message === undefined ? {} : { status: "error", error: { message } };
}

function metadataOf(
  record: JsonObject,
  args: JsonValue | undefined,
  written: string | undefined,
): JsonObject {
  const metadata = restOf(record, isObject(args) ? new Set([...TOLD, ...WORKED_OUT]) : TOLD);
  const extras = parsed(record["extras"]);
  if (extras !== undefined && !(isObject(extras) && Object.keys(extras).length === 0))
    metadata["extras"] = extras;
  // Finer than a millisecond, and without an offset: how it was written cannot be told from the instant.
  if (written !== undefined) metadata["source_timestamp"] = written;
  return metadata;
}

/** It writes objects as the text of their JSON. */
function parsed(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== "string") return value;
  return value === "" ? undefined : (parseJson(value) ?? value);
}

function amountIn(record: JsonObject, name: string): number | undefined {
  const value = record[name];
  return typeof value === "number" && value >= 0 ? value : undefined;
}
