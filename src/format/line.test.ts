import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatTimestamp, MAX_TIME_MS, MIN_TIME_MS, SEVERITIES } from "../event/index.ts";
import type { Event, JsonObject } from "../event/index.ts";
import { decodeLine, encodeEvent, isEnvelopeName } from "./line.ts";

const anyText = fc.string({ unit: "binary" });
const anyJson = fc.jsonValue({ stringUnit: "binary", maxDepth: 4 });
const anyBody = fc
  .dictionary(fc.string({ unit: "binary", maxLength: 12 }), anyJson, { maxKeys: 6, noNullPrototype: true })
  .map(
    (body) => Object.fromEntries(Object.entries(body).filter(([key]) => !isEnvelopeName(key))) as JsonObject,
  );
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Any event in the order our writer emits it. */
const anyEvent: fc.Arbitrary<Event> = fc
  .record({
    event: fc.string({ unit: "binary", minLength: 1, maxLength: 32 }),
    timestamp: fc.integer({ min: MIN_TIME_MS, max: MAX_TIME_MS }).map(formatTimestamp),
    severity: fc.constantFrom(...SEVERITIES),
    seq: fc.nat(),
    id: fc.uuid({ version: 7 }),
    session_id: anyText,
    agent_id: anyText,
    parent_id: optional(anyText),
    call_id: optional(anyText),
    body: anyBody,
    source: optional(fc.record({ file: anyText, offset: fc.nat(), line: fc.nat() })),
    sanitized: optional(fc.array(anyText)),
    copy_of: optional(anyText),
    time_inferred: optional(fc.constant(true as const)),
    salt: fc.stringMatching(/^[A-Za-z0-9_-]{16}$/),
  })
  .map(({ body, ...envelope }) => {
    const { source, sanitized, copy_of, time_inferred, salt, ...head } = envelope;
    const event = { ...head, ...body, source, sanitized, copy_of, time_inferred, salt };
    return JSON.parse(JSON.stringify(event)) as Event;
  });

// What `tail` or a line splitter could trip over: controls, DEL, C1, separators, bidirectional controls.
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("encodeEvent and decodeLine", () => {
  it("decode(encode(x)) is x, in the same order, and encoding that again gives the same bytes", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const line = encodeEvent(event);
        const decoded = decodeLine(Buffer.from(line));
        expect(decoded).toEqual({ kind: "event", event });
        if (decoded.kind === "event") expect(encodeEvent(decoded.event)).toBe(line);
      }),
      { numRuns: 500 },
    );
  });

  it("writes exactly one newline, at the end, and no forbidden character", () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const line = encodeEvent(event);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(FORBIDDEN.test(line)).toBe(false);
        expect(Buffer.from(line).toString("utf8")).toBe(line);
      }),
      { numRuns: 500 },
    );
  });

  it("puts type, time and severity where readers look for them without parsing", () => {
    const line = encodeEvent({
      event: "TOOL_CALL",
      timestamp: "2026-01-06T22:00:00.000Z",
      severity: "INFO",
      seq: 17,
      id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
      session_id: "s",
      agent_id: "a",
      call_id: "toolu_01A",
      tool: "bash",
      salt: "q83vEjRWeJCrze8S",
    });
    expect(line).toBe(
      '{"event":"TOOL_CALL","timestamp":"2026-01-06T22:00:00.000Z","severity":"INFO","seq":17,' +
        '"id":"019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41","session_id":"s","agent_id":"a","call_id":"toolu_01A",' +
        '"tool":"bash","salt":"q83vEjRWeJCrze8S"}\n',
    );
  });

  it("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(["event", "torn", "corrupt"]).toContain(decodeLine(bytes).kind);
      }),
    );
  });

  it("calls a line torn wherever it is cut, and never takes it for an event", () => {
    fc.assert(
      fc.property(anyEvent, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (event, where) => {
        const bytes = Buffer.from(encodeEvent(event));
        expect(decodeLine(bytes.subarray(0, Math.floor(bytes.length * where))).kind).toBe("torn");
      }),
    );
  });
});

describe("decodeLine", () => {
  const decode = (text: string) => decodeLine(Buffer.from(text));
  const envelope = '"timestamp":"2026-01-06T22:00:00Z","seq":0,"session_id":"s"';

  it("accepts any order and keeps unknown fields and types", () => {
    const decoded = decode(
      `{"future":[1],"session_id":"s","seq":3,"timestamp":"2026-01-06T22:00:00Z","event":"nav"}\n`,
    );
    expect(decoded).toMatchObject({ kind: "event", event: { event: "nav", future: [1], seq: 3 } });
  });

  it("takes the severity from the type when it is missing or unknown", () => {
    expect(decode(`{"event":"ERROR",${envelope}}\n`)).toMatchObject({ event: { severity: "ERROR" } });
    expect(decode(`{"event":"START",${envelope},"severity":"LOUD"}\n`)).toMatchObject({
      event: { severity: "INFO" },
    });
  });

  it.each([
    ["a number", "42\n", "not an object"],
    ["an array", "[]\n", "not an object"],
    ["null", "null\n", "not an object"],
    ["half an object", '{"event":\n', "not JSON"],
    ["two objects", `{"event":"A",${envelope}}{"event":"B",${envelope}}\n`, "not JSON"],
    ["NUL bytes", "\0\0\0\n", "not JSON"],
    ["nothing", "\n", "not JSON"],
    ["no type", `{${envelope}}\n`, '"event"'],
    [
      "a time without an offset",
      '{"event":"A","timestamp":"2026-01-06T22:00:00","seq":0,"session_id":"s"}\n',
      '"timestamp"',
    ],
    [
      "a negative seq",
      '{"event":"A","timestamp":"2026-01-06T22:00:00Z","seq":-1,"session_id":"s"}\n',
      '"seq"',
    ],
  ])("calls %s corrupt and says why", (_, text, reason) => {
    const decoded = decode(text);
    expect(decoded.kind).toBe("corrupt");
    if (decoded.kind === "corrupt") expect(decoded.reason).toContain(reason);
  });

  it("calls a line with a byte that is not UTF-8 corrupt", () => {
    expect(decodeLine(Buffer.from([0x7b, 0xff, 0x7d, 0x0a]))).toEqual({
      kind: "corrupt",
      reason: "the line is not valid UTF-8",
    });
  });

  it("keeps __proto__ as a field like any other and changes no prototype", () => {
    const decoded = decode(`{"event":"A",${envelope},"agent_id":"a","__proto__":{"polluted":true}}\n`);
    expect(decoded.kind).toBe("event");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    if (decoded.kind === "event")
      expect(encodeEvent(decoded.event)).toContain('"__proto__":{"polluted":true}');
  });
});
