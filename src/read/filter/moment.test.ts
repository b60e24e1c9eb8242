import { describe, expect, it } from "vitest";

import { parseDuration, parseMoment } from "./moment.ts";

const NOW_MS = Date.parse("2026-01-06T22:00:00.000Z");

describe("a moment", () => {
  it.each([
    ["2026-01-06T22:00:00Z", "2026-01-06T22:00:00.000Z"],
    ["2026-01-06T23:00:00.123456+01:00", "2026-01-06T22:00:00.123Z"],
    ["90s", "2026-01-06T21:58:30.000Z"],
    ["30m", "2026-01-06T21:30:00.000Z"],
    ["2h", "2026-01-06T20:00:00.000Z"],
    ["7d", "2025-12-30T22:00:00.000Z"],
    ["1h30m", "2026-01-06T20:30:00.000Z"],
    ["0s", "2026-01-06T22:00:00.000Z"],
  ])("%s is %s", (moment, instant) => {
    expect(new Date(parseMoment("since", moment, NOW_MS)).toISOString()).toBe(instant);
  });

  it.each([
    "",
    "1",
    "h",
    "1x",
    "30m1h",
    "1h 30m",
    "-1h",
    "1.5h",
    "yesterday",
    "2026-01-06",
    "2026-02-30T00:00:00Z",
  ])("%j is refused and not taken for something else", (moment) => {
    expect(() => parseMoment("since", moment, NOW_MS)).toThrow(RangeError);
  });

  it("says that an offset is missing", () => {
    expect(() => parseMoment("until", "2026-01-06T22:00:00", NOW_MS)).toThrow(
      /until .* its offset from UTC is missing/,
    );
  });

  it("may be a Date, but not an invalid one, and nothing else", () => {
    expect(parseMoment("since", new Date(5), NOW_MS)).toBe(5);
    expect(() => parseMoment("since", new Date(NaN), NOW_MS)).toThrow(RangeError);
    expect(() => Reflect.apply(parseMoment, undefined, ["since", 5, NOW_MS])).toThrow(TypeError);
  });

  it("that lies before all time is the beginning of time", () => {
    expect(parseMoment("since", "999999999w", NOW_MS)).toBe(Date.parse("0000-01-01T00:00:00.000Z"));
  });
});

it("a duration has whole numbers of units, longest first", () => {
  expect(parseDuration("1w2d3h4m5s")).toBe((((9 * 24 + 3) * 60 + 4) * 60 + 5) * 1000);
  expect(parseDuration("5s4m")).toBeUndefined();
  expect(parseDuration("")).toBeUndefined();
});
