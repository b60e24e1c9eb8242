import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { JsonObject } from "../event/index.ts";
import { cutText, limitBody } from "./limit.ts";
import { encodeJson } from "./safe-json.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(encodeJson(value));

describe("limitBody", () => {
  it("cuts the longest text and says path, size and hash of the whole", () => {
    const long = "é".repeat(10_000);
    const { body, truncated } = limitBody({ tool: "bash", result: { stdout: long, exit_code: 0 } }, 4_000);
    expect(truncated).toEqual([
      { path: "result.stdout", bytes: 20_000, sha256: createHash("sha256").update(long).digest("hex") },
    ]);
    const result = body["result"] as JsonObject;
    expect(long.startsWith(String(result["stdout"]))).toBe(true);
    expect(String(result["stdout"]).length).toBeGreaterThan(1_000);
    expect(body["tool"]).toBe("bash");
    expect(result["exit_code"]).toBe(0);
  });

  it("cuts several long texts to one even length and leaves the short ones", () => {
    const { body, truncated } = limitBody(
      { a: "a".repeat(9_000), b: "b".repeat(8_000), c: "c".repeat(300) },
      6_000,
    );
    expect(truncated.map(({ path }) => path).toSorted()).toEqual(["a", "b"]);
    expect(String(body["a"]).length).toBe(String(body["b"]).length);
    expect(body["c"]).toHaveLength(300);
  });

  it("fits whatever the shape, and accounts for everything it cut", () => {
    const anyBody = fc.dictionary(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.oneof(
        fc.jsonValue({ stringUnit: "binary" }),
        fc.string({ unit: "binary", minLength: 500, maxLength: 4_000 }),
        fc.array(fc.integer(), { minLength: 500, maxLength: 2_000 }),
        fc.array(fc.string({ minLength: 50, maxLength: 90 }), { minLength: 50, maxLength: 100 }),
      ),
      { maxKeys: 30, noNullPrototype: true },
    );
    fc.assert(
      fc.property(anyBody, fc.integer({ min: 2_000, max: 20_000 }), (body, maxBytes) => {
        fc.pre(bytesOf(body) > maxBytes);
        const limited = limitBody(body as JsonObject, maxBytes);
        expect(bytesOf(limited.body) + bytesOf(limited.truncated)).toBeLessThanOrEqual(maxBytes);
        expect(limited.truncated.length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("cutText", () => {
  it("never splits a character in two", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme-composite", maxLength: 60 }),
        fc.nat({ max: 120 }),
        (text, maxBytes) => {
          const cut = cutText(text, maxBytes);
          expect(text.startsWith(cut)).toBe(true);
          expect(bytesOf(cut) - 2).toBeLessThanOrEqual(maxBytes);
          expect(Buffer.from(cut).toString()).toBe(cut);
        },
      ),
    );
  });
});
