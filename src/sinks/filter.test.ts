import { describe, expect, it } from "vitest";

import type { Event, Severity } from "../event/index.ts";
import { SEVERITIES } from "../event/index.ts";
import { testEvents } from "../testing/index.ts";
import { filterSink, memorySink } from "./index.ts";

const [{ event, line }] = testEvents(1) as [ReturnType<typeof testEvents>[0]];
const of = (severity: Severity): Event => ({ ...event, severity });

describe("filterSink", () => {
  it("lets through what is severe enough, by a bound that can be moved while it runs", () => {
    const end = memorySink();
    const sink = filterSink(end, { minSeverity: "ERROR" });
    for (const severity of SEVERITIES) void sink.write(of(severity), line);
    expect(end.events.map(({ severity }) => severity)).toEqual(["ERROR", "CRITICAL"]);
    sink.minSeverity = "INFO";
    end.clear();
    for (const severity of SEVERITIES) void sink.write(of(severity), line);
    expect(end.events.map(({ severity }) => severity)).toEqual(["INFO", "WARN", "ERROR", "CRITICAL"]);
    expect(sink.filteredEvents).toBe(4);
    expect(() => (sink.minSeverity = "LOUD" as Severity)).toThrow(RangeError);
  });

  it("says that it left an event out, which is neither accepted nor refused", () => {
    const sink = filterSink(memorySink(), { predicate: ({ event: type }) => type !== "CHECKPOINT" });
    expect(sink.write(event, line)).toBe("filtered");
  });

  it("refuses an event that its predicate cannot judge", () => {
    const sink = filterSink(memorySink(), {
      predicate: () => {
        throw new Error("bug");
      },
    });
    expect(() => sink.write(event, line)).toThrow("bug");
  });
});
