import { readFileSync } from "node:fs";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  ENVELOPE_HEAD,
  ENVELOPE_TAIL,
  EVENT_TYPES,
  eventSchema,
  FIELDS,
  formatTimestamp,
  isStandardType,
  isWrittenTimestamp,
  MAX_TIME_MS,
  MIN_TIME_MS,
  parseTimestamp,
  severityOfType,
  severityRank,
} from "./index.ts";

describe("timestamps", () => {
  it("parse(format(t)) is t, for every instant that RFC 3339 can write", () => {
    fc.assert(
      fc.property(fc.integer({ min: MIN_TIME_MS, max: MAX_TIME_MS }), (timeMs) => {
        const text = formatTimestamp(timeMs);
        expect(parseTimestamp(text)).toBe(timeMs);
        expect(isWrittenTimestamp(text)).toBe(true);
      }),
    );
  });

  it("reads any offset as the same instant", () => {
    expect(parseTimestamp("2026-01-06T23:00:00+01:00")).toBe(parseTimestamp("2026-01-06T22:00:00.000Z"));
    expect(parseTimestamp("2026-01-06t22:00:00.123456z")).toBe(parseTimestamp("2026-01-06T22:00:00.123Z"));
    expect(parseTimestamp("2026-01-06 16:30:00-0530")).toBe(parseTimestamp("2026-01-06T22:00:00Z"));
  });

  it.each([
    ["no offset", "2026-01-06T22:00:00"],
    ["no such day", "2026-02-30T00:00:00Z"],
    ["29 February of a common year", "2025-02-29T00:00:00Z"],
    ["hour 24", "2026-01-06T24:00:00Z"],
    ["month 13", "2026-13-01T00:00:00Z"],
    ["offset of 99 hours", "2026-01-06T22:00:00+99:00"],
    ["a date only", "2026-01-06"],
    ["words", "yesterday"],
    ["before year 0 in UTC", "0000-01-01T00:00:00+01:00"],
  ])("refuses %s", (_, text) => {
    expect(parseTimestamp(text)).toBeUndefined();
    expect(isWrittenTimestamp(text)).toBe(false);
  });

  it("takes a leap second as the moment before midnight", () => {
    expect(parseTimestamp("2016-12-31T23:59:60Z")).toBe(parseTimestamp("2016-12-31T23:59:59.999Z"));
  });

  it("refuses to write what no reader could read", () => {
    for (const bad of [Number.NaN, Infinity, MAX_TIME_MS + 1, MIN_TIME_MS - 1]) {
      expect(() => formatTimestamp(bad)).toThrow(RangeError);
    }
  });
});

describe("the vocabulary", () => {
  it("gives no body field the name of an envelope field", () => {
    const envelope = new Set<string>([...ENVELOPE_HEAD, ...ENVELOPE_TAIL]);
    expect(Object.keys(FIELDS).filter((name) => envelope.has(name))).toEqual([]);
  });

  it("names only fields that are defined, and every field on some type", () => {
    const used = new Set<string>(Object.values(EVENT_TYPES).flatMap(({ has, may }) => [...has, ...may]));
    expect([...used].filter((name) => !(name in FIELDS))).toEqual([]);
    const unused = Object.keys(FIELDS).filter((name) => !used.has(name));
    // These stand on custom and imported events only.
    expect(unused.toSorted()).toEqual(["agent_process", "record", "source_type"]);
  });

  it("knows the severity of standard types and takes any other as INFO", () => {
    expect(severityOfType("ERROR")).toBe("ERROR");
    expect(severityOfType("nav")).toBe("INFO");
    expect(severityOfType("constructor")).toBe("INFO");
    expect(isStandardType("hasOwnProperty")).toBe(false);
    expect(severityRank("CRITICAL")).toBeGreaterThan(severityRank("ERROR"));
  });
});

describe("the JSON Schema", () => {
  it("in the package is the one made from the tables", () => {
    const shipped: unknown = JSON.parse(
      readFileSync(new URL("../../schema/event.schema.json", import.meta.url), "utf8"),
    );
    expect(shipped).toEqual(eventSchema());
  });
});
