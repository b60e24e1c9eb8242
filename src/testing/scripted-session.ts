// A session for tests of what looks at events: said in a few words, with times that the test decides.

import { formatTimestamp } from "../event/index.ts";
import type { Event } from "../event/index.ts";

const START_MS: number = Date.parse("2026-01-06T22:00:00.000Z");

/**
 * Events of one session, one after the other.
 *
 * @example new ScriptedSession().call("bash", { command: "ls" }).after(1000).call("bash", { command: "pwd" }).events
 */
export class ScriptedSession {
  readonly events: Event[] = [];
  readonly id: string;
  #timeMs = START_MS;
  #hasTime = true;

  constructor(id = "scripted") {
    this.id = id;
    this.add("START", { origin: "recorded" });
  }

  /** Lets time pass; back for a negative number. */
  after(ms: number): this {
    this.#timeMs += ms;
    return this;
  }

  /** From here on, the source gives no times. */
  timeless(): this {
    this.#hasTime = false;
    return this;
  }

  add(event: string, fields: Record<string, unknown> = {}): this {
    const seq = this.events.length;
    this.events.push({
      event,
      timestamp: formatTimestamp(this.#timeMs),
      severity: "INFO",
      seq,
      id: `${this.id}-${seq}`,
      session_id: this.id,
      agent_id: "agent",
      ...fields,
      ...(this.#hasTime ? {} : { time_inferred: true as const }),
      salt: "",
    });
    return this;
  }

  /** A tool call and its result. */
  call(tool: string, args: unknown, result: unknown = "done", status = "ok"): this {
    const callId = `call-${this.events.length}`;
    this.add("TOOL_CALL", { call_id: callId, tool, args });
    return this.add("TOOL_RESULT", { call_id: callId, result, status });
  }

  /** The same several times. */
  times(count: number, what: (session: this, index: number) => unknown): this {
    for (let index = 0; index < count; index++) what(this, index);
    return this;
  }
}
