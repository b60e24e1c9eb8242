import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { EventDraft, JsonObject } from "../event/index.ts";
import { decodeLine, encodeIdentity, encodeLine } from "../format/index.ts";
import { Redactor } from "../redact/index.ts";
import { DraftReader } from "./draft.ts";

const NOW = Date.parse("2026-01-06T22:00:00Z");
const reader = () => new DraftReader({ wallMs: () => NOW, monotonicMs: () => 0 }, new Redactor());
const read = (draft: Record<string, unknown>) => reader().read(draft as EventDraft);

describe("DraftReader", () => {
  it("takes the time from the clock, the severity from the type, and a time that is given as that instant", () => {
    expect(read({ event: "ERROR" })).toMatchObject({
      timestamp: "2026-01-06T22:00:00.000Z",
      severity: "ERROR",
    });
    expect(read({ event: "nav", timestamp: "2020-01-01T01:00:00+01:00" }).timestamp).toBe(
      "2020-01-01T00:00:00.000Z",
    );
    const dated = read({ event: "nav", timestamp: new Date(0) });
    expect(dated.timestamp).toBe("1970-01-01T00:00:00.000Z");
    expect(dated.sanitized).toBeUndefined();
  });

  it("makes an event that says it failed an ERROR, unless it says how severe it is", () => {
    expect(read({ event: "TOOL_RESULT", status: "error" }).severity).toBe("ERROR");
    expect(read({ event: "TOOL_RESULT", status: "error", severity: "WARN" }).severity).toBe("WARN");
    expect(read({ event: "TOOL_RESULT", status: "denied" }).severity).toBe("INFO");
  });

  it("takes fields that are named by numbers, which an object has before its type", () => {
    const given = { event: "nav", call_id: "c", 7: "seven", 0: { 1: true } };
    expect(Object.keys(given)[0]).toBe("0");
    const line = encodeLine(read(given), encodeIdentity("s", "a"));
    expect(decodeLine(Buffer.from(line))).toMatchObject({ kind: "event", event: given });
    expect(line).toMatch(/^\{"event":"nav","timestamp":.*"call_id":"c","0":\{"1":true\},"7":"seven","salt":/);
  });

  it("refuses a time without an offset: keeps it aside and uses the clock", () => {
    const parts = read({ event: "nav", timestamp: "2026-01-06T22:00:00" });
    expect(parts.timestamp).toBe("2026-01-06T22:00:00.000Z");
    expect(parts.body).toEqual({ metadata: { reserved: { timestamp: "2026-01-06T22:00:00" } } });
    expect(parts.sanitized).toEqual(["timestamp"]);
  });

  it("moves envelope names out of the body, whatever stands under them, and keeps the user's metadata", () => {
    const parts = read({
      event: "nav",
      seq: 99,
      id: "mine",
      session_id: { a: 1 },
      salt: "x",
      metadata: { run: 7 },
      tool: "t",
    });
    expect(parts.body).toEqual({
      metadata: { run: 7, reserved: { seq: 99, id: "mine", session_id: { a: 1 }, salt: "x" } },
      tool: "t",
    });
    expect(parts.sanitized?.toSorted()).toEqual(["id", "salt", "seq", "session_id"]);
  });

  it("calls an event without a type UNKNOWN and cuts a type that is too long, keeping the whole of it", () => {
    expect(read({}).event).toBe("UNKNOWN");
    expect(read({ event: 7 })).toMatchObject({
      event: "UNKNOWN",
      body: { metadata: { reserved: { event: 7 } } },
    });
    const long = "ü".repeat(100);
    const parts = read({ event: long });
    expect(Buffer.byteLength(parts.event)).toBeLessThanOrEqual(128);
    expect(parts.body).toEqual({ metadata: { reserved: { event: long } } });
  });

  it("refuses a severity nobody knows and ids that are no short text", () => {
    const parts = read({ event: "nav", severity: "LOUD", call_id: 5, parent_id: "p".repeat(2_000) });
    expect(parts.severity).toBe("INFO");
    expect(parts.call_id).toBeUndefined();
    expect(parts.sanitized?.toSorted()).toEqual(["call_id", "parent_id", "severity"]);
  });

  it("keeps secrets out of the body and leaves the caller's object as it was", () => {
    const draft = { event: "TOOL_CALL", tool: "bash", args: { api_key: "abcdefghij", command: "ls" } };
    const before = structuredClone(draft);
    expect(JSON.stringify(read(draft).body)).not.toContain("abcdefghij");
    expect(draft).toEqual(before);
  });

  it("keeps secrets out of the paths of what was written in another form", () => {
    const secret = "ghp_Q7xV2mKp9RtZ4wLs8NcB3yHj6GdF1aEuTo24";
    const { body, sanitized } = read({ event: "NOTE", by_token: new Map([[secret, NaN]]) });
    expect(JSON.stringify({ body, sanitized })).not.toContain(secret);
    expect(sanitized).toContainEqual(expect.stringMatching(/^by_token\.\[REDACTED:github-token:/));
  });

  it("makes a whole line of anything, without ever throwing", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(
            fc.string(),
            fc.constantFrom(
              "event",
              "timestamp",
              "severity",
              "seq",
              "salt",
              "call_id",
              "metadata",
              "source",
              "__proto__",
            ),
          ),
          fc.anything({ withBigInt: true, withDate: true, withMap: true }),
        ),
        (draft) => {
          const parts = read(draft);
          const line = encodeLine(parts, encodeIdentity("s", "a"));
          const decoded = decodeLine(Buffer.from(line));
          expect(decoded.kind).toBe("event");
          // No name stands twice on the line: what is parsed has as many fields as were written.
          if (decoded.kind === "event") {
            const body = JSON.parse(JSON.stringify(parts.body)) as JsonObject;
            for (const [key, value] of Object.entries(body)) expect(decoded.event[key]).toEqual(value);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
