import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { PLANTED, SURROUNDINGS } from "../../test/planted-secrets.ts";
import { Redactor } from "./redactor.ts";
import { KEY_CHARACTERS, TriggerScan } from "./trigger-scan.ts";
import { TRIGGER_PREFIXES, TRIGGER_SOURCE } from "./text.ts";

const scan = new TriggerScan(TRIGGER_PREFIXES);
const TRIGGER = new RegExp(TRIGGER_SOURCE, "g");

function placesOfScan(text: string): number[] {
  expect(scan.load(text)).toBe(true);
  const places: number[] = [];
  for (let at = scan.next(0); at >= 0; at = scan.next(at + 1)) places.push(at);
  return places;
}

function placesOfTrigger(text: string): number[] {
  const places: number[] = [];
  TRIGGER.lastIndex = 0;
  for (let hit = TRIGGER.exec(text); hit !== null; hit = TRIGGER.exec(text)) {
    places.push(hit.index);
    TRIGGER.lastIndex = hit.index + 1;
  }
  return places;
}

const NAMES = [
  "api_key TOKEN clientSecret passwd passwod passwrd Password passphrase DB_PASS x_pwd".split(" "),
  ["authorization", "Set-Cookie", "credential", "CREDENTIALS", "; pwd", ";PWD", "?sig", "\\u0026signature"],
].flat();

/** Whatever a trigger may be made of, in any order. */
const fragment = fc.oneof(
  fc.constantFrom(...TRIGGER_PREFIXES.map(({ prefix }) => prefix)),
  fc.constantFrom(...NAMES),
  fc.constantFrom(
    ":",
    "=",
    " --",
    "\u2003--",
    "-",
    "_",
    " ",
    '"',
    "'",
    "`",
    "]",
    ")",
    "\n",
    "://",
    "é",
    "✅",
  ),
  fc.integer({ min: 0, max: 7 }).map((count) => "\\".repeat(count)),
  fc.constantFrom("api-key ", "password ", "a-b-c-token "),
  fc.string({ unit: fc.constantFrom(...KEY_CHARACTERS.split("")), minLength: 1, maxLength: 16 }),
  fc.string({ unit: "binary", maxLength: 5 }),
);

describe("TriggerScan", () => {
  it("stops at every place at which the regular expression stops", () => {
    let places = 0;
    fc.assert(
      fc.property(fc.array(fragment, { minLength: 1, maxLength: 40 }), (fragments) => {
        const text = fragments.join("").padEnd(100, ".");
        const expected = placesOfTrigger(text);
        places += expected.length;
        expect(placesOfScan(text)).toEqual(expect.arrayContaining(expected));
      }),
      { numRuns: 2_000 },
    );
    expect(places).toBeGreaterThan(300);
  });

  it("finds each prefix and each name wherever it stands among sixteen characters", () => {
    const key = KEY_CHARACTERS.slice(0, 14);
    for (const trigger of [
      ...TRIGGER_PREFIXES.map(({ prefix }) => prefix + key),
      ...NAMES.map((name) => `${name}=`),
    ]) {
      for (let before = 60; before < 80; before++) {
        const text = `${" ".repeat(before)}${trigger} `.padEnd(100);
        const expected = placesOfTrigger(text);
        expect(expected.length, trigger).toBeGreaterThan(0);
        expect(placesOfScan(text)).toEqual(expect.arrayContaining(expected));
      }
    }
  });

  it("changes nothing about what is found, when a process has come to use it", () => {
    const texts = PLANTED.flatMap(([, planted]) =>
      Object.values(SURROUNDINGS).map((surround) => surround(planted).padEnd(100)),
    );
    const redactor = new Redactor();
    const before = texts.map((text) => redactor.find(text));
    expect(redactor.find("x".repeat(2 * 1024 * 1024))).toEqual([]);
    expect(texts.map((text) => redactor.find(text))).toEqual(before);
  });

  it("passes over prose and code nearly everywhere", () => {
    const text =
      'const answer = await fetch(url, { method: "POST" }); // the well-known way, as in RFC 9110\n'.repeat(
        50,
      );
    expect(placesOfScan(text).length).toBeLessThan(text.length / 80);
  });

  it("leaves texts that are short, or very long, to the regular expression", () => {
    expect(scan.load("x".repeat(20))).toBe(false);
    expect(scan.load("x".repeat(300_000))).toBe(false);
  });
});
