// What every sink promises (src/sinks/sink.ts), as checks that run under any test runner.

import assert from "node:assert/strict";

import { deliver } from "../sinks/sink.ts";
import type { Sink } from "../sinks/sink.ts";
import { testEvents } from "./events.ts";
import type { TestEvent } from "./events.ts";

/** A sink, and how to look at what became of its events. */
export interface SinkUnderTest {
  sink: Sink;
  /** The lines that have arrived at its end, in order. Left out for a sink that keeps nothing. */
  arrived?: () => readonly string[] | Promise<readonly string[]>;
  /** Makes its end refuse events from now on. Left out for a sink that cannot fail. */
  fail?: () => void;
  /** Makes its end accept events again. Left out when a failure is for good. */
  heal?: () => void;
  /** Cleans up. The sink is closed by then. */
  dispose?: () => void | Promise<void>;
}

export interface SinkCheck {
  name: string;
  /** Rejects with what is wrong. */
  run: () => Promise<void>;
}

/**
 * The checks that a sink has to pass. Each makes a sink of its own.
 *
 * @param name of the sink; begins the name of every check
 * @example
 * import { test } from "node:test";
 * import { sinkContract } from "tracekeep/testing";
 *
 * for (const { name, run } of sinkContract("QueueSink", () => ({ sink: new QueueSink() }))) test(name, run);
 */
export function sinkContract(
  name: string,
  makeSink: () => SinkUnderTest | Promise<SinkUnderTest>,
): SinkCheck[] {
  return Object.entries(CHECKS).map(([promise, check]) => ({
    name: `${name} ${promise}`,
    run: async () => {
      const subject = await makeSink();
      try {
        await check(subject);
      } finally {
        await subject.sink.close?.();
        await subject.dispose?.();
      }
    },
  }));
}

// --- internal ---

const CHECKS: Record<string, (subject: SinkUnderTest) => Promise<void>> = {
  "passes on the very lines, in order, when nobody waits between two writes": async (subject) => {
    const events = testEvents(500);
    await Promise.all(events.map(async ({ event, line }) => await subject.sink.write(event, line)));
    await subject.sink.flush?.();
    await assertArrived(subject, events);
  },

  "passes on long lines and characters of every kind": async (subject) => {
    const messages = ["a".repeat(200_000), "é😀𝔘\u2028\u009b\u0000\n", "\ud800", ""];
    const events = testEvents(messages.length, (seq) => ({ message: messages[seq] ?? "" }));
    for (const { event, line } of events) await subject.sink.write(event, line);
    await subject.sink.flush?.();
    await assertArrived(subject, events);
  },

  "does not change an event": async ({ sink }) => {
    const [{ event, line }] = testEvents(1, () => ({ args: { list: [1, { deep: true }] } })) as [TestEvent];
    const before = structuredClone(event);
    await sink.write(event, line);
    await sink.flush?.();
    assert.deepEqual(event, before);
    assert.ok(Object.isFrozen(event));
  },

  "can be flushed at any time": async (subject) => {
    const { sink } = subject;
    await sink.flush?.();
    const events = testEvents(3);
    for (const { event, line } of events) {
      await sink.write(event, line);
      await Promise.all([sink.flush?.(), sink.flush?.()]);
    }
    await assertArrived(subject, events);
  },

  "passes on everything before it closes, closes twice, and refuses events then": async (subject) => {
    const { sink } = subject;
    if (sink.close === undefined) return;
    const events = testEvents(100);
    const written = events.map(async ({ event, line }) => await sink.write(event, line));
    await sink.close();
    await Promise.all(written);
    await assertArrived(subject, events);
    await sink.close();
    const [{ event, line }] = testEvents(1) as [TestEvent];
    await assert.rejects(async () => await sink.write(event, line), "a closed sink took an event");
  },

  "says of each event whether it was accepted": async (subject) => {
    const { sink, fail, heal } = subject;
    const events = testEvents(90);
    const accepted: TestEvent[] = [];
    const outcomes: Promise<void>[] = [];
    for (const [index, each] of events.entries()) {
      if (index === 30) {
        await Promise.all(outcomes);
        fail?.();
      }
      if (index === 60) {
        await Promise.all(outcomes);
        heal?.();
      }
      const attempt = async (): Promise<void> => {
        if ((await deliver(sink, each.event, each.line)) === undefined) accepted.push(each);
      };
      outcomes.push(attempt().catch(() => undefined));
    }
    await Promise.all(outcomes);
    await Promise.resolve(sink.flush?.()).catch(() => undefined);
    assert.ok(accepted.length >= 30, "events were refused that nothing stood in the way of");
    if (fail !== undefined) {
      const seqs = accepted.map(({ event }) => event.seq).filter((seq) => seq >= 30 && seq < 60);
      assert.deepEqual(seqs, [], "events were accepted that did not arrive");
    }
    if (heal !== undefined) assert.ok(accepted.at(-1)?.event.seq === 89, "it did not go on after a failure");
    await assertArrived(subject, accepted);
  },
};

async function assertArrived({ arrived }: SinkUnderTest, events: readonly TestEvent[]): Promise<void> {
  if (arrived === undefined) return;
  const expected = events.map(({ line }) => line);
  assert.deepEqual(await arrived(), expected);
}
