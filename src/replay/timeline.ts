// A session as nested steps: turns, and in them model calls, tool calls with their results, and delegations with the
// sessions they started.

import type { Event } from "../event/index.ts";
import type { Reader } from "../read/index.ts";
import { foldEvent, newSummary } from "../summary/index.ts";
import { walkSteps } from "./step.ts";
import type { Step, Timeline } from "./step.ts";
import { StepBuilder } from "./step-builder.ts";
import { readTape } from "./tape.ts";

export interface TimelineOptions {
  /** Nest the sessions that this one started. Default true. */
  children?: boolean | undefined;
}

/**
 * Reads a session as nested steps. It holds metadata only, some 300 bytes a step; `timeline.tape.read(step.place)` gives
 * an event whole. About 140 MB a second.
 *
 * @param session its id, an unambiguous beginning of it, or an agent id (its latest session)
 * @throws TracekeepError `NO_SESSION`
 * @example
 * const timeline = readTimeline(openReader(), "019b9f2e");
 * for (const step of walkSteps(timeline)) console.log(step.kind, step.name, step.status, step.duration_ms);
 */
export function readTimeline(
  reader: Reader,
  session: string,
  { children = true }: TimelineOptions = {},
): Timeline {
  return build(reader, session, children ? reader.children() : new Map(), new Set());
}

// --- internal ---

function build(
  reader: Reader,
  session: string,
  children: ReadonlyMap<string, readonly string[]>,
  above: ReadonlySet<string>,
): Timeline {
  const builder = new StepBuilder();
  let summary = newSummary(session);
  const tape = readTape(reader, session, (event: Event, place) => {
    if (place.seq === 0 || summary.events === 0) summary = newSummary(event.session_id, event.agent_id);
    foldEvent(summary, event, event);
    builder.add(event, place);
  });
  const steps = builder.finish();
  const { sessionId, events } = tape;
  const started = new Set(children.get(sessionId));
  const trail = new Set([...above, sessionId]);
  const nest = (step: Step, childId: string): void => {
    // A log that names its own ancestor as its child must not send us round in circles.
    if (trail.has(childId) || !started.delete(childId)) return;
    step.child = build(reader, childId, children, trail);
  };
  for (const step of walkSteps({ steps }))
    if (step.child_session_id !== undefined) nest(step, step.child_session_id);
  // Children that no event speaks of.
  for (const childId of started) {
    if (trail.has(childId)) continue;
    const child = build(reader, childId, children, trail);
    builder.insert(childId, child);
  }
  const firstMs = events[0]?.timeMs ?? NaN;
  const wallMs = (events.at(-1)?.timeMs ?? NaN) - firstMs;
  return {
    session_id: sessionId,
    agent_id: summary.agent_id,
    steps,
    wall_ms: Number.isNaN(wallMs) ? 0 : wallMs,
    active_ms: summary.active_ms,
    summary,
    tape,
  };
}
