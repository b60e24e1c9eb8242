import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { compileGlob } from "./glob.ts";

/** What a pattern means, said as simply as possible: every way for a star to end is tried. */
function matchesNaively(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  if (pattern.startsWith("*")) {
    return Array.from({ length: name.length + 1 }, (_, end) => end).some((end) =>
      matchesNaively(pattern.slice(1), name.slice(end)),
    );
  }
  if (name === "") return false;
  const set = /^\[(?=([!^]?))\1(.[^\]]*)\]/.exec(pattern);
  const length = set === null ? 1 : set[0].length;
  const isOne = set === null ? pattern[0] === "?" || pattern[0] === name[0] : isInSet(set, name.slice(0, 1));
  return isOne && matchesNaively(pattern.slice(length), name.slice(1));
}

function isInSet([, not, members = ""]: RegExpExecArray, character: string): boolean {
  const listed = members.replaceAll(/(.)-(.)/g, (_, from: string, to: string) => {
    const codes = Array.from({ length: 128 }, (__, code) => String.fromCharCode(code));
    return codes.filter((code) => code >= from && code <= to).join("");
  });
  return listed.includes(character) === (not === "");
}

const patternPart = fc.constantFrom(
  "*",
  "**",
  "?",
  "[ab]",
  "[!a]",
  "[^bc]",
  "[a-c]",
  "[]a]",
  "[",
  "]",
  "a",
  "b",
  "-",
  "!",
);
const patternText = fc.array(patternPart, { maxLength: 8 }).map((parts) => parts.join(""));
const nameText = fc.string({ unit: fc.constantFrom("a", "b", "c", "-", "[", "]", "!"), maxLength: 10 });

describe("a glob pattern", () => {
  it.each([
    ["*", "", true],
    ["Claude-*-2026????-[0-9a-f]*", "Claude-Orch-Prime-20260106-c614", true],
    ["claude*", "Claude", false],
    ["*-prime", "a-prime-prime", true],
    ["a*b", "acd", false],
    ["[!x]", "y", true],
    ["[!x]", "x", false],
    ["[a-", "[a-", true],
    ["?", "😀", true],
    ["[😀]", "😀", true],
    ["a.c", "abc", false],
    ["", "", true],
    ["", "a", false],
  ])("%j against %j: %s", (pattern, name, result) => {
    expect(compileGlob(pattern)(name)).toBe(result);
  });

  it("means what a naive reading of it means", () => {
    fc.assert(
      fc.property(patternText, nameText, (pattern, name) => {
        expect(compileGlob(pattern)(name)).toBe(matchesNaively(pattern, name));
      }),
      { numRuns: 3000 },
    );
  });

  it("stays fast where a backtracking matcher would not end", () => {
    const matches = compileGlob("a*".repeat(1000) + "b");
    expect(matches("a".repeat(10_000))).toBe(false);
  });
});
