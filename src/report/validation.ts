// Whether sessions are what format 1 says they are: numbered without gaps, begun with START, every event with the fields
// of its type, calls and results in pairs. Lines that cannot be read at all are in the read report.

import { EVENT_TYPES, isStandardType } from "../event/index.ts";
import type { Event } from "../event/index.ts";

export interface Problem {
  session_id: string;
  seq: number;
  problem: string;
}

const MAX_PROBLEMS = 10_000;

/** Takes the events of one session after the other, each in order. Memory: a few bytes for each open call. */
export class ValidationFold {
  readonly problems: Problem[] = [];
  events = 0;
  /** Problems beyond those listed. */
  more = 0;
  #lastSeq = -1;
  #open = new Map<string, number>();
  #results = new Set<string>();

  observe(event: Event): void {
    this.events++;
    const { event: type, seq } = event;
    if (this.#lastSeq < 0 && seq === 0 && type !== "START")
      this.#add(event, `begins with ${type}, not with START`);
    if (seq !== this.#lastSeq + 1)
      this.#add(event, `number ${seq} follows ${this.#lastSeq}: lines are missing`);
    this.#lastSeq = seq;
    for (const name of isStandardType(type) ? EVENT_TYPES[type].has : []) {
      if (event[name] === undefined) this.#add(event, `${type} without ${name}`);
    }
    if (event.call_id === undefined) return;
    // Two witnesses tell of a call in their own time, so a result may come before the call.
    if (type === "TOOL_CALL" && !this.#results.has(event.call_id)) this.#open.set(event.call_id, seq);
    if (type === "TOOL_RESULT") {
      this.#open.delete(event.call_id);
      this.#results.add(event.call_id);
    }
  }

  /** @param isOver the session will not go on, so its open calls will get no result */
  endSession(sessionId: string, isOver: boolean): void {
    if (isOver) {
      for (const [call, seq] of this.#open) {
        this.#put({ session_id: sessionId, seq, problem: `the call ${call} has no result` });
      }
    }
    this.#lastSeq = -1;
    this.#open = new Map();
    this.#results = new Set();
  }

  // --- internal ---

  #add({ session_id, seq }: Event, problem: string): void {
    this.#put({ session_id, seq, problem });
  }

  #put(problem: Problem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
    else this.more++;
  }
}
