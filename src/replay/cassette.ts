// A recorded session put in the place of the world: live code asks its models and tools, and gets what they answered
// then. Calls are matched by kind, name and canonical arguments; of equal calls, the first one gets the first answer.

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, choiceOption } from "../base/options.ts";
import { isAbort, reviveError } from "../base/revive-error.ts";
import type { Event } from "../event/index.ts";
import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { Redactor } from "../redact/index.ts";
import type { RedactionOptions } from "../redact/index.ts";
import { canonicalJson, fingerprint, recordedForm } from "./canonical.ts";
import { readExchanges } from "./exchange.ts";
import type { CassetteCall, Exchange, ExchangeKind, Exchanges } from "./exchange.ts";
import { explainMiss } from "./miss.ts";

/** What a recorded call came to. */
export interface RecordedAnswer {
  /** What came back; of a model recorded by its words only, these. */
  result: unknown;
  /** What was thrown instead, as an error again. */
  thrown?: { error: unknown };
  /** The event that holds it. */
  event: Event;
}

/** Where new calls are recorded: a Session or a Recorder has this shape. */
export interface CassetteRecorder {
  toolCall(tool: string, args?: unknown): CassetteCallHandle;
  modelCall(model: { model: string; [field: string]: unknown }): CassetteCallHandle;
}

export interface CassetteCallHandle {
  result(value?: unknown, extra?: Record<string, unknown>): unknown;
  error(error: unknown, extra?: Record<string, unknown>): unknown;
}

const MODES = ["strict", "fallthrough", "record-new"] as const;

export interface CassetteOptions {
  /** The recorded session: its id, the beginning of it, or an agent id (its latest). Default: none, so nothing matches. */
  session?: string | undefined;
  /** The store it is in. Default: the one found from the current folder. */
  reader?: Reader | undefined;
  /**
   * What becomes of a call that was not recorded. `strict`: it fails. `fallthrough`: it is really made. `record-new`: it
   * is really made and recorded in `record`. Default `"strict"`.
   */
  mode?: (typeof MODES)[number] | undefined;
  /** Takes the new calls of `record-new`. */
  record?: CassetteRecorder | undefined;
  /** As the recording had it, so that live arguments lose the same secrets before they are compared. */
  redaction?: RedactionOptions | undefined;
}

/**
 * Opens a recorded session as a cassette. Reads it once, about 140 MB a second.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError `NO_STORE`, `NO_SESSION`
 * @example
 * const cassette = openCassette({ session: "019b9f2e" });
 * const readPage = cassette.tool("read_page", async (url: string) => (await fetch(url)).text());
 * await readPage("https://example.com"); // what it was then, without the network
 */
export function openCassette(options: CassetteOptions = {}): Cassette {
  return new Cassette(options);
}

export class Cassette {
  readonly mode: (typeof MODES)[number];
  /** Of `record-new`. */
  readonly record: CassetteRecorder | undefined;
  readonly #redactor: Redactor;
  readonly #exchanges: Exchanges | undefined;
  /** Exchanges that were not served yet, by {@link keyOf}, in order. */
  readonly #waiting = new Map<string, Exchange[]>();
  #served = 0;
  #missed = 0;
  #lost: TracekeepError | undefined;

  constructor(options: CassetteOptions) {
    checkOptionNames("openCassette", options, ["session", "reader", "mode", "record", "redaction"]);
    const { session, reader, mode, record, redaction } = options;
    this.mode = choiceOption("openCassette", "mode", mode, MODES, "strict");
    if ((record === undefined) === (this.mode === "record-new")) {
      throw new TypeError('openCassette: record (a session) and mode "record-new" belong together');
    }
    this.record = record;
    this.#redactor = new Redactor(redaction);
    if (session === undefined) {
      if (this.mode === "strict") throw new TypeError("openCassette: name the session to serve from");
      return;
    }
    this.#exchanges = readExchanges(reader ?? openReader(), session);
    for (const exchange of this.#exchanges.list) {
      const key = keyOf(exchange.kind, exchange.name, exchange.argsKey);
      const equal = this.#waiting.get(key);
      if (equal === undefined) this.#waiting.set(key, [exchange]);
      else equal.push(exchange);
    }
  }

  /**
   * Wraps a tool: the same call as in the recording gets the same answer, or fails as it failed then. The arguments are
   * compared as recording writes them: one argument as it is, several as a list.
   */
  tool<A extends unknown[], R>(name: string, tool: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    if (typeof name !== "string" || name === "")
      throw new TypeError("cassette.tool: the first argument is the tool's name");
    if (typeof tool !== "function")
      throw new TypeError("cassette.tool: the second argument is the function to wrap");
    return (...args) => this.#serve({ kind: "tool", name, args: argumentOf(args) }, () => tool(...args));
  }

  /** Wraps a function that asks a model, likewise. The model's name is `model` in its argument, else the function's own. */
  model<A extends unknown[], R>(model: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    if (typeof model !== "function")
      throw new TypeError("cassette.model: the argument is the function to wrap");
    return (...args) => {
      const told: unknown =
        typeof args[0] === "object" && args[0] !== null ? Reflect.get(args[0], "model") : undefined;
      const name = typeof told === "string" ? told : model.name || "model";
      return this.#serve({ kind: "model", name, args: argumentOf(args) }, () => model(...args));
    };
  }

  /**
   * The answer that a call got in the recording, which is then used up; undefined when the mode lets it be made really.
   * For wrappers of your own.
   *
   * @throws TracekeepError `NOT_RECORDED` in strict mode, and from then on for every call: the run has left its recording
   */
  find(call: CassetteCall): RecordedAnswer | undefined {
    if (this.#lost !== undefined) throw this.#lost;
    const args = recordedForm(call.args, this.#redactor);
    const exchange = this.#waiting
      .get(keyOf(call.kind, call.name, fingerprint(canonicalJson(args))))
      ?.shift();
    if (exchange !== undefined) {
      const answer = this.#answerOf(exchange);
      if (answer !== undefined) {
        exchange.used = true;
        this.#served++;
        return answer;
      }
    }
    this.#missed++;
    if (this.mode !== "strict") return undefined;
    throw (this.#lost = explainMiss({ ...call, args }, this.#exchanges, exchange));
  }

  /** How it went: calls served, calls that were not in the recording, and recorded calls that nobody made. */
  get status(): {
    served: number;
    missed: number;
    unused: readonly { kind: ExchangeKind; name: string; seq: number }[];
  } {
    const unused = (this.#exchanges?.list ?? []).filter(({ used }) => !used);
    return {
      served: this.#served,
      missed: this.#missed,
      unused: unused.map(({ kind, name, call }) => ({ kind, name, seq: call.seq })),
    };
  }

  // --- internal ---

  // A miss rejects like any failure of a call would; it is not thrown at whoever starts one.
  async #serve<R>(call: CassetteCall, live: () => Promise<R>): Promise<R> {
    const answer = this.find(call);
    if (answer === undefined) return this.record === undefined ? live() : recordCall(this.record, call, live);
    if (answer.thrown !== undefined) throw answer.thrown.error;
    return answer.result as R;
  }

  #answerOf({ result }: Exchange): RecordedAnswer | undefined {
    if (result === undefined || this.#exchanges === undefined) return undefined;
    const event = this.#exchanges.tape.read(result);
    const isCut = event.truncated?.some(({ path }) => /^(?:result|message|error)\b/.test(path)) === true;
    // An answer with a piece missing is none.
    if (isCut) return undefined;
    const { status, error } = event;
    const failed = status !== undefined && status !== "ok" && error !== undefined;
    return {
      result: "result" in event ? event["result"] : event["message"],
      ...(failed ? { thrown: { error: reviveError(error) } } : {}),
      event,
    };
  }
}

// --- internal ---

function keyOf(kind: ExchangeKind, name: string, argsKey: string): string {
  return `${kind} ${argsKey} ${name}`;
}

function argumentOf(args: readonly unknown[]): unknown {
  return args.length === 1 ? args[0] : args;
}

async function recordCall<R>(
  record: CassetteRecorder,
  { kind, name, args }: CassetteCall,
  live: () => Promise<R>,
): Promise<R> {
  const call = kind === "tool" ? record.toolCall(name, args) : record.modelCall({ model: name, args });
  let value: R;
  try {
    value = await live();
  } catch (error) {
    call.error(error, isAbort(error) ? { status: "cancelled" } : {});
    throw error;
  }
  if (kind === "tool") call.result(value);
  else call.result(undefined, { result: value });
  return value;
}
