import { describe, expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import { SubscriberBuffer } from "./buffer.ts";
import type { BufferedEvent, LagPolicy, StoredEntry } from "./buffer.ts";
import type { VolatileEvent } from "./events.ts";

const ENVELOPE = {
  event: "AGENT_MESSAGE",
  timestamp: "2026-01-06T22:00:00.000Z",
  severity: "INFO",
  session_id: "s",
  agent_id: "a",
} as const;

function stored(
  seq: number,
  { length = 100, stream }: { length?: number; stream?: string } = {},
): StoredEntry {
  const event = { ...ENVELOPE, seq, id: String(seq), salt: "", stream_id: stream, content: "x" };
  return { event: event as unknown as Event, bytes: "x".repeat(length) };
}

function volatile(stream: string): VolatileEvent {
  return { ...ENVELOPE, volatile: true, stream_id: stream };
}

function bufferOf(capacity: number, policy: LagPolicy): { buffer: SubscriberBuffer; dropped: number[] } {
  const dropped: number[] = [];
  return {
    buffer: new SubscriberBuffer(capacity, policy, ({ event }) => dropped.push(event.seq) > 0),
    dropped,
  };
}

function drain(buffer: SubscriberBuffer): BufferedEvent[] {
  const entries: BufferedEvent[] = [];
  for (let entry = buffer.shift(); entry !== undefined; entry = buffer.shift()) entries.push(entry);
  return entries;
}

/** Numbers of events, and streams of what is volatile. */
const named = (entries: readonly BufferedEvent[]): unknown[] =>
  entries.map((entry) => ("volatile" in entry ? entry.volatile["stream_id"] : entry.event.seq));

describe("SubscriberBuffer", () => {
  it("keeps no more of long lines than would be as long as its capacity of usual ones", () => {
    for (const policy of ["drop-oldest", "disconnect", "catch-up"] as const) {
      const { buffer, dropped } = bufferOf(10, policy);
      for (let seq = 0; seq < 9; seq++) buffer.push(stored(seq, { length: 8_192 }));
      expect(buffer.overflowed).toBe(policy !== "drop-oldest");
      const kept = { "drop-oldest": [4, 5, 6, 7, 8], disconnect: [0, 1, 2, 3, 4], "catch-up": [] }[policy];
      expect(named(drain(buffer))).toEqual(kept);
      expect(dropped).toEqual(policy === "drop-oldest" ? [0, 1, 2, 3] : []);
      expect(buffer.takeDropped()?.count).toBe(policy === "drop-oldest" ? 4 : undefined);
    }
  });

  it("takes one line however long it is, and others again when that has gone", () => {
    const { buffer } = bufferOf(10, "catch-up");
    buffer.push(stored(0, { length: 1_000_000 }));
    expect(named(drain(buffer))).toEqual([0]);
    for (let seq = 1; seq <= 10; seq++) buffer.push(stored(seq));
    expect(named(drain(buffer))).toHaveLength(10);
    expect(buffer.overflowed).toBe(false);
  });

  it("holds events behind many others by their line alone", () => {
    const { buffer } = bufferOf(1_000, "catch-up");
    for (let seq = 0; seq < 200; seq++) buffer.push(stored(seq, { length: 1_024 }));
    const entries = drain(buffer) as StoredEntry[];
    const whole = entries.filter(({ isEnvelope }) => isEnvelope !== true);
    expect(whole).toHaveLength(129);
    expect(whole.every(({ event }) => event["content"] === "x")).toBe(true);
    const { event, bytes } = entries[199]!;
    expect(event).toEqual({ ...ENVELOPE, seq: 199, id: "199", salt: "" });
    expect(bytes).toHaveLength(1_024);
  });

  it("gives what is in a log first, and announces no text that has come to its log meanwhile", () => {
    const { buffer } = bufferOf(10, "catch-up");
    for (const stream of ["one", "two", "one"]) buffer.announce(volatile(stream));
    buffer.push(stored(1, { stream: "one" }));
    buffer.announce(volatile("one"));
    buffer.push(stored(2));
    expect(named(drain(buffer))).toEqual([1, 2, "two", "one"]);
  });

  it("lets go of announcements without calling that a loss, and without being overrun by them", () => {
    const { buffer, dropped } = bufferOf(2, "disconnect");
    for (const stream of ["one", "two", "three"]) buffer.announce(volatile(stream));
    expect(buffer.overflowed).toBe(false);
    expect(named(drain(buffer))).toEqual(["two", "three"]);
    expect(dropped).toEqual([]);
    expect(buffer.takeDropped()).toBeUndefined();
  });
});
