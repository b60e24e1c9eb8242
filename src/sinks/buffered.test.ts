import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { testEvents } from "../testing/index.ts";
import { asyncBufferedSink, bufferedSink, memorySink } from "./index.ts";
import type { Overflow, Sink } from "./index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const later = async (action: () => void): Promise<void> => {
  await turn();
  action();
};

/** A destination that takes nothing until the gate is opened. */
function gated(): { sink: Sink; open: () => void; lines: string[] } {
  const lines: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return { sink: { write: (_event, line) => gate.then(() => void lines.push(line)) }, open, lines };
}

type Fate = "at once" | "later" | "refused at once" | "refused later";

/** A destination that treats each event as it is told, and in the end knows what it has. */
function fickle(fates: readonly Fate[], maxInFlight: number): { sink: Sink; taken: Set<number> } {
  const taken = new Set<number>();
  let calls = 0;
  const sink: Sink = {
    maxInFlight,
    write: ({ seq }) => {
      const fate = fates[calls++ % fates.length] ?? "at once";
      if (fate === "refused at once") throw new Error("no");
      if (fate === "at once") return void taken.add(seq);
      return later(() => {
        if (fate === "refused later") throw new Error("no");
        taken.add(seq);
      });
    },
  };
  return { sink, taken };
}

describe("nothing is lost silently", () => {
  it("accepted + dropped + refused = offered, under every policy and for every destination", async () => {
    const scenario = fc.record({
      overflow: fc.constantFrom<Overflow>("block", "drop-newest", "raise"),
      capacity: fc.integer({ min: 1, max: 6 }),
      maxWaiting: fc.integer({ min: 1, max: 6 }),
      maxInFlight: fc.constantFrom(1, 3, Infinity),
      isAsync: fc.boolean(),
      fates: fc.array(fc.constantFrom<Fate>("at once", "later", "refused at once", "refused later"), {
        minLength: 1,
        maxLength: 6,
      }),
      // After how many events each producer gives the event loop a turn.
      pace: fc.integer({ min: 1, max: 20 }),
      events: fc.integer({ min: 1, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(
        scenario,
        async ({ overflow, maxInFlight, isAsync, fates, pace, events, ...bounds }) => {
          const { sink: destination, taken } = fickle(fates, maxInFlight);
          const make = isAsync ? asyncBufferedSink : bufferedSink;
          const sink = make(destination, { overflow, ...bounds });
          const fate = { accepted: 0, dropped: 0, refused: 0 };
          const told: Promise<unknown>[] = [];
          let mostHeld = 0;
          for (const { event, line } of testEvents(events)) {
            const offer = async (): Promise<void> => {
              try {
                if ((await sink.deliver(event, line)) === "dropped") fate.dropped++;
                else fate.accepted++;
              } catch {
                fate.refused++;
              }
            };
            told.push(offer());
            mostHeld = Math.max(mostHeld, sink.pendingEvents);
            if (event.seq % pace === 0) await turn();
          }
          await sink.close().catch(() => undefined);
          await Promise.all(told);
          expect(fate.accepted + fate.dropped + fate.refused).toBe(events);
          // What each caller was told, what the sink says, and what the destination has are the same.
          expect(taken.size).toBe(fate.accepted);
          expect([sink.deliveredEvents, sink.droppedEvents, sink.refusedEvents, sink.pendingEvents]).toEqual([
            fate.accepted,
            fate.dropped,
            fate.refused,
            0,
          ]);
          expect(mostHeld).toBeLessThanOrEqual(
            bounds.capacity + (overflow === "block" ? bounds.maxWaiting : 0),
          );
          if (overflow !== "drop-newest") expect(fate.dropped).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("bufferedSink", () => {
  it("takes a promise of somebody's own that settles at once", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what this is about
    const settled = { then: (resolve: () => void) => resolve() };
    const sink = bufferedSink({ write: () => settled as Promise<void> });
    for (const { event, line } of testEvents(3)) void sink.write(event, line);
    await sink.close();
    expect([sink.deliveredEvents, sink.pendingEvents]).toEqual([3, 0]);
  });

  it("is full at its capacity, 2,048 unless it is told otherwise, events under way included", async () => {
    const { sink: destination, open, lines } = gated();
    const sink = bufferedSink(destination, { overflow: "drop-newest" });
    const events = testEvents(2_050);
    const outcomes = events.map(({ event, line }) => sink.write(event, line));
    await turn();
    expect(sink.write(events[0]!.event, events[0]!.line)).toBe("dropped");
    expect(outcomes.filter((outcome) => outcome === "dropped")).toHaveLength(2);
    expect(sink.droppedEvents).toBe(3);
    open();
    await sink.close();
    expect(lines).toEqual(events.slice(0, 2_048).map(({ line }) => line));
  });

  it("admits at once and says nothing of the destination, whose refusal the next flush surfaces", async () => {
    const down = new Error("the collector is down");
    const sink = bufferedSink({ write: () => Promise.reject(down) });
    const [first] = testEvents(1);
    expect(sink.write(first!.event, first!.line)).toBeUndefined();
    await expect(sink.flush()).rejects.toBe(down);
    await expect(sink.flush()).resolves.toBeUndefined();
    expect(sink.refusedEvents).toBe(1);
    await sink.close();
  });

  it("raises at once when it is full, and blocks until there is room when that is the policy", async () => {
    const [a, b] = testEvents(2);
    const raising = bufferedSink(gated().sink, { capacity: 1, overflow: "raise" });
    void raising.write(a!.event, a!.line);
    expect(() => raising.write(b!.event, b!.line)).toThrow(expect.objectContaining({ code: "QUEUE_FULL" }));

    const { sink: destination, open } = gated();
    const blocking = bufferedSink(destination, { capacity: 1 });
    void blocking.write(a!.event, a!.line);
    let admitted = false;
    const waiting = Promise.resolve(blocking.write(b!.event, b!.line)).then(() => (admitted = true));
    await turn();
    await turn();
    expect(admitted).toBe(false);
    open();
    await waiting;
    await blocking.close();
  });

  it("makes a blocked producer write for a destination that writes at once: nothing waits, nothing is refused", () => {
    const destination = memorySink();
    const sink = bufferedSink(destination, { capacity: 4, maxWaiting: 1 });
    for (const { event, line } of testEvents(1_000)) expect(sink.write(event, line)).toBeUndefined();
    expect(destination.events.length).toBeGreaterThanOrEqual(996);
    sink.drainNow(true);
    expect(destination.events.map(({ seq }) => seq)).toEqual(Array.from({ length: 1_000 }, (_, seq) => seq));
  });

  it("bounds even the writes that wait, so that a caller who never awaits cannot fill the memory", async () => {
    const { sink: destination, open } = gated();
    const sink = bufferedSink(destination, { capacity: 2, maxWaiting: 3 });
    const outcomes = testEvents(6).map(({ event, line }) => sink.write(event, line));
    await expect(outcomes[5]).rejects.toMatchObject({ code: "QUEUE_FULL" });
    open();
    await Promise.all(outcomes.slice(0, 5));
    await sink.close();
    expect([sink.deliveredEvents, sink.refusedEvents]).toEqual([5, 1]);
  });

  it("gives a destination that says nothing one event at a time, and one that groups as many as it takes", async () => {
    const most = async (maxInFlight: number | undefined): Promise<number> => {
      let inFlight = 0;
      let seen = 0;
      const write = async (): Promise<void> => {
        seen = Math.max(seen, ++inFlight);
        await turn();
        inFlight--;
      };
      const sink = bufferedSink({ write, maxInFlight }, { capacity: 10 });
      const admitted = testEvents(40).map(({ event, line }) => sink.write(event, line));
      // As at a signal that the program handles itself, and goes on.
      sink.drainNow(false);
      await Promise.all(admitted);
      await sink.close();
      return seen;
    };
    expect(await most(undefined)).toBe(1);
    expect(await most(4)).toBe(4);
    // Never more than it may hold.
    expect(await most(Infinity)).toBe(10);
  });

  it("closes its destination after everything has arrived, also when something was refused", async () => {
    const steps: string[] = [];
    const sink = bufferedSink({
      write: ({ seq }) => {
        steps.push(`write ${seq}`);
        if (seq === 1) throw new Error("no");
      },
      flush: () => void steps.push("flush"),
      close: () => void steps.push("close"),
    });
    for (const { event, line } of testEvents(3)) void sink.write(event, line);
    await expect(sink.close()).rejects.toThrow("no");
    expect(steps).toEqual(["write 0", "write 1", "write 2", "flush", "close"]);
  });

  it("refuses options that it does not know and values that it cannot take", () => {
    expect(() => bufferedSink({} as Sink)).toThrow(TypeError);
    expect(() => bufferedSink(memorySink(), { capcity: 1 } as object)).toThrow('did you mean "capacity"?');
    expect(() => bufferedSink(memorySink(), { capacity: 0 })).toThrow(RangeError);
    expect(() => bufferedSink(memorySink(), { overflow: "drop-oldest" as Overflow })).toThrow(RangeError);
  });
});

describe("asyncBufferedSink", () => {
  it("never makes a producer do the destination's work, and gives the event loop its turns meanwhile", async () => {
    const destination = memorySink();
    const sink = asyncBufferedSink(destination, { capacity: 200 });
    const written = testEvents(1_000).map(({ event, line }) => sink.write(event, line));
    expect(destination.events).toHaveLength(0);
    await turn();
    await turn();
    expect(destination.events.length).toBeLessThan(200);
    await Promise.all(written);
    await sink.close();
    expect(destination.events).toHaveLength(1_000);
  });

  it("rejects where bufferedSink throws", async () => {
    const sink = asyncBufferedSink(gated().sink, { capacity: 1, overflow: "raise" });
    const [a, b] = testEvents(2);
    await sink.write(a!.event, a!.line);
    await expect(sink.write(b!.event, b!.line)).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });
});
