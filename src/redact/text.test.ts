// Every rule against secrets planted where agents really meet them, and against everything that only looks like one.
// The secrets are made up here from parts, so that no file of this project holds one.

import { describe, expect, it } from "vitest";
import * as fc from "fast-check";

import { ChunkRedactor } from "./chunks.ts";
import { Redactor } from "./redactor.ts";

/** `length` characters of an alphabet in a fixed, mixed order: both cases and digits from the first few on. */
function made(length: number, alphabet = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xYzA0bC"): string {
  return Array.from({ length }, (_, at) => alphabet.charAt((at * 7 + 3) % alphabet.length)).join("");
}

/** Joins the parts of a planted secret, which must not stand in this file in one piece. */
function glue(...parts: string[]): string {
  return parts.join("");
}

const HEX = "0a1b2c3d4e5f6789";

function pem(label: string, lineBreak: string): string {
  return [`-----BEGIN ${label}-----`, made(64), made(64), `${made(21)}==`, `-----END ${label}-----`].join(
    lineBreak,
  );
}

function jwt(...parts: string[]): string {
  return ["eyJ" + made(17), ...parts].join(".");
}

/** rule, what is planted; `secret` is the part that must be gone. */
const PLANTED: readonly [rule: string, text: string, secret?: string][] = [
  ["anthropic-key", glue("sk-", "ant-api03-", made(80), "-", made(12))],
  ["anthropic-key", glue("sk-", "ant-oat01-", made(60))],
  ["openai-key", "sk-" + made(48)],
  ["openai-key", glue("sk-", "proj-", made(74), "_", made(20))],
  ["openai-key", glue("sk-", "or-v1-", made(64, HEX))],
  ...["p", "o", "u", "s", "r"].map((kind): [string, string] => ["github-token", `gh${kind}_` + made(36)]),
  ["github-token", glue("ghs", "_12345_eyJ", made(60), ".", made(300), ".", made(86))],
  ["github-token", glue("github", "_pat_", made(22), "_", made(59))],
  ["gitlab-token", glue("glpat", "-", made(20))],
  ["aws-access-key-id", "AKIA" + made(16, "ABCDEFGH234567")],
  ["aws-access-key-id", "ASIA" + made(16, "ABCDEFGH234567")],
  ["slack-token", glue("xoxb", "-123456789012-", made(24))],
  ["slack-token", glue("xapp", "-1-A012345-", made(32))],
  ["google-key", "AIza" + made(35)],
  ["google-key", glue("GOCSPX", "-", made(28))],
  ["stripe-key", glue("sk_", "live_", made(24))],
  ["stripe-key", glue("whsec", "_", made(32))],
  ["npm-token", glue("npm", "_", made(36))],
  ["pypi-token", glue("pypi", "-AgEIcHlwaS5vcmc", made(120))],
  ["huggingface-token", glue("hf", "_", made(34))],
  ["sendgrid-key", glue("SG", ".", made(22), ".", made(43))],
  ["telegram-bot-token", glue("123456789", ":AA", made(33)), "AA" + made(33)],
  ["digitalocean-token", glue("dop", "_v1_", made(64, HEX))],
  ["linear-key", glue("lin", "_api_", made(40))],
  ["groq-key", glue("gsk", "_", made(52))],
  ["perplexity-key", glue("pplx", "-", made(48))],
  ["replicate-token", glue("r8", "_", made(37))],
  ["xai-key", glue("xai", "-", made(80))],
  ["langsmith-key", glue("lsv2", "_pt_", made(32, HEX), "_", made(10, HEX))],
  ["tavily-key", glue("tvly", "-", made(32))],
  ["notion-token", glue("ntn", "_", made(46))],
  ["docker-token", glue("dckr", "_pat_", made(27))],
  ["atlassian-token", "ATATT3" + made(186)],
  ["shopify-token", glue("shpat", "_", made(32, HEX))],
  ["jwt", jwt("eyJ" + made(40), made(43))],
  ["jwt", jwt("", made(16), made(60), made(22))],
  ["bearer-token", "Bearer " + made(32), made(32)],
  ["basic-credentials", "Basic " + btoa("ann:" + made(9)), btoa("ann:" + made(9))],
  ["url-password", `postgres://app:${made(9)}@db.internal:5432/main`, made(9)],
  ["url-password", `redis://:${made(9)}@cache`, made(9)],
  ["private-key", pem("RSA PRIVATE KEY", "\n")],
  ["private-key", pem("OPENSSH PRIVATE KEY", "\r\n")],
  ["private-key", pem("PRIVATE KEY", "\\n")],
  ["private-key", pem("PRIVATE KEY", '\\n" +\n  "')],
  ["private-key", pem("EC PRIVATE KEY", "\n    12→")],
  ["private-key", pem("PRIVATE KEY", "\n").slice(0, 150)],
  ["private-key", pem("PGP PRIVATE KEY BLOCK", "\n").replace("\n", "\nVersion: GnuPG v2\n\n")],
  ["assignment", `AWS_SECRET_ACCESS_KEY=${made(20)}/${made(19)}`, made(20)],
  ["assignment", `export VAULT_TOKEN="${made(26)}"`, made(26)],
  ["assignment", `password: '${made(12)}'`, made(12)],
  ["assignment", `client_secret=${made(24)}&grant_type=code`, made(24)],
  ["assignment", `const apiKey = "${made(24)}";`, made(24)],
  ["assignment", `login --user ann --password ${made(14)} --force`, made(14)],
  ["assignment", `Server=db;User=sa;Password=${made(12)};Encrypt=yes`, made(12)],
  ["authorization", `authorization: bearer ${made(30)}`, made(30)],
  ["authorization", `-H 'Authorization: Token ${made(30)}'`, made(30)],
  ["cookie", `Set-Cookie: a=1; sid=${made(30)}; Path=/`, made(30)],
];

/** Places in which a secret stands in real transcripts. */
const SURROUNDINGS: Record<string, (planted: string) => string> = {
  alone: (planted) => planted,
  "in a sentence": (planted) => `the value is ${planted} and it works`,
  "on a line of its own": (planted) => `first line\n${planted}\nlast line`,
  "in a string of a nested JSON text": (planted) => `{"output":"first\\n${planted}\\nlast"}`,
  "behind a line number": (planted) => `     7→${planted}\n     8→}`,
  "in a diff": (planted) => `@@ -1 +1 @@\n+${planted}\n context`,
  "behind a terminal colour": (planted) => `\u001b[32m${planted}\u001b[0m done`,
  "among other scripts": (planted) => `Schlüssel ✓ 鍵 ${planted} 終`,
};

describe.each(Object.entries(SURROUNDINGS))("a secret %s", (_, surround) => {
  it.each(PLANTED)("is taken out by the rule %s: %.24s…", (rule, planted, secret = planted) => {
    const redactor = new Redactor();
    const before = surround(planted);
    const after = redactor.redactText(before);
    expect(after).not.toContain(secret);
    expect(after).toContain(`[REDACTED:${rule}]`);
    expect([...redactor.counts]).toEqual([[rule, 1]]);
    // Nothing goes but the secret.
    const [head = "", tail = ""] = surround("\0").split("\0");
    expect(after.startsWith(head) && after.endsWith(tail)).toBe(true);
    expect(redactor.redactText(after)).toBe(after);
  });
});

it("plants a secret for every rule that reads texts", () => {
  const planted = new Set(PLANTED.map(([rule]) => rule));
  expect(new Redactor().rules.filter((rule) => !planted.has(rule))).toEqual(["field-name", "unreadable"]);
});

it("finds a token and a password in one address", () => {
  const token = "ghp_" + made(36);
  expect(new Redactor().redactText(`git clone https://${token}:x-oauth-basic@github.com/a/b`)).toBe(
    "git clone https://[REDACTED:github-token]:[REDACTED:url-password]@github.com/a/b",
  );
});

it("names a secret by its shape before its name, and takes all of it", () => {
  const key = glue("sk-", "ant-", made(40));
  expect(new Redactor().redactText(`ANTHROPIC_API_KEY=${key} run`)).toBe(
    "ANTHROPIC_API_KEY=[REDACTED:anthropic-key] run",
  );
  expect(new Redactor().redactText(`token=${glue("gho", "_", made(36))}-and-more`)).toBe(
    "token=[REDACTED:github-token]",
  );
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
    "eyJaaaaaaaa.",
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
