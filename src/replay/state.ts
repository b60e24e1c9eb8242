// What an agent knew at an event: the conversation so far, the calls it was waiting for, the totals, the files touched.

import { TracekeepError } from "../base/errors.ts";
import { isToldAgain } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import type { EventPlace, Reader } from "../read/index.ts";
import { foldEvent, newSummary } from "../summary/index.ts";
import type { SessionSummary } from "../summary/index.ts";
import { filesOf } from "./files.ts";
import { walkSteps } from "./step.ts";
import type { Step } from "./step.ts";
import { StepBuilder } from "./step-builder.ts";
import { readTape } from "./tape.ts";
import type { Tape } from "./tape.ts";

/** Something that was said, asked or answered. Its text stays on disk. */
export interface ConversationPlace extends EventPlace {
  role: "system" | "user" | "agent" | "reasoning" | "call" | "result";
}

export interface SessionStateAt {
  session_id: string;
  /** The event itself. */
  event: Event;
  conversation: ConversationPlace[];
  /** Calls that had no result yet. */
  open_calls: Step[];
  /** The session's figures up to and with the event. */
  totals: SessionSummary;
  files: string[];
  /** To read what was said: `state.tape.read(place)`. */
  tape: Tape;
}

/**
 * The state of a session at one of its events, that event included.
 *
 * @param seq number of the event
 * @throws TracekeepError `NO_SESSION`; `REFUSED` when the session has no such event
 * @example
 * const state = stateAt(openReader(), "019b9f2e", 42);
 * for (const place of state.conversation) console.log(place.role, gistOf(state.tape.read(place)));
 */
export function stateAt(reader: Reader, session: string, seq: number): SessionStateAt {
  const builder = new StepBuilder();
  const conversation: ConversationPlace[] = [];
  const files = new Set<string>();
  let totals = newSummary(session);
  let at: Event | undefined;
  const tape = readTape(reader, session, (event, place) => {
    if (event.seq > seq) return;
    if (totals.events === 0) totals = newSummary(event.session_id, event.agent_id);
    foldEvent(totals, event, event);
    builder.add(event, place);
    const role = ROLES[event.event];
    // A response of a model without words is a request for tools, and those calls are told themselves.
    const isWordless = event.event === "MODEL_RESPONSE" && typeof event["message"] !== "string";
    if (role !== undefined && !isWordless && !isToldAgain(event)) {
      const { session_id, file, offset } = place;
      conversation.push({ role, session_id, seq: event.seq, file, offset });
    }
    for (const file of filesOf(event)) files.add(file);
    if (event.seq === seq) at = event;
  });
  if (at === undefined) {
    const last = tape.events.at(-1)?.seq ?? 0;
    throw new TracekeepError(
      "REFUSED",
      `session ${tape.sessionId} has no event ${seq}; its last is ${last}`,
      {
        seq,
      },
    );
  }
  const steps = builder.finish();
  const openCalls = [...walkSteps({ steps })].filter(({ unmatched }) => unmatched === "no result");
  return {
    session_id: tape.sessionId,
    event: at,
    conversation,
    open_calls: openCalls,
    totals,
    files: [...files],
    tape,
  };
}

// --- internal ---

const ROLES: Readonly<Record<string, ConversationPlace["role"]>> = Object.assign(Object.create(null), {
  SYSTEM_INSTRUCTION: "system",
  USER_MESSAGE: "user",
  AGENT_MESSAGE: "agent",
  MODEL_RESPONSE: "agent",
  STREAM: "agent",
  REASONING: "reasoning",
  TOOL_CALL: "call",
  RETRIEVAL_QUERY: "call",
  DELEGATE: "call",
  TOOL_RESULT: "result",
  RETRIEVAL_RESULT: "result",
  RETURN: "result",
});
