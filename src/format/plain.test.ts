import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { joinPath, MAX_DEPTH, MAX_SANITIZED_PATHS, toPlain } from "./plain.ts";
import { encodeJson } from "./safe-json.ts";

class Point {
  x = 1;
  y = 2;
}

class Secretive {
  readonly #held = 1;
  get doubled(): number {
    return this.#held * 2;
  }
}

describe("toPlain", () => {
  it("gives plain JSON back as the same object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (body) => {
        const plain = toPlain(body);
        expect(plain.body).toBe(body);
        expect(plain.sanitized).toEqual([]);
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ["NaN", Number.NaN, "NaN"],
    ["infinity", -Infinity, "-Infinity"],
    ["a bigint", 2n ** 70n, "1180591620717411303424"],
    ["a date", new Date("2026-01-06T22:00:00Z"), "2026-01-06T22:00:00.000Z"],
    ["an invalid date", new Date(Number.NaN), "Invalid Date"],
    ["a map with text keys", new Map([["a", 1]]), { a: 1 }],
    ["a map with other keys", new Map([[1, "a"]]), [[1, "a"]]],
    ["a set", new Set([1, 2]), [1, 2]],
    ["bytes", new Uint8Array([1, 2, 3]), { type: "Uint8Array", base64: "AQID" }],
    ["a buffer", Buffer.from([1, 2, 3]), { type: "Buffer", base64: "AQID" }],
    ["a promise", Promise.resolve(1), "[Promise]"],
    ["headers", new Headers({ accept: "text/html" }), "[Headers]"],
    ["an object whose fields are private", new Secretive(), "[Secretive]"],
    ["a regular expression", /a+/g, "/a+/g"],
    ["a URL", new URL("https://example.org/a"), "https://example.org/a"],
    ["a function", () => 1, "[function]"],
    ["a symbol", Symbol("s"), "[Symbol(s)]"],
    ["a boxed number", new Number(5), 5],
  ])("writes %s in its documented form and lists it", (_, value, expected) => {
    expect(toPlain({ result: { value } })).toEqual({
      body: { result: { value: expected } },
      sanitized: ["result.value"],
    });
  });

  it("keeps a buffer whole, however long, and what stands behind it", () => {
    const bytes = Buffer.alloc(1_500_000, 7);
    const { body, sanitized } = toPlain({ bytes, behind: { it: 1 } });
    expect(body).toEqual({ bytes: { type: "Buffer", base64: bytes.toString("base64") }, behind: { it: 1 } });
    expect(sanitized).toEqual(["bytes"]);
  });

  it("writes an error with its message, stack, cause and own fields", () => {
    const error = Object.assign(new TypeError("no", { cause: new Error("why") }), { code: "E_NO" });
    const { body, sanitized } = toPlain({ error });
    expect(body["error"]).toMatchObject({
      name: "TypeError",
      message: "no",
      code: "E_NO",
      cause: { message: "why" },
    });
    expect(JSON.stringify(body)).toContain("plain.test.ts");
    expect(sanitized).toContain("error");
  });

  it("names the place that a cycle goes back to", () => {
    const args: Record<string, unknown> = { list: [] };
    (args["list"] as unknown[]).push(args);
    expect(toPlain({ args })).toEqual({
      body: { args: { list: ["[circular: args]"] } },
      sanitized: ["args.list[0]"],
    });
  });

  it("takes the same object in two places for what it is: no cycle", () => {
    const shared = { a: 1 };
    expect(toPlain({ x: shared, y: shared, z: new Set([shared]) }).body).toEqual({
      x: shared,
      y: shared,
      z: [shared],
    });
  });

  it("writes the fields of a class instance as JSON.stringify does", () => {
    expect(toPlain({ at: new Point() })).toEqual({ body: { at: { x: 1, y: 2 } }, sanitized: [] });
  });

  it("survives getters, toJSON and proxies that throw", () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const evil = {
      get boom(): never {
        throw new Error("in a getter");
      },
      json: {
        toJSON() {
          throw new Error("in toJSON");
        },
      },
      proxy,
      fine: 1,
    };
    const { body, sanitized } = toPlain({ evil });
    expect(body["evil"]).toMatchObject({
      boom: "[throws: in a getter]",
      json: "[unreadable: in toJSON]",
      fine: 1,
    });
    expect(sanitized).toEqual(expect.arrayContaining(["evil.boom", "evil.json", "evil.proxy"]));
  });

  it("cuts what is nested too deep, at a depth that JSON.stringify can take", () => {
    let deep: unknown = "bottom";
    for (let level = 0; level < 100_000; level++) deep = [deep];
    const { body, sanitized } = toPlain({ deep });
    expect(JSON.stringify(body)).toContain("[too deep]");
    expect(sanitized).toHaveLength(1);
    let depth = 0;
    for (let value: unknown = body["deep"]; Array.isArray(value); value = value[0]) depth++;
    expect(depth).toBeLessThanOrEqual(MAX_DEPTH);
  });

  it("does not unfold shared references without end", () => {
    let bomb: unknown = ["boom"];
    for (let level = 0; level < 60; level++) bomb = [bomb, bomb];
    const { body } = toPlain({ bomb });
    expect(JSON.stringify(body)).toContain("[too many values]");
  });

  it("lists a bounded number of paths and says how many more there were", () => {
    const { sanitized } = toPlain({
      numbers: Array.from({ length: MAX_SANITIZED_PATHS + 7 }, () => Number.NaN),
    });
    expect(sanitized).toHaveLength(MAX_SANITIZED_PATHS + 1);
    expect(sanitized.at(-1)).toBe("(7 more)");
  });

  it("keeps an own __proto__ field and gives no object another prototype", () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "when": 1}') as Record<string, unknown>;
    hostile["when"] = new Date(0);
    const { body } = toPlain({ hostile });
    expect(JSON.stringify(body)).toBe(
      '{"hostile":{"__proto__":{"polluted":true},"when":"1970-01-01T00:00:00.000Z"}}',
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("never throws and always gives what JSON can hold", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
          withNullPrototype: true,
          withBoxedValues: true,
        }),
        (value) => {
          const { body } = toPlain({ value });
          const text = encodeJson(body);
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(body)));
          expect(text).not.toContain("\n");
        },
      ),
    );
  });
});

describe("joinPath", () => {
  it("quotes keys that are no simple names", () => {
    expect(joinPath("args", "command")).toBe("args.command");
    expect(joinPath("", "args")).toBe("args");
    expect(joinPath("args", "a.b")).toBe('args["a.b"]');
    expect(joinPath("args", 3)).toBe("args[3]");
  });
});
