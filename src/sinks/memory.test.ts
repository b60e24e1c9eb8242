import { describe, expect, it } from "vitest";

import { testEvents } from "../testing/index.ts";
import { memorySink, nullSink } from "./index.ts";

describe("memorySink", () => {
  it("holds the very event when the call returns", () => {
    const sink = memorySink();
    const [{ event }] = testEvents(1) as [ReturnType<typeof testEvents>[0]];
    sink.write(event);
    expect(sink.events[0]).toBe(event);
  });

  it("keeps the newest of them when it is bounded, and counts the others", () => {
    const sink = memorySink({ maxEvents: 3 });
    for (const { event } of testEvents(10)) sink.write(event);
    expect(sink.events.map(({ seq }) => seq)).toEqual([7, 8, 9]);
    expect(sink.droppedEvents).toBe(7);
    sink.clear();
    expect(sink.events).toEqual([]);
    expect(sink.droppedEvents).toBe(7);
  });

  it("refuses a bound that is none", () => {
    expect(() => memorySink({ maxEvents: 0 })).toThrow(RangeError);
    expect(() => memorySink({ max: 3 } as object)).toThrow(TypeError);
  });
});

describe("nullSink", () => {
  it("accepts everything and keeps nothing", () => {
    const sink = nullSink();
    for (const { event, line } of testEvents(3)) expect(sink.write(event, line)).toBeUndefined();
    expect(Object.keys(sink)).toEqual(["maxInFlight"]);
  });
});
