// The exchanges of a recorded session: each call of a model or a tool, with what came back. Only names and fingerprints
// are held; arguments and results stay on disk.

import { isToldAgain } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import type { Reader } from "../read/index.ts";
import { canonicalJson, fingerprint } from "./canonical.ts";
import { readTape } from "./tape.ts";
import type { Tape, TapeEvent } from "./tape.ts";

export type ExchangeKind = "model" | "tool";

/** A call that live code makes. */
export interface CassetteCall {
  kind: ExchangeKind;
  /** Of the tool or the model. */
  name: string;
  args: unknown;
}

export interface Exchange {
  kind: ExchangeKind;
  name: string;
  /** Of the canonical arguments. */
  argsKey: string;
  call: TapeEvent;
  /** Absent when the recording ended before an answer. */
  result?: TapeEvent;
  used: boolean;
}

export interface Exchanges {
  tape: Tape;
  /** In the order of the calls. */
  list: Exchange[];
}

/** Reads the exchanges of a session in one pass. @throws TracekeepError `NO_SESSION` */
export function readExchanges(reader: Reader, session: string): Exchanges {
  const list: Exchange[] = [];
  const open = new Map<string, Exchange>();
  const tape = readTape(reader, session, (event, place) => {
    if (isToldAgain(event)) return;
    const kind = CALLS[event.event];
    if (kind !== undefined) {
      const argsKey = fingerprint(canonicalJson(event["args"]));
      const exchange: Exchange = { kind, name: nameOf(event, kind), argsKey, call: place, used: false };
      // A finished call carries its own answer.
      if (typeof event["status"] === "string") exchange.result = place;
      list.push(exchange);
      if (event.call_id !== undefined) open.set(`${kind} ${event.call_id}`, exchange);
      return;
    }
    const answered = RESULTS[event.event];
    if (answered === undefined || event.call_id === undefined) return;
    const exchange = open.get(`${answered} ${event.call_id}`);
    if (exchange !== undefined) exchange.result = place;
  });
  return { tape, list };
}

// --- internal ---

const CALLS: Readonly<Record<string, ExchangeKind>> = Object.assign(Object.create(null), {
  MODEL_CALL: "model",
  TOOL_CALL: "tool",
});

const RESULTS: Readonly<Record<string, ExchangeKind>> = Object.assign(Object.create(null), {
  MODEL_RESPONSE: "model",
  TOOL_RESULT: "tool",
});

function nameOf(event: Event, kind: ExchangeKind): string {
  const name = event[kind];
  return typeof name === "string" ? name : "";
}
