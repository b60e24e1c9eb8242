import { randomSalt, uuidv7 } from "../base/ids.ts";
import type { Event, JsonObject } from "../event/index.ts";
import { MAX_LINE_BYTES } from "../format/index.ts";
import { EventEncoder } from "../record/encoder.ts";

/** An event as sinks get it. */
export interface TestEvent {
  event: Event;
  /** Its canonical line, `\n` included. */
  line: string;
}

/**
 * Events of one session, numbered from 0, each of type CHECKPOINT.
 *
 * @param bodyOf the body of the event with that number; default: a short message
 */
export function testEvents(
  count: number,
  bodyOf: (seq: number) => JsonObject = (seq) => ({ message: `event ${seq}` }),
): TestEvent[] {
  const startMs = Date.parse("2026-01-06T22:00:00.000Z");
  const encoder = new EventEncoder("test-session", "test-agent", MAX_LINE_BYTES);
  return Array.from({ length: count }, (_, seq) =>
    encoder.encode({
      event: "CHECKPOINT",
      timestamp: new Date(startMs + seq).toISOString(),
      severity: "INFO",
      seq,
      id: uuidv7(startMs + seq),
      body: bodyOf(seq),
      salt: randomSalt(),
    }),
  );
}
