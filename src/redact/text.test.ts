// Every rule against secrets planted where agents really meet them, and against everything that only looks like one.
// The secrets are made up here from parts, so that no file of this project holds one.

import { describe, expect, it } from "vitest";
import * as fc from "fast-check";

import { glue, made, PLANTED, SURROUNDINGS } from "../../test/planted-secrets.ts";
import { ChunkRedactor } from "./chunks.ts";
import { withoutFingerprints } from "./fingerprint.ts";
import { Redactor } from "./redactor.ts";

const HEX = "0a1b2c3d4e5f6789";

/** A text without its secrets, and without the fingerprints of these. */
function redactedText(text: string): string {
  return withoutFingerprints(new Redactor().redactText(text));
}

/** What became of a planted secret in one place. */
function outcomeOf(rule: string, planted: string, secret: string, before: string): string {
  const redactor = new Redactor();
  const after = redactor.redactText(before);
  if (after.includes(secret)) return "missed";
  expect([...redactor.counts]).toEqual([[rule, 1]]);
  expect(withoutFingerprints(after)).toContain(`[REDACTED:${rule}]`);
  expect(redactor.redactText(after)).toBe(after);
  // Nothing goes but the secret.
  const at = before.indexOf(planted);
  expect(after.startsWith(before.slice(0, at))).toBe(true);
  return "found";
}

describe("planted secrets", () => {
  const places = Object.entries(SURROUNDINGS);
  let found = 0;
  let all = 0;

  it.each(PLANTED)(
    "of the kind %s are found nearly everywhere: %.16s…",
    (rule, planted, secret = planted) => {
      const missed = places.filter(
        ([, surround]) => outcomeOf(rule, planted, secret, surround(planted)) === "missed",
      );
      all += places.length;
      found += places.length - missed.length;
      expect(missed.length, missed.map(([place]) => place).join(", ")).toBeLessThan(3);
    },
  );

  it("are found in at least 99 of 100 places, of at least 40 kinds in 50 places", () => {
    expect(new Set(PLANTED.map(([rule]) => rule)).size).toBeGreaterThanOrEqual(40);
    expect(places.length).toBeGreaterThanOrEqual(50);
    expect(found / all).toBeGreaterThanOrEqual(0.99);
  });
});

it("plants a secret for every rule that reads texts", () => {
  const planted = new Set(PLANTED.map(([rule]) => rule));
  expect(new Redactor().rules.filter((rule) => !planted.has(rule))).toEqual(["field-name", "unreadable"]);
});

it("finds a token and a password in one address", () => {
  const token = "ghp_" + made(36);
  expect(redactedText(`git clone https://${token}:x-oauth-basic@github.com/a/b`)).toBe(
    "git clone https://[REDACTED:github-token]:[REDACTED:url-password]@github.com/a/b",
  );
});

it("names a secret by its shape before its name, and takes all of it", () => {
  const key = glue("sk-", "ant-", made(40));
  expect(redactedText(`ANTHROPIC_API_KEY=${key} run`)).toBe("ANTHROPIC_API_KEY=[REDACTED:anthropic-key] run");
  expect(redactedText(`token=${glue("gho", "_", made(36))}-and-more`)).toBe("token=[REDACTED:github-token]");
});

describe("leaves alone", () => {
  it.each([
    ["a UUID", "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41"],
    ["a git commit", `commit ${made(40, HEX)}`],
    ["a SHA-256 sum", `${made(64, HEX)}  file.tar.gz`],
    ["an integrity string", `"integrity": "sha512-${made(86)}=="`],
    ["a container digest", `docker://alpine:3.18@sha256:${made(64, HEX)}`],
    ["call ids", `toolu_01${made(22)} call_${made(24)} msg_01${made(22)} req_${made(24)}`],
    ["a session id", `session_id=019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41`],
    ["a picture", `data:image/png;base64,iVBORw0KGgo${made(4000)}`],
    ["what base64url may hold by chance", `gAAAAABn${made(40)}-sk-${made(30)}-hf_${made(34)}_r8_${made(37)}`],
    ["half a JWT", `eyJ${made(60)}`],
    ["an address with a port", "see http://localhost:3000/@fs/app and https://u@host.example:8080/x@1.2"],
    ["a public key", `-----BEGIN PUBLIC KEY-----\n${made(64)}\n-----END PUBLIC KEY-----`],
    ["code that looks for keys", 'if (text.includes("-----BEGIN PRIVATE KEY-----")) return true;'],
    ["prose", "Bearer authentication, Basic authentication and token-based access: pass the api key."],
    [
      "hyphenated words",
      "task-ant-design-pro risk-assessment-2024-final-version disk-usage sk-fading-circle12",
    ],
  ])("%s", (_, text) => {
    expect(new Redactor().redactText(text)).toBe(text);
  });

  it.each([
    "const token = getToken()",
    "const token = await login(user, password1)",
    "password: string",
    "token: number;",
    "let token2 = tokens[0]; token = token2;",
    "api_key: Optional[str] = None",
    'apiKey: process.env.OPENAI_API_KEY_2 ?? ""',
    "api_key=os.environ['KEY_1']",
    "self.secret = config.secret.v1",
    "API_KEY=${API_KEY_1}",
    "export API_KEY=$OTHER_KEY_1",
    "OPENAI_API_KEY=<your-key-1>",
    "api_key=your-api-key-123",
    "password: xxxxxxxx1",
    "password=********1a",
    "API_KEY=sk-ant-...",
    "encryption_key=TEST_ENCRYPTION_KEY1",
    "secret: null, token: true, password: undefined",
    "--secret=projects/my-project/secrets/my-secret/versions/1",
    "password_file: /run/secrets/db-password-1",
    "token_endpoint=https://login.example/v1/token",
    "max_tokens=4096 input_tokens: 1200 token_count=17",
    "next_page_token=CAIQAA12ab",
    "password === 'abc123def'",
    "Authorization: `Bearer ${accessToken}`",
    "cookie: request.headers.get('cookie')",
    "PWD=/home/ann/project1 OLDPWD=/home/ann/project2",
    "Token::Abc123Def, x?.token1",
    "--token-count 12 --max-tokens 4096",
  ])("code and samples: %s", (text) => {
    expect(new Redactor().redactText(text)).toBe(text);
  });
});

describe("reads a hostile text to the end:", () => {
  // Each unit makes a pattern start over and over; time that grew with the square would take minutes here.
  it.each([
    "sk-",
    "-eyJ",
    "eyJaaaaaaaaaaaa.",
    "://a:",
    ":AA",
    "api_key=",
    "key=key:",
    "cookie: a=b; ",
    "Bearer ",
  ])("a megabyte of %s", (unit) => {
    const text = unit.repeat(2 ** 20 / unit.length);
    expect(new Redactor().redactText(text) === text).toBe(!unit.startsWith("eyJ"));
  });

  // A regular expression without bounds overflows its stack when one run is this long, and throws.
  it.each([
    "eyJ",
    "password=",
    "password='",
    "Bearer ",
    "x://",
    "x://a:",
    "sk-",
    "-----BEGIN PRIVATE KEY-----",
  ])("32 MiB of one character behind %s", (start) => {
    const text = start + "a".repeat(2 ** 25);
    expect(new Redactor().redactText(text) === text).toBe(!start.startsWith("-----"));
  });

  it("a megabyte of one long word with a secret at its end", () => {
    const text = "_key=aB3dE5gH7jK9mN1pQ2rS".repeat(2 ** 15);
    expect(new Redactor().redactText(text)).not.toBe(text);
  });

  it("a megabyte of armour headers without a key", () => {
    const text = "-----BEGIN PRIVATE KEY-----\nVersion: 1\n".repeat(2 ** 15);
    expect(new Redactor().redactText(text) === text).toBe(true);
  });
});

describe("text in chunks", () => {
  /** Cuts a text at the given places, and gives it to a redactor piece by piece. */
  function inChunks(text: string, places: readonly number[]): { given: string[]; lengths: number[] } {
    const cuts = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
    const ends = [...cuts, text.length];
    const chunks = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
    const redactor = new ChunkRedactor(new Redactor());
    const given = chunks.flatMap((chunk) => redactor.push(chunk));
    given.push(...redactor.end());
    return { given, lengths: chunks.map(({ length }) => length) };
  }
  const anyCuts = fc.array(fc.nat(), { maxLength: 30 });

  it.each(PLANTED)("never lets a part of a secret through, wherever it is cut: %s", (_, planted, secret) => {
    const around = fc.constantFrom("", "here it is: ", "Use\n", "It's done. ", "x = 1; ");
    const inside = secret ?? planted;
    fc.assert(
      fc.property(around, around, anyCuts, (before, after, places) => {
        const text = `${before}${planted} ${after}`;
        const joined = inChunks(text, places).given.join("");
        if (new Redactor().redactText(text).includes(inside)) return;
        // The names that keys begin with are no secret; what stands behind them is.
        const random = inside.slice(8).replaceAll("\n", "");
        for (let at = 0; at + 8 <= random.length; at += 4)
          expect(joined).not.toContain(random.slice(at, at + 8));
        expect(joined).toContain("[REDACTED:");
      }),
      { numRuns: 25 },
    );
  });

  it("gives every other text back as it was, chunk by chunk", () => {
    const words = fc.constantFrom(
      "Hello",
      " ",
      "\n",
      "the key: ",
      "token",
      " = ",
      "don't",
      "é你好",
      "-----",
      "<think>",
      "42",
      "a_b",
      "password: ",
      "ok",
      "\ud83d\ude00",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), anyCuts, (parts, places) => {
        const text = parts.join("");
        fc.pre(new Redactor().redactText(text) === text);
        const { given, lengths } = inChunks(text, places);
        expect(given.join("")).toBe(text);
        expect(given.map(({ length }) => length)).toEqual(lengths);
      }),
    );
  });

  it("gives plain words back at once, and others as soon as they are whole", () => {
    const redactor = new ChunkRedactor(new Redactor());
    expect(redactor.push("Hello")).toEqual(["Hello"]);
    expect(redactor.push(", it's")).toEqual([", it's"]);
    expect(redactor.push(" sk-ab")).toEqual([]);
    expect(redactor.push("c1 and")).toEqual([" sk-ab", "c1 and"]);
    expect(redactor.push(" password: open")).toEqual([]);
    expect(redactor.push("\n")).toEqual([" password: open", "\n"]);
  });

  it("holds back no more than 64 Ki characters", () => {
    const redactor = new ChunkRedactor(new Redactor());
    let held = 0;
    let most = 0;
    for (let n = 0; n < 3_000; n++) {
      held += 100;
      held -= 100 * redactor.push(glue("-----BEGIN ", "PRIVATE KEY-----").padEnd(100, "x")).length;
      most = Math.max(most, held);
    }
    expect(most).toBeLessThan(64 * 1024 + 200);
  });
});
