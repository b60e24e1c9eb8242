import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SEVERITIES, severityRank } from "../../event/index.ts";
import type { Event } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { instantOf } from "../../summary/index.ts";
import { openReader } from "../reader.ts";
import { costOf, CostSum } from "./cost.ts";
import { foreignEvent, wholeObject } from "./foreign.ts";
import { LineMembers } from "./line-members.ts";
import { LineSkim, SKIMMED } from "./line-skim.ts";

const NAMES = [
  ..."event timestamp severity seq session_id agent_id event_type type @timestamp time ts".split(" "),
  ..."cost_usd copy_of message __proto__ é a\\u0062 ev\\u0065nt".split(" "),
];
const TIMES = [
  "2026-01-06T22:00:00.000Z",
  "2026-01-06T22:00:59.999Z",
  "2026-01-06T22:00:60.000Z",
  "2026-02-30T00:00:00.000Z",
  "2026-01-06T22:00:0a.000Z",
  "2026-01-06T22:00:00.00:Z",
  "2026-01-06T22:00:00+01:00",
  "yesterday",
  "",
];
const TEXTS = [...TIMES, ...SEVERITIES, "TOOL_CALL", "nav", "ä", "\u2028", 'q"', "a/b"];
const NUMBERS =
  "0.1 0.0125 123456789.123456 0.30000000000000004 1e-7 0 17 -1 1.5 1e3 1E-2 1767736800 1767736800000 9007199254740993 -0 1e999".split(
    " ",
  );
const WORDS = String.raw`true false null "\u0041" "\ud800" "\/" "\n"`.split(" ");
const NO_JSON = [...String.raw`01 1. .5 +1 tru nulL NaN "\x" "\u00g0" "a 'a'`.split(" "), '"\t"', "", "1 2"];

/** A value as it stands in a line: what writers write, and now and then what they should not. */
const scalar = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)) },
  { weight: 20, arbitrary: fc.constantFrom(...NUMBERS, ...WORDS) },
  { weight: 1, arbitrary: fc.constantFrom(...NO_JSON) },
);
const blank = fc.constantFrom("", "", "", " ", "\t", " \r ");
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "json" },
    { arbitrary: scalar, weight: 8 },
    tie("list"),
    tie("object"),
  ),
  list: fc
    .tuple(fc.array(tie("value"), { maxLength: 3 }), blank)
    .map(([values, gap]) => `[${gap}${values.join(`,${gap}`)}${gap}]`),
  object: membersOf(tie("value")),
}));

function membersOf(values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const member = fc.tuple(fc.constantFrom(...NAMES), values, blank);
  return fc
    .tuple(fc.array(member, { maxLength: 12 }), blank)
    .map(
      ([members, gap]) =>
        `{${gap}${members.map(([name, each, space]) => `"${name}"${space}:${space}${each}`).join(`,${gap}`)}${gap}}`,
    );
}

/** What most lines are like, so that most can be told. */
const usual = fc
  .tuple(
    fc.shuffledSubarray(NAMES.slice(0, 15), { minLength: 6 }),
    fc.array(value, { minLength: 15, maxLength: 15 }),
    fc.nat(4),
  )
  .map(([names, values, at]) => {
    const own: Record<string, string> = {
      event: '"TOOL_CALL"',
      timestamp: `"${TIMES[at] ?? ""}"`,
      seq: String(at),
      session_id: '"s"',
    };
    const all = [...new Set([...names, ...Object.keys(own)])];
    return `{${all.map((name, index) => `"${name}":${own[name] ?? values[index] ?? "0"}`).join(",")}}`;
  });

const damaged = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255));
const line = fc
  .tuple(
    fc.oneof(usual, membersOf(value)),
    fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: damaged }),
    blank,
  )
  .map(([text, damage, gap]) => {
    const bytes = Buffer.from(`${text}${gap}\n`);
    if (damage !== undefined) bytes[Math.floor(damage[0] * bytes.length)] = damage[1];
    return bytes;
  });

/** The event that the line is when it is parsed. */
function parsed(bytes: Buffer, isForeign: boolean): Event | undefined {
  if (!isForeign) {
    const decoded = decodeLine(bytes);
    return decoded.kind === "event" ? decoded.event : undefined;
  }
  const record = wholeObject(bytes);
  return record && foreignEvent(record, { sessionId: "", seq: 0 });
}

let fills = 0;

/** Whether the kernel tells about the line, which stands among others in its memory. */
function isTold(members: LineMembers, own: Buffer, before = 0): boolean {
  const bytes = Buffer.concat([Buffer.alloc(before, "{"), own, Buffer.from('{"event":1}\n')]);
  bytes.copy(members.chunk);
  const next = members.read({ buffer: members.chunk, filled: bytes.length, fills: fills++ }, before);
  expect([0, before + own.length]).toContain(next);
  return next > 0;
}

describe("a line that is skimmed", () => {
  it.each([false, true])("is the event that it is when it is parsed, foreign: %s", (isForeign) => {
    const members = new LineMembers(SKIMMED);
    const skim = new LineSkim(members);
    let told = 0;
    fc.assert(
      fc.property(line, fc.nat(20), (bytes, before) => {
        if (!isTold(members, bytes, before) || !skim.read(isForeign)) return;
        told++;
        const event = parsed(bytes, isForeign);
        expect(event).toBeDefined();
        const { type, rank, timeMs } = skim;
        expect({ type, rank, timeMs, agent: skim.agent() }).toEqual({
          type: event?.event,
          rank: severityRank(event?.severity ?? "DEBUG"),
          timeMs: instantOf(event?.timestamp ?? ""),
          agent: typeof event?.agent_id === "string" ? event.agent_id : undefined,
        });
        if (!isForeign) expect(skim.seq).toBe(event?.seq);
      }),
      { numRuns: RUNS },
    );
    // Else nothing would have been compared.
    expect(told).toBeGreaterThan(RUNS / 50);
  });

  it("is nothing that a parser refuses", () => {
    const members = new LineMembers(["event"]);
    fc.assert(
      fc.property(line, (bytes) => {
        if (!isTold(members, bytes)) return;
        expect(() => JSON.parse(bytes.toString("utf8")) as unknown).not.toThrow();
      }),
      { numRuns: RUNS },
    );
  });

  it("is told whatever stood in the lines before it", () => {
    const members = new LineMembers(SKIMMED);
    const skim = new LineSkim(members);
    // Names that end elsewhere, are cut off, are no names, or are data.
    const before = [
      '{"ts" :1}',
      '{"ts',
      '{"ts"}',
      '{"t":1}',
      '{"tsx":1}',
      '{"ts\\u0020":1}',
      '{"ts":1,"ts":2}',
    ];
    for (let at = 0; at < 1000; at++) before.push(`{"a":1,"name ${at}":1,"ts":1}`, `{"${at}":1}`);
    for (const each of before) isTold(members, Buffer.from(`${each}\n`));
    const names = ["event", "ts", "agent_id"];
    for (const [at, name] of names.entries()) {
      const last = names.toSpliced(at, 1).concat(name);
      const own = `{${last.map((each) => `"${each}":${each === "ts" ? 1767736800 : '"x"'}`).join(",")}}\n`;
      expect(isTold(members, Buffer.from(own)) && skim.read(true)).toBe(true);
      expect([skim.type, skim.timeMs, skim.agent()]).toEqual(["x", 1767736800000, "x"]);
    }
  });

  it("is told whatever the order of its fields, and however deep it is nested", () => {
    const members = new LineMembers(SKIMMED);
    const skim = new LineSkim(members);
    const deep = `${"[".repeat(60)}${"]".repeat(60)}`;
    const bytes = Buffer.from(
      `{"deep":${deep},"agent_id":"ä","seq":7,"x":{"event":"no","a":[1,{"b":null}]},"session_id":"s","timestamp":"2026-01-06T22:00:00.000Z","event":"ERROR"}\n`,
    );
    expect(isTold(members, bytes) && skim.read(false)).toBe(true);
    expect([skim.type, skim.rank, skim.seq, skim.agent()]).toEqual(["ERROR", severityRank("ERROR"), 7, "ä"]);
  });
});

describe("counting lines that others wrote", () => {
  it("gives as many as are read, and what they cost, and notes as much", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
    const file = path.join(dir, "some.jsonl");
    const filter = fc.record(
      {
        event: fc.subarray(["TOOL_CALL", "nav", "(untyped)"], { minLength: 1 }),
        severity: fc.constantFrom(...SEVERITIES),
        agent: fc.constantFrom("*", "T*", "ä"),
        since: fc.constant("2026-01-06T22:00:30Z"),
        until: fc.constant("2026-01-06T22:00:30Z"),
      },
      { requiredKeys: [] },
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(line, { maxLength: 12 }), filter, async (lines, wanted) => {
          fs.writeFileSync(file, Buffer.concat(lines));
          const reader = openReader({ paths: [file] });
          const counted = await reader.count(wanted);
          const events = reader.events(wanted);
          const counts: Record<string, number> = {};
          const sum = new CostSum();
          for (const event of events) {
            counts[event.event] = (counts[event.event] ?? 0) + 1;
            sum.add(costOf(event));
          }
          const { read, timeless, skipped } = events.report;
          expect(await reader.cost(wanted)).toMatchObject({ cost_usd: sum.usd, priced: sum.priced });
          expect(new Map(Object.entries(counted.event_counts))).toEqual(new Map(Object.entries(counts)));
          expect(counted.report).toMatchObject({ timeless, skipped });
          if (Object.keys(wanted).length === 0) expect(counted.report.read).toBe(read);
        }),
        { numRuns: 300 },
      );
    } finally {
      fs.rmSync(dir, { recursive: true });
    }
  }, 60_000);
});

const RUNS = 3000;
