import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { randomSalt, uuidv7 } from "../base/ids.ts";
import { formatTimestamp, SEVERITIES } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import { NO_ROOM } from "./json-writer.ts";
import { escapeInPlace, LINE_BUFFER_BYTES, NOT_HERE, startVectors, takeLineBuffer } from "./line-memory.ts";
import { LineWriter } from "./line-writer.ts";
import { encodeIdentity, encodeLine, isEnvelopeName, MAX_LINE_BYTES } from "./line.ts";
import type { LineParts } from "./line.ts";

const anyBody = fc
  .dictionary(fc.string({ unit: "binary", maxLength: 12 }), fc.jsonValue({ stringUnit: "binary" }), {
    noNullPrototype: true,
  })
  .map(
    (body) =>
      Object.fromEntries(
        // A field named by a number comes before all others, and no draft with one is handed in as it is.
        Object.entries(body).filter(([key]) => !isEnvelopeName(key) && !/^\d+$/.test(key)),
      ) as JsonObject,
  );

/** Parts as a draft that was logged gives them. */
const anyParts: fc.Arbitrary<LineParts> = fc
  .record({
    event: fc.oneof(
      fc.constantFrom("TOOL_CALL", "TOOL_RESULT"),
      fc.string({ unit: "binary", minLength: 1, maxLength: 40 }),
    ),
    timeMs: fc.nat(5_000),
    severity: fc.constantFrom(...SEVERITIES),
    seq: fc.oneof(fc.nat(), fc.maxSafeNat()),
    call_id: fc.option(fc.string(), { nil: undefined }),
    body: anyBody,
  })
  .map(({ event, timeMs, severity, seq, call_id, body }) => ({
    event,
    timestamp: formatTimestamp(timeMs),
    severity,
    seq,
    id: uuidv7(timeMs),
    call_id,
    body: { event, ...(call_id === undefined ? {} : { call_id }), ...body },
    typed: true,
    salt: randomSalt(),
  }));

const identity = encodeIdentity("a session \u009b", "ägent");

const writer = new LineWriter(identity, MAX_LINE_BYTES);

/** One in which texts are escaped by vectors, and an ordinary one. */
startVectors();
const buffers = [takeLineBuffer(), Buffer.alloc(LINE_BUFFER_BYTES)];

/** Undefined when it was not written straight into the buffer. */
function written(parts: LineParts, lines = writer): Buffer | undefined {
  const line = lines.lineOf(parts);
  if (typeof line === "string") return undefined;
  const [byVectors, ordinary] = buffers.map((into) => {
    into.fill("#");
    const end = line.writeTo(into, 7);
    expect(into.toString("latin1", 0, 7)).toBe("#######");
    return end === NO_ROOM ? undefined : Buffer.from(into.subarray(7, end));
  });
  expect(byVectors).toEqual(ordinary);
  return byVectors;
}

describe("LineWriter", () => {
  it("writes the very bytes of encodeLine, whatever is in an event", () => {
    fc.assert(
      fc.property(fc.array(anyParts, { minLength: 1 }), (events) => {
        for (const parts of events) {
          const expected = encodeLine(parts, identity);
          expect(written(parts)?.toString() ?? expected).toBe(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("leaves to encodeLine what has more in its envelope, and types that have to be escaped", () => {
    const parts = { ...plainParts("TOOL_CALL"), body: { event: "TOOL_CALL" } };
    expect(written(parts)).toBeDefined();
    expect(written({ ...parts, typed: false })).toBeUndefined();
    expect(written({ ...parts, copy_of: "other" })).toBeUndefined();
    expect(written({ ...parts, sanitized: ["a"] })).toBeUndefined();
    expect(written(plainParts("\u007f"))).toBeUndefined();
    expect(written(plainParts("prüfen"))).toBeUndefined();
  });

  it("finds room for a line exactly where there is some, behind other lines and at the end of the buffer", () => {
    const near = fc.integer({ min: -40, max: 40 });
    fc.assert(
      fc.property(anyParts, near, fc.nat(9), (parts, more, at) => {
        const line = writer.lineOf(parts);
        if (typeof line === "string") return;
        const expected = Buffer.from(encodeLine(parts, identity));
        const room = Math.max(0, at + expected.length + more);
        for (const buffer of [Buffer.alloc(LINE_BUFFER_BYTES), ...buffers.slice(0, 1)]) {
          buffer.fill("#");
          const into = buffer.subarray(0, room);
          const end = line.writeTo(into, at);
          expect(end).toBe(more < 0 ? NO_ROOM : at + expected.length);
          expect(into.toString("latin1", 0, at)).toBe("#".repeat(at));
          if (more >= 0) expect(into.subarray(at, end)).toEqual(expected);
          // Whatever vectors reach, it is not behind the buffer.
          expect(buffer.subarray(room).every((byte) => byte === 0x23)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("writes the very bytes of encodeJson for every value and text, whatever its length", () => {
    const character = fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom("a", "z", " ", "0", "/") },
      { weight: 2, arbitrary: fc.constantFrom('"', "\\", "\n", "\t", "\r", "\b", "\f") },
      { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
    );
    const ascii = fc.array(character, { maxLength: 400 }).map((characters) => characters.join(""));
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      ascii,
      fc.array(ascii),
    );
    fc.assert(
      fc.property(value, ascii, (each, name) => {
        const body = { [`x${name}`]: each, nested: { each }, list: [[], {}, -0, 1e9, 999_999_999, each] };
        const parts = { ...plainParts("A"), body: { event: "A", ...body } as JsonObject };
        expect(written(parts)?.toString()).toBe(encodeLine(parts, identity));
      }),
      { numRuns: 500 },
    );
  });

  it("escapes by vectors, where the engine has them", () => {
    const [into] = buffers;
    if (into === undefined) throw new Error("there is a line buffer");
    const from = into.write('a "quoted" line\n', 100) + 100;
    const end = escapeInPlace(into, 100, from, 0);
    expect(into.toString("latin1", 0, end)).toBe('a \\"quoted\\" line\\n');
    into.write("bell \u0007", 100);
    expect(escapeInPlace(into, 100, 106, 0)).toBe(NOT_HERE);
  });

  it("leaves out what JSON leaves out, and nothing that is inherited gets in", () => {
    const body = Object.create(null) as JsonObject;
    Object.assign(body, { event: "A", missing: undefined, ["__proto__x"]: 1 });
    Object.defineProperty(body, "__proto__", { value: "own", enumerable: true });
    const parts = { ...plainParts("A"), body };
    expect(written(parts)?.toString()).toBe(encodeLine(parts, identity));
    try {
      Object.assign(Object.prototype, { inherited: "a bug elsewhere" });
      const plain = plainParts("A");
      expect(written(plain)?.toString()).toBe(encodeLine(plain, identity));
    } finally {
      Reflect.deleteProperty(Object.prototype, "inherited");
    }
  });

  it("cuts a line that is longer than a line may be", () => {
    const short = new LineWriter(identity, 1_000);
    const parts = { ...plainParts("A"), body: { event: "A", text: "x".repeat(5_000), rest: 1 } };
    expect(written(parts, short)).toBeUndefined();
    const line = short.lineOf(parts);
    const bytes = typeof line === "string" ? Buffer.from(line) : line.toBuffer();
    expect(bytes.length).toBeLessThanOrEqual(1_000);
    expect(JSON.parse(bytes.toString())).toMatchObject({
      event: "A",
      rest: 1,
      truncated: [{ path: "text" }],
    });
    if (typeof line === "string") return;
    expect(line.writeTo(Buffer.alloc(4096), 0)).toBe(NO_ROOM);
    expect(line.toBuffer()).toEqual(bytes);
  });

  it("writes an id that was not made last, too", () => {
    const first = plainParts("A");
    plainParts("B");
    expect(written(first)?.toString()).toBe(encodeLine(first, identity));
  });
});

function plainParts(event: string): LineParts {
  return {
    event,
    timestamp: formatTimestamp(0),
    severity: "INFO",
    seq: 1,
    id: uuidv7(0),
    body: { event },
    typed: true,
    salt: randomSalt(),
  };
}
