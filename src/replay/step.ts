// What a timeline is made of.

import type { SessionSummary } from "../summary/index.ts";
import type { Tape, TapeEvent } from "./tape.ts";

export interface Timeline {
  session_id: string;
  agent_id: string;
  /** Turns in order; before the first message of a user, the steps themselves. */
  steps: Step[];
  /** From the first event to the latest, and the part of it between events at most five minutes apart. */
  wall_ms: number;
  active_ms: number;
  /** The session's figures. */
  summary: SessionSummary;
  /** Where its events stand, to read their bodies. */
  tape: Tape;
}

/**
 * A `turn` begins with what a user says; calls are `model`, `tool`, `retrieval` and `delegation`; everything else that
 * happened is an `event`.
 */
export type StepKind = "turn" | "model" | "tool" | "retrieval" | "delegation" | "event";

export interface Step {
  kind: StepKind;
  /** Of the tool or model; of an `event`, its type. */
  name: string | null;
  /** The event that begins it, and where that stands. */
  seq: number;
  place: TapeEvent;
  /** The event that ends it: the result of a call, the last event of a turn. */
  end_seq: number | null;
  end_place?: TapeEvent;
  started_at: string;
  ended_at: string | null;
  /** As recorded on the result, else the time in between. */
  duration_ms: number | null;
  /** The result's own (`ok`, `error`, …); `open` for a call without a result; null where there is none. */
  status: string | null;
  /** A call whose result was not recorded, or a result whose call was not. */
  unmatched?: "no result" | "no call";
  call_id?: string;
  /** The session that already holds it. */
  copy_of?: string;
  /** The session that this call started, and its timeline. */
  child_session_id?: string;
  child?: Timeline;
  /** What happened in it. */
  steps: Step[];
}

/** Every step, those of child sessions included, each before what is nested in it. */
export function* walkSteps({ steps }: Pick<Timeline, "steps">): Generator<Step, void, undefined> {
  for (const step of steps) {
    yield step;
    yield* walkSteps(step);
    if (step.child !== undefined) yield* walkSteps(step.child);
  }
}
