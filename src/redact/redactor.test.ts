import * as fc from "fast-check";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue } from "../event/json.ts";
import { withoutFingerprints } from "./fingerprint.ts";
import { Redactor } from "./redactor.ts";

const KEY = ["sk-", "ant-api03-", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xYz"].join("");
const MARK = "[REDACTED:anthropic-key]";

/** What is left of a body, with marks that have no fingerprints. Values that stand in several places become copies. */
function redacted(body: JsonObject, redactor: Redactor = new Redactor()): JsonObject {
  return JSON.parse(withoutFingerprints(JSON.stringify(redactor.redact(body)))) as JsonObject;
}

/** A JSON object of any shape, whose names and texts come mostly from where secrets are found. */
const bodies: fc.Arbitrary<JsonObject> = fc.letrec<{ value: JsonValue; body: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom("", "x", "/bin/sh", "::"),
    ),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("body"),
  ),
  body: fc.dictionary(
    fc.oneof(
      fc.string(),
      fc.constantFrom("result", "token", "input_tokens", "password", "name", "value", "__proto__", "id"),
    ),
    tie("value"),
    { maxKeys: 5, noNullPrototype: true },
  ),
})).body;

function frozen<T extends JsonValue>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) frozen(item);
    Object.freeze(value);
  }
  return value;
}

describe("fields", () => {
  it.each([
    "password",
    "Passwd",
    "db_password",
    "passphrase",
    "secret",
    "client_secret",
    "clientSecret",
    "token",
    "api_key",
    "apiKey",
    "API-KEY",
    "x-api-key",
    "stripe_api_key",
    "access key",
    "AWS_SECRET_ACCESS_KEY",
    "secretKey",
    "private_key",
    "accessToken",
    "refresh_token",
    "id_token",
    "auth-token",
    "session_token",
    "bearer",
    "Authorization",
    "Proxy-Authorization",
    "cookie",
    "Set-Cookie",
    "connectionString",
    "DATABASE_URL",
    "GITHUB_TOKEN",
    "VAULT_TOKEN",
    "http.request.header.authorization",
  ])("hides what is called %s", (name) => {
    expect(redacted({ [name]: "x", other: "x" })).toEqual({
      [name]: "[REDACTED:field-name]",
      other: "x",
    });
  });

  it.each([
    "id",
    "uuid",
    "call_id",
    "session_id",
    "tool_use_id",
    "parent_id",
    "signature",
    "hash",
    "sha256",
    "commit",
    "key",
    "author",
    "input_tokens",
    "max_tokens",
    "token_count",
    "token_usage",
    "tokens",
    "next_page_token",
    "nextToken",
    "tokenizer",
    "secretary",
    "passenger",
    "keyboard",
    "cookie_policy",
    "private_key_path",
    "apiKeySource",
    "pwd",
    "pass",
  ])("keeps what is called %s", (name) => {
    const body = { [name]: "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xYz", nested: [{ [name]: 17 }] };
    expect(new Redactor().redact(body)).toBe(body);
  });

  it("hides numbers, but keeps counts, booleans and nothing", () => {
    const body = { password: 4711, token: 17, cookies: 3, secret: true, api_key: null, passphrase: "" };
    expect(redacted(body)).toEqual({ ...body, password: "[REDACTED:field-name]" });
  });

  it("hides every text and number below a sensitive name", () => {
    expect(
      redacted({
        secret: { user: "ann", pins: [1, { two: 2, on: true }] },
        cookies: [{ name: "sid", value: "v", expires: 1 }],
      }),
    ).toEqual({
      secret: {
        user: "[REDACTED:field-name]",
        pins: ["[REDACTED:field-name]", { two: "[REDACTED:field-name]", on: true }],
      },
      cookies: [{ name: "[REDACTED:field-name]", value: "[REDACTED:field-name]", expires: 1 }],
    });
  });

  it("hides a value whose name is its sibling", () => {
    const hidden = "[REDACTED:field-name]";
    expect(
      redacted({
        headers: [
          { name: "Authorization", value: "v" },
          { name: "Accept", value: "v" },
        ],
        attributes: [{ key: "http.request.header.cookie", value: { stringValue: "v" } }],
      }),
    ).toEqual({
      headers: [
        { name: "Authorization", value: hidden },
        { name: "Accept", value: "v" },
      ],
      attributes: [{ key: "http.request.header.cookie", value: { stringValue: hidden } }],
    });
  });

  it("keeps tool definitions and log probabilities readable", () => {
    const body = {
      tools: [
        { input_schema: { properties: { password: { type: "string", description: "of the account" } } } },
      ],
      logprobs: [{ token: "Hel", logprob: -0.3 }],
    };
    expect(new Redactor().redact(body)).toBe(body);
    // A value among the keywords may be a secret.
    expect(new Redactor().redact({ password: { type: "string", value: "x" } })).not.toEqual({
      password: { type: "string", value: "x" },
    });
  });

  it("adds names to the built-in ones and never replaces those", () => {
    const redactor = new Redactor({ fieldNames: ["Badge Number"] });
    expect(redacted({ badge_number: "4711", badgeNumber: 4711, password: "p" }, redactor)).toEqual({
      badge_number: "[REDACTED:field-name]",
      badgeNumber: "[REDACTED:field-name]",
      password: "[REDACTED:field-name]",
    });
    expect(redactor.counts.get("field-name")).toBe(3);
  });
});

describe("texts", () => {
  const secrets = [
    KEY,
    ["AKIA", "ABCD2345EFGH6723"].join(""),
    "hunter2x",
    `eyJ${"aB3".repeat(9)}.eyJ${"aB3".repeat(9)}.${"aB3".repeat(9)}`,
  ];
  const around = [
    "api_key=",
    "token: ",
    'password="',
    '"',
    "'",
    " ",
    "\n",
    "\\n",
    "https://ann:",
    "@host/",
    "Bearer ",
    "=",
    ":",
  ];

  it("have nothing more to find after one pass, whatever stands side by side", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...secrets, ...around, "[REDACTED:jwt]", "word")), (parts) => {
        const redactor = new Redactor();
        const once = redactor.redactText(parts.join(""));
        expect(redactor.redactText(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("structure", () => {
  it("returns the same object when there is no secret in it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 15 }), fc.jsonValue()), (body) => {
        const clean: JsonObject = JSON.parse(JSON.stringify(body));
        expect(new Redactor().redact(clean)).toBe(clean);
      }),
    );
  });

  it("lets no planted secret survive in any value or long name, and changes no input", () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.boolean(), (body, seed, inName) => {
        const planted = plant(body, seed, inName);
        const before = JSON.stringify(planted);
        expect(before).toContain(KEY);
        const after = new Redactor().redact(frozen(planted));
        expect(JSON.stringify(after)).not.toContain(KEY);
        expect(JSON.stringify(planted)).toBe(before);
      }),
    );
  });

  it("finds nothing more in what it has redacted", () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.boolean(), (body, seed, inName) => {
        const once = new Redactor().redact(plant(body, seed, inName));
        const again = new Redactor();
        expect(again.redact(once)).toBe(once);
        expect(again.counts.size).toBe(0);
      }),
    );
  });

  it("keeps __proto__ an ordinary field", () => {
    const body: JsonObject = JSON.parse(`{"__proto__":{"admin":true,"key":"${KEY}"},"token":"t"}`);
    const copy = new Redactor().redact(body);
    expect(withoutFingerprints(JSON.stringify(copy))).toBe(
      `{"__proto__":{"admin":true,"key":"${MARK}"},"token":"[REDACTED:field-name]"}`,
    );
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect("admin" in {}).toBe(false);
  });

  it("keeps fields apart whose names become equal", () => {
    const mark = new Redactor().redactText(KEY);
    expect(new Redactor().redact({ [KEY]: 1, [mark]: 2, [`${mark}#1`]: 3 })).toEqual({
      [mark]: 1,
      [`${mark}#1`]: 2,
      [`${mark}#1#2`]: 3,
    });
  });

  it("follows cycles and shared parts once", () => {
    const body: JsonObject = { text: KEY };
    body["self"] = body;
    const copy = new Redactor().redact(body);
    expect(copy["text"]).toBe(new Redactor().redactText(KEY));
    expect(copy["self"]).toBe(copy);

    let shared: JsonValue = [KEY];
    for (let level = 0; level < 60; level++) shared = [shared, shared];
    const redactor = new Redactor();
    redactor.redact({ shared });
    expect(redactor.counts.get("anthropic-key")).toBe(1);
  });

  it("returns a clean cycle as it is", () => {
    const body: JsonObject = { text: "nothing" };
    body["self"] = [body];
    expect(new Redactor().redact(body)).toBe(body);
  });

  it("goes down 100,000 levels without overflowing the stack", () => {
    const clean = nested("leaf");
    expect(new Redactor().redact(clean) === clean).toBe(true);

    let at: JsonValue = new Redactor().redact(nested(KEY))["value"] ?? null;
    while (typeof at === "object" && at !== null) at = (Array.isArray(at) ? at[0] : at["in"]) ?? null;
    expect(at).toBe(new Redactor().redactText(KEY));
  });

  it("puts a mark where an object refuses to be read, and never throws", () => {
    const throwing = Object.defineProperty({}, "text", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const redactor = new Redactor();
    expect(redactor.redact({ a: throwing, b: [proxy], password: proxy, c: "kept" })).toEqual({
      a: "[REDACTED:unreadable]",
      b: ["[REDACTED:unreadable]"],
      password: "[REDACTED:unreadable]",
      c: "kept",
    });
    expect(redactor.redact(proxy)).toEqual({ unreadable: "[REDACTED:unreadable]" });
    expect(redactor.counts.get("unreadable")).toBe(4);
  });
});

describe("account", () => {
  it("counts each rule over its whole life", () => {
    const redactor = new Redactor();
    redactor.redact({ a: `${KEY} and ${KEY}`, password: "x" });
    redactor.redactText(KEY);
    expect(redactor.counts).toEqual(
      new Map([
        ["anthropic-key", 3],
        ["field-name", 1],
      ]),
    );
    for (const rule of redactor.counts.keys()) expect(redactor.rules).toContain(rule);
  });

  it("refuses options it does not know or cannot use", () => {
    expect(() => redactorOf({ fieldName: ["a"] })).toThrow('did you mean "fieldNames"?');
    expect(() => redactorOf({ fieldNames: "badge" })).toThrow(TypeError);
    expect(() => redactorOf({ fieldNames: [7] })).toThrow(TypeError);
    expect(() => redactorOf({ fieldNames: ["-_ "] })).toThrow(RangeError);
  });
});

const RECORDED = path.join(import.meta.dirname, "../../../shared/realdata");

it.skipIf(!fs.existsSync(RECORDED))(
  "changes nothing in recorded sessions without secrets (../shared/realdata)",
  () => {
    const redactor = new Redactor();
    let lines = 0;
    for (const folder of ["claude-code", "claude-paired", "codex", "pi"]) {
      for (const file of fs.readdirSync(path.join(RECORDED, folder), { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".jsonl")) continue;
        for (const line of fs.readFileSync(path.join(RECORDED, folder, file), "utf8").split("\n")) {
          const record = parsed(line);
          if (record === undefined) continue;
          expect(redactor.redact(record) === record).toBe(true);
          lines++;
        }
      }
    }
    expect(lines).toBeGreaterThan(1000);
  },
);

function parsed(line: string): JsonObject | undefined {
  try {
    const record: JsonObject = JSON.parse(line);
    return record;
  } catch {
    return undefined; // Empty, torn or glued lines are in the recordings, too.
  }
}

function redactorOf(options: unknown): unknown {
  return Reflect.construct(Redactor, [options]);
}

/** `leaf` below 50,000 objects and 50,000 arrays. */
function nested(leaf: JsonValue): JsonObject {
  let value = leaf;
  for (let level = 0; level < 50_000; level++) value = { in: [value] };
  return { value };
}

/** A copy of `body` with the secret put at a place that `seed` chooses. */
function plant(body: JsonObject, seed: number, inName: boolean): JsonObject {
  const copy = structuredClone(body);
  let at: JsonObject | JsonValue[] = copy;
  for (let left = seed; ; left = Math.floor(left / 7)) {
    const inside: (JsonObject | JsonValue[])[] = Object.values(at).filter(
      (value) => typeof value === "object" && value !== null,
    );
    const next = inside[left % (inside.length + 1)];
    if (next === undefined) break;
    at = next;
  }
  if (Array.isArray(at)) at.push(`text ${KEY}`);
  else if (inName) at[`of ${KEY}`] = 1;
  else at["planted"] = `text ${KEY}\n`;
  return copy;
}
