// One step of a session as the rules see it: the event, and what several of them would have to find out about it.

import { Hash53 } from "../base/hash.ts";
import type { Event } from "../event/index.ts";
import { amountOf, instantOf, OpenCalls, textOf } from "../summary/index.ts";
import { Delegations } from "./delegations.ts";
import type { Delegation, Return } from "./delegations.ts";

export interface Call {
  eventId: string;
  callId: string | undefined;
  tool: string;
  /** The same for calls of one tool with the same arguments; undefined when the arguments were not recorded. */
  signature: number | undefined;
}

/** How a call ended. */
export interface Outcome {
  /** Undefined when the call is not known. */
  call: Call | undefined;
  failed: boolean;
  denied: boolean;
  /** The same for the same call with the same answer; undefined when it is not known what was called. */
  exchange: number | undefined;
}

export interface Step {
  event: Event;
  /** When it happened; NaN when the source does not say. */
  timeMs: number;
  /** The call that this event is. */
  call: Call | undefined;
  /** The end of a call that this event is; a call that tells its own end is both. */
  outcome: Outcome | undefined;
  delegation: Delegation | undefined;
  returned: Return | undefined;
  failed: boolean;
  /** How long what ended here took. */
  durationMs: number | undefined;
}

/** Calls without a result that are remembered. */
const MAX_OPEN_CALLS = 1000;

const DENIED: ReadonlySet<unknown> = new Set(["denied", "deny", "rejected", "refused", "blocked"]);

/** The steps of one session. */
export class Steps {
  readonly #open = new OpenCalls<Call>(MAX_OPEN_CALLS);
  readonly #delegations = new Delegations();

  of(event: Event): Step {
    const step: Step = {
      event,
      timeMs: event.time_inferred === true ? NaN : instantOf(event.timestamp),
      call: undefined,
      outcome: undefined,
      delegation: undefined,
      returned: undefined,
      failed: event["status"] === "error",
      durationMs: undefined,
    };
    switch (event.event) {
      case "TOOL_CALL":
        step.call = callOf(event);
        step.delegation = this.#delegations.begin(event);
        step.durationMs = amountOf(event["duration_ms"]);
        if (step.durationMs !== undefined || textOf(event["status"]) !== undefined) {
          step.outcome = outcomeOf(event, step.call);
        } else if (event.call_id !== undefined) this.#open.remember(event.call_id, step.call);
        break;
      case "TOOL_RESULT": {
        const call = event.call_id === undefined ? undefined : this.#open.take(event.call_id);
        step.outcome = outcomeOf(event, call);
        if (this.#delegations.size > 0) step.returned = this.#delegations.end(event);
        step.durationMs = amountOf(event["duration_ms"]);
        break;
      }
      case "DELEGATE":
        step.delegation = this.#delegations.begin(event);
        break;
      case "RETURN":
        step.returned = this.#delegations.end(event);
        step.durationMs = amountOf(event["duration_ms"]);
        break;
      default:
    }
    return step;
  }
}

/** Whether a status says that somebody, or some rule, said no. */
export function isDenial(event: Event): boolean {
  return DENIED.has(event["status"]);
}

// --- internal ---

/** As much of a value is looked at to tell it from others. */
const MAX_NODES = 200;

function callOf(event: Event): Call {
  const tool = textOf(event["tool"]) ?? "(unnamed)";
  const { args } = event;
  const signature = args === undefined ? undefined : hashOf(tool, args);
  return { eventId: event.id, callId: event.call_id, tool, signature };
}

function outcomeOf(event: Event, call: Call | undefined): Outcome {
  const signature = call?.signature;
  const status = event["status"];
  return {
    call,
    failed: status === "error",
    denied: isDenial(event),
    exchange:
      signature === undefined
        ? undefined
        : hashOf(textOf(status) ?? "", event["error"] ?? event["result"], signature),
  };
}

function hashOf(kind: string, value: unknown, before = 0): number {
  const hash = new Hash53()
    .number(before | 0)
    .number(Math.floor(before / 0x100000000))
    .text(kind);
  addTo(hash, value, { nodes: MAX_NODES });
  return hash.value();
}

function addTo(hash: Hash53, value: unknown, left: { nodes: number }): void {
  if (left.nodes-- <= 0) return;
  if (typeof value === "string") hash.text(value);
  else if (typeof value === "number") hash.number(value);
  else if (typeof value === "boolean") hash.number(value ? 1 : 2);
  else if (Array.isArray(value)) {
    hash.number(value.length);
    for (const item of value) addTo(hash, item, left);
  } else if (typeof value === "object" && value !== null) {
    for (const key in value) {
      hash.text(key);
      addTo(hash, (value as Record<string, unknown>)[key], left);
    }
  }
}
