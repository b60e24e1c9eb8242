// From events to steps: calls paired with their results, steps gathered under the turn they belong to.

import { isToldAgain } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import { instantOf } from "../summary/index.ts";
import type { Step, StepKind, Timeline } from "./step.ts";
import type { TapeEvent } from "./tape.ts";

/** Builds the steps of one session from its events in order. */
export class StepBuilder {
  readonly #roots: Step[] = [];
  readonly #turns: Step[] = [];
  /** Hooks and a transcript told of the session, each in its own time. */
  #hasTwoWitnesses = false;
  /** Calls without a result so far, by what they wait for and their `call_id`. */
  readonly #open = new Map<string, Step>();
  /** The latest response of each model call, which others may continue. */
  readonly #responses = new Map<string, Step>();
  /** Calls by the id of their event, for what says it belongs to one. */
  readonly #byId = new Map<string, Step>();

  add(event: Event, place: TapeEvent): void {
    // What the second one tells again is no further step.
    if (isToldAgain(event)) {
      this.#hasTwoWitnesses = true;
      return;
    }
    const turn = this.#turnOf(event);
    if (turn !== undefined && turn === this.#turns.at(-1)) endStep(turn, event, place);
    // What is left of an erased event says neither what it was about nor what it belonged to.
    if ("erased" in event) this.#put(newStep("event", event.event, event, place), event);
    else if (event.event === "USER_MESSAGE") {
      const begun = newStep("turn", null, event, place);
      this.#turns.push(begun);
      this.#roots.push(begun);
    } else if (CALLS[event.event] !== undefined) this.#addCall(event, place);
    else if (RESULTS[event.event] !== undefined) this.#addResult(event, place);
    else this.#put(newStep("event", event.event, event, place), event);
  }

  /** The steps; calls that still wait are marked. */
  finish(): Step[] {
    for (const step of this.#open.values()) {
      step.unmatched = "no result";
      step.status = "open";
    }
    this.#open.clear();
    return this.#roots;
  }

  /** Adds a child session that no event tells of, where its start belongs. */
  insert(childId: string, child: Timeline): void {
    const place = child.tape.events[0];
    if (place === undefined) return;
    const { summary } = child;
    const among = this.#roots.findLast(
      ({ kind, place: { timeMs } }) => kind === "turn" && timeMs <= place.timeMs,
    );
    const siblings = among?.steps ?? this.#roots;
    const after = siblings.findIndex((sibling) => sibling.place.timeMs > place.timeMs);
    siblings.splice(after < 0 ? siblings.length : after, 0, {
      kind: "delegation",
      name: child.agent_id,
      seq: place.seq,
      place,
      end_seq: null,
      started_at: summary.started_at ?? "",
      ended_at: summary.last_at,
      duration_ms: child.wall_ms,
      status: null,
      child_session_id: childId,
      child,
      steps: [],
    });
  }

  // --- internal ---

  /** The latest turn; of what a second witness tells later, the one in which it happened. */
  #turnOf({ timestamp }: Event): Step | undefined {
    const latest = this.#turns.at(-1);
    if (!this.#hasTwoWitnesses) return latest;
    const timeMs = instantOf(timestamp);
    return this.#turns.findLast(({ started_at: startedAt }) => instantOf(startedAt) <= timeMs) ?? latest;
  }

  #addCall(event: Event, place: TapeEvent): void {
    const kind = CALLS[event.event] ?? "event";
    const step = newStep(kind, nameOf(event), event, place);
    this.#put(step, event);
    this.#byId.set(event.id, step);
    const isFinished = typeof event["duration_ms"] === "number" || typeof event["status"] === "string";
    if (isFinished) endStep(step, event, place);
    else if (event.call_id !== undefined) this.#open.set(`${kind} ${event.call_id}`, step);
    // Nothing can answer a call without an id, save for delegations, which need not be answered.
    else if (kind !== "delegation") Object.assign(step, { unmatched: "no result", status: "open" });
  }

  #addResult(event: Event, place: TapeEvent): void {
    const kind = RESULTS[event.event] ?? "event";
    const key = `${kind} ${event.call_id ?? ""}`;
    if (kind === "model" && event["continues"] === true) {
      const response = this.#responses.get(key);
      if (response !== undefined) return endStep(response, event, place);
    }
    const call = event.call_id === undefined ? undefined : this.#open.get(key);
    this.#open.delete(key);
    const step = call ?? newStep(kind, nameOf(event), event, place);
    if (call === undefined) {
      // What importers read are responses only: to them it is no accident that nobody asked.
      if (kind !== "model") step.unmatched = "no call";
      this.#put(step, event);
    }
    endStep(step, event, place);
    if (kind === "model") this.#responses.set(key, step);
  }

  /** Into the call that the event says it belongs to, else into the turn. */
  #put(step: Step, event: Event): void {
    const parent = event.parent_id === undefined ? undefined : this.#byId.get(event.parent_id);
    (parent?.steps ?? this.#turnOf(event)?.steps ?? this.#roots).push(step);
  }
}

// --- internal ---

const CALLS: Readonly<Record<string, StepKind>> = Object.assign(Object.create(null), {
  MODEL_CALL: "model",
  TOOL_CALL: "tool",
  RETRIEVAL_QUERY: "retrieval",
  DELEGATE: "delegation",
});

const RESULTS: Readonly<Record<string, StepKind>> = Object.assign(Object.create(null), {
  MODEL_RESPONSE: "model",
  TOOL_RESULT: "tool",
  RETRIEVAL_RESULT: "retrieval",
  RETURN: "delegation",
});

function newStep(kind: StepKind, name: string | null, event: Event, place: TapeEvent): Step {
  const child = event["child_session_id"];
  return {
    kind,
    name,
    seq: event.seq,
    place,
    end_seq: null,
    started_at: event.timestamp,
    ended_at: null,
    duration_ms: null,
    status: null,
    ...(event.call_id === undefined ? {} : { call_id: event.call_id }),
    ...(event.copy_of === undefined ? {} : { copy_of: event.copy_of }),
    ...(typeof child === "string" ? { child_session_id: child } : {}),
    steps: [],
  };
}

/** Takes from an event that it ends a step; a turn may end again and again. */
function endStep(step: Step, event: Event, place: TapeEvent): void {
  step.end_seq = event.seq;
  step.end_place = place;
  step.ended_at = event.timestamp;
  const told = step.kind === "turn" ? undefined : event["duration_ms"];
  // A result that stands alone tells no time in between.
  const waitedMs = event.seq === step.seq ? null : place.timeMs - step.place.timeMs;
  step.duration_ms = typeof told === "number" ? told : waitedMs;
  if (step.kind === "turn") return;
  step.name ??= nameOf(event);
  step.status =
    typeof event["status"] === "string" ? event["status"] : event.severity === "ERROR" ? "error" : "ok";
  const child = event["child_session_id"];
  if (typeof child === "string") step.child_session_id ??= child;
}

function nameOf(event: Event): string | null {
  const { tool, model, child_session_id: child } = event;
  for (const name of [tool, model, child]) if (typeof name === "string") return name;
  return null;
}
