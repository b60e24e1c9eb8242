import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { randomSalt, uuidv7 } from "../base/ids.ts";
import { formatTimestamp, SEVERITIES } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import { LineWriter } from "./line-writer.ts";
import { encodeIdentity, encodeLine, isEnvelopeName } from "./line.ts";
import type { LineParts } from "./line.ts";

const anyBody = fc
  .dictionary(fc.string({ unit: "binary", maxLength: 12 }), fc.jsonValue({ stringUnit: "binary" }), {
    noNullPrototype: true,
  })
  .map(
    (body) => Object.fromEntries(Object.entries(body).filter(([key]) => !isEnvelopeName(key))) as JsonObject,
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

function written(parts: LineParts): Buffer | undefined {
  const line = new LineWriter(identity).lineOf(parts);
  if (line === undefined) return undefined;
  const into = Buffer.alloc(64 * 1024, "#");
  const end = line.writeTo(into, 7);
  expect(into.toString("latin1", 0, 7)).toBe("#######");
  return into.subarray(7, end);
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

  it("says of a line that it fits only when it does", () => {
    fc.assert(
      fc.property(anyParts, fc.integer({ min: 1, max: 1_000 }), (parts, bytes) => {
        const line = new LineWriter(identity).lineOf(parts);
        if (line?.fitsIn(bytes) !== true) return;
        expect(line.writeTo(Buffer.alloc(4096), 0)).toBeLessThanOrEqual(bytes);
      }),
    );
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
