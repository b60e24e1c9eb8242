import { describe, expect, it } from "vitest";

import { withoutFingerprints } from "./fingerprint.ts";
import { Redactor } from "./redactor.ts";

function redactedText(pattern: string, text: string): string {
  return withoutFingerprints(new Redactor({ rules: [{ kind: "acme-token", pattern }] }).redactText(text));
}

describe("rules of the user's own", () => {
  it.each([
    ["acme_[a-z0-9]{20,40}", "use acme_a1b2c3d4e5f6a1b2c3d4e5f6 now", "use [REDACTED:acme-token] now"],
    ["badge no\\.\\s?(?<secret>\\d{4,6})", "badge no. 4711!", "badge no. [REDACTED:acme-token]!"],
    ["ACME-(?:live|test)-\\w{8}", "ACME-live-abcd1234", "[REDACTED:acme-token]"],
    ["internal[^ ]{1,20}", "see internalhost\nnext", "see [REDACTED:acme-token]\nnext"],
  ])("take out what %s matches", (pattern, text, expected) => {
    expect(redactedText(pattern, text)).toBe(expected);
  });

  it.each([
    ["(a+)+$", "3 literal characters"],
    ["acme(a|a)*b", "no end"],
    ["acme.*", "no end"],
    ["acme[a-z]+", "no end"],
    ["acme[a-z]{3,}", "upper bound"],
    ["acme(?:[a-z]{1,9}){1,9}", "a group may be followed by"],
    ["acme[a-z]{0,99}[a-z]{0,99}", "ways"],
    ["acme[a-z]{9999}", "9999 characters|10003 characters"],
    ["acme(?=x)", "only"],
    ["(acme)\\1", "3 literal characters"],
    ["acme\\1", "not available"],
    ["acme\\b", "not available"],
    ["acme$", "not available"],
    ["acme|b", "alternatives"],
    ["acme(x", "missing"],
    ["acme[x", "not closed"],
    ["acme)", "closes nothing"],
    ["x".repeat(300), "256"],
  ])("refuse %s, and say why", (pattern, reason) => {
    expect(() => redactedText(pattern, "")).toThrow(new RegExp(reason));
  });

  it("refuse what is no rule", () => {
    const make = (rules: unknown) => (): unknown => Reflect.construct(Redactor, [{ rules }]);
    expect(make("x")).toThrow(TypeError);
    expect(make([{ kind: "Acme", pattern: "acme1" }])).toThrow("kind");
    expect(make([{ kind: "a", patern: "acme1" }])).toThrow('did you mean "pattern"');
    expect(make(Array.from({ length: 101 }, () => ({ kind: "a", pattern: "acme" })))).toThrow("100");
  });

  it("read a megabyte made against them to the end", () => {
    const pattern = "acme[a-z]{1,40}[a-z]{1,40}0";
    const text = "acme".repeat(2 ** 18);
    expect(redactedText(pattern, text) === text).toBe(true);
  });

  it("leave the marks of earlier redaction alone", () => {
    const redactor = new Redactor({ rules: [{ kind: "acme-token", pattern: "REDACTED" }] });
    expect(redactor.redactText("[REDACTED:jwt:0a1b2c3d]")).toBe("[REDACTED:jwt:0a1b2c3d]");
  });
});

describe("data about people", () => {
  const redactor = new Redactor({ groups: ["email", "phone", "iban", "payment-card", "national-id"] });

  it.each([
    ["email", "ann.lee+x@mail.example.org"],
    ["phone", "+49 30 901820"],
    ["phone", "(212) 555-0147"],
    ["iban", "DE89 3704 0044 0532 0130 00"],
    ["iban", "GB82WEST12345698765432"],
    ["payment-card", "4111 1111 1111 1111"],
    ["us-ssn", "123-45-6789"],
    ["uk-nino", "AB 12 34 56 C"],
    ["ca-sin", "130-692-544"],
    ["de-tax-id", "86095742719"],
    ["fr-nir", "2 55 08 14 168 025 38"],
    ["es-id", "12345678Z"],
    ["pl-pesel", "44051401359"],
    ["br-cpf", "529.982.247-25"],
  ])("of the kind %s is taken out when its group is on: %s", (kind, text) => {
    const before = `Ann: ${text} (home)`;
    expect(withoutFingerprints(redactor.redactText(before))).toBe(`Ann: [REDACTED:${kind}] (home)`);
    expect(new Redactor().redactText(before)).toBe(before);
  });

  it.each([
    ["before a word in capitals", "iban", "AT61 1904 3002 3457 3201", "Pay to ", " BIC"],
    ["before another one", "iban", "BE68 5390 0754 7034", "", " and BE00 5390 0754 7034"],
    ["before a date", "phone", "+49 170 1234567", "call ", " 20240101"],
    ["behind four other digits", "payment-card", "4111 1111 1111 1111", "No. 5234 ", "."],
    [
      "behind the escape of a nested string",
      "payment-card",
      "4111 1111 1111 1111",
      String.raw`"a\n`,
      String.raw`\nb"`,
    ],
    ["behind its name", "us-ssn", "123-45-6789", "ssn=", "&a=b"],
  ])("is found %s", (_, kind, text, before, behind) => {
    expect(withoutFingerprints(redactor.redactText(before + text + behind))).toBe(
      `${before}[REDACTED:${kind}]${behind}`,
    );
  });

  it.each([
    "git@github.com:ann/x.git",
    "react@18.2.0 and @types/node@20.19.43",
    "2026-01-06T22:00:00.000Z 1767736800000",
    "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    "192.168.100.200:8080 and v1.2.3-4567",
    "DE00 3704 0044 0532 0130 00 and 4111 1111 1111 1112 and 12345678A",
  ])("leaves alone: %s", (text) => {
    expect(redactor.redactText(text)).toBe(text);
  });
});

describe("modes", () => {
  const body = { message: `ghp_${"aB3dE5gH7jK9".repeat(3)}`, password: "p" };

  it("report-only counts and changes nothing", () => {
    const redactor = new Redactor({ mode: "report-only" });
    expect(redactor.redact(body)).toBe(body);
    expect([...redactor.counts]).toEqual([
      ["github-token", 1],
      ["field-name", 1],
    ]);
    expect(redactor.statement).toEqual({ mode: "report-only", rules: ["built-in/2"] });
  });

  it("off looks for nothing", () => {
    const redactor = new Redactor({ mode: "off" });
    expect(redactor.redact(body)).toBe(body);
    expect(redactor.counts.size).toBe(0);
    expect(redactor.statement).toEqual({ mode: "off", rules: [] });
  });
});

describe("fingerprints", () => {
  const secret = `ghp_${"aB3dE5gH7jK9".repeat(3)}`;
  const under = (byte: number): string =>
    new Redactor({ key: () => new Uint8Array(32).fill(byte) }).redactText(secret);

  it("are the same for the same secret under one key, and others under another", () => {
    expect(under(1)).toMatch(/^\[REDACTED:github-token:[0-9a-f]{8}\]$/);
    expect(under(1)).toBe(under(1));
    expect(under(1)).not.toBe(under(2));
  });

  it("are this process's own when the key cannot be had", () => {
    const redactor = new Redactor({
      key: () => {
        throw new Error("no");
      },
    });
    expect(redactor.redactText(secret)).toBe(new Redactor().redactText(secret));
  });
});
