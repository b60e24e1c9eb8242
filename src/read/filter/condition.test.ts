import { describe, expect, it } from "vitest";

import type { Event } from "../../event/index.ts";
import { parseCondition } from "./condition.ts";

const EVENT: Event = {
  event: "TOOL_CALL",
  timestamp: "2026-01-06T22:00:00.000Z",
  severity: "INFO",
  seq: 12,
  id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
  session_id: "s",
  agent_id: "a",
  salt: "q83vEjRWeJCrze8S",
  tool: "bash",
  duration_ms: 5000,
  args: { command: "npm test", list: [{ name: "first" }], "a b": 1, deep: { __proto__: null } },
  files: ["src/a.ts", "src/b.ts"],
  result: null,
  ok: true,
  number: "5000",
};

describe("a condition", () => {
  it.each([
    ["tool=bash", true],
    ["tool = bash ", true],
    ['tool="bash"', true],
    ["tool=Bash", false],
    ["tool!=bash", false],
    ["tool!=edit", true],
    ["duration_ms=5000", true],
    ["duration_ms=5e3", true],
    ['duration_ms="5000"', false],
    ["number=5000", true],
    ["duration_ms>4999", true],
    ["duration_ms>5000", false],
    ["duration_ms>=5000", true],
    ["duration_ms<5000.5", true],
    ["duration_ms<=4999", false],
    ["number>1", false],
    ["seq<20", true],
    ["args.command~npm", true],
    ["args.command~npm test", true],
    ["args.command~NPM", false],
    ["files~b.ts", true],
    ["files=src/a.ts", false],
    ["files.1=src/b.ts", true],
    ["args.list.0.name=first", true],
    ["result=null", true],
    ["ok=true", true],
    ['ok="true"', false],
    ["missing=x", false],
    ["missing!=x", false],
    ["args.missing.deeper!=x", false],
    ["tool.length=4", false],
    ["args.constructor.name=Object", false],
    ["tool=a=b", false],
    ["tool==", false],
  ])("%s: %s", (text, result) => {
    expect(parseCondition(text)(EVENT)).toBe(result);
  });

  it.each([
    "",
    "tool",
    "=x",
    "tool=",
    "duration_ms>fast",
    "a b=1",
    "a..b=1",
    ".a=1",
    "a.=1",
    'tool="x',
    'tool="x"y',
  ])("%j is refused", (text) => {
    expect(() => parseCondition(text)).toThrow(RangeError);
  });
});
