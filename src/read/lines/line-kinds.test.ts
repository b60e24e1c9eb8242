// Logs of others, read with the lines passed over that are like others and with each line parsed: the answers are the same.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SEVERITIES } from "../../event/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import { choppedSource } from "../../testing/chopped-source.ts";
import { compileFilter } from "../filter/filter.ts";
import type { CompiledFilter, EventFilter } from "../filter/filter.ts";
import { passLines } from "../scan/line-pass.ts";
import { SegmentReader } from "../scan/segment-reader.ts";
import { EventCounter } from "./event-counter.ts";
import { ReadReport } from "./report.ts";
import { returnScanMemory, takeScanMemory } from "./scan-memory.ts";
import type { ScanMemory, ScannedLines } from "./scan-memory.ts";

const RUNS = Number(process.env["TRACEKEEP_FUZZ_RUNS"] ?? 400);
const START_MS = Date.parse("2026-01-31T21:59:30.000Z");

/** How others write times: with and without a zone, as numbers, and so that they are none. */
const CLOCKS: readonly ((timeMs: number) => string)[] = [
  (timeMs) => JSON.stringify(new Date(timeMs)),
  (timeMs) => JSON.stringify(new Date(timeMs).toISOString().slice(0, 19) + "Z"),
  (timeMs) => JSON.stringify(new Date(timeMs).toISOString().replace("Z", "456+00:00")),
  (timeMs) => JSON.stringify(new Date(timeMs).toISOString().replace("T", " ").replace("Z", "-0130")),
  (timeMs) => JSON.stringify(new Date(timeMs).toISOString().slice(0, -1)),
  (timeMs) => JSON.stringify(new Date(timeMs).toISOString().replace(/:\d\d\./, ":60.")),
  (timeMs) =>
    JSON.stringify(
      new Date(timeMs)
        .toISOString()
        .replace(/-\d\dT/, "-30T")
        .replace("-01-", "-02-"),
    ),
  (timeMs) => String(timeMs),
  (timeMs) => String(timeMs / 1000),
  (timeMs) => `${timeMs / 1000}e0`,
  (timeMs) => JSON.stringify(`${timeMs} ms`),
  (timeMs) => JSON.stringify("x".repeat(timeMs % 90)),
  () => "null",
];

const TEXTS = [
  "TOOL_CALL",
  "nav",
  "ERROR",
  "INFO",
  "Tester",
  "T",
  "",
  "ä",
  'q"',
  "a\u2028b",
  "CRITICAL",
  "x".repeat(70),
];
const text = fc.constantFrom(...TEXTS).map((each) => JSON.stringify(each));
const value = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.constantFrom("17", "-1", "1.5", "1e3", "true", "null", "[]", "{}", String.raw`"\u0045RROR"`),
  fc.constant(String.raw`{"event":"nav","agent_id":"T","timestamp":[1,{"seq":"\n"}]}`),
);
const OTHERS = ["message", "x", String.raw`ev\u0065nt`, "__proto__", "é", "cost_usd"];
const NAMES = "severity agent_id event_type type".split(" ");
const TIMES = "timestamp @timestamp time ts".split(" ");

/** Somebody who writes lines: the same names in the same order, with values of which some are the same each time. */
const writer = fc
  .record({
    names: fc.shuffledSubarray([...NAMES, ...OTHERS, ...OTHERS], { maxLength: 8 }),
    types: fc.array(text, { minLength: 1, maxLength: 3 }),
    hasEvent: fc.constantFrom(true, true, false),
    values: fc.array(value, { minLength: 1, maxLength: 6 }),
    clocks: fc.dictionary(fc.constantFrom(...TIMES), fc.constantFrom(...CLOCKS), { maxKeys: 2 }),
    isOurs: fc.boolean(),
    gap: fc.constantFrom("", "", " "),
    rotation: fc.nat(20),
  })
  .map(
    ({ names, types, hasEvent, values, clocks, isOurs, gap, rotation }) =>
      (at: number, timeMs: number) => {
        const of = (list: readonly string[], shift = 0): string => list[(at + shift) % list.length] ?? "0";
        const members = names.map((name, index): [string, string] => [name, of(values, index)]);
        if (hasEvent) members.push(["event", of(types)]);
        for (const [name, clock] of Object.entries(clocks)) members.push([name, clock(timeMs)]);
        if (isOurs)
          members.push(["seq", String(at)], ["session_id", '"s"'], ["timestamp", CLOCKS[0]?.(timeMs) ?? ""]);
        members.push(...members.splice(0, rotation % (members.length + 1)));
        return `{${members.map(([name, each]) => `"${name}":${gap}${each}`).join(`,${gap}`)}}\n`;
      },
  );
/** The same as we do. */
function recorder(at: number, timeMs: number): string {
  const time = new Date(timeMs).toISOString();
  const id = "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41";
  return `{"event":"nav","timestamp":"${time}","severity":"INFO","seq":${at},"id":"${id}","session_id":"s","agent_id":"T"}\n`;
}

const damage = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255));
const log = fc
  .record({
    writers: fc.array(writer, { minLength: 1, maxLength: 3 }),
    turns: fc.array(fc.nat(3), { minLength: 20, maxLength: 120 }),
    stepMs: fc.constantFrom(40, 1000, 47_000, 3_600_000, 90_000_000),
    damages: fc.array(damage, { maxLength: 3 }),
  })
  .map(({ writers, turns, stepMs, damages }) => {
    const all = [...writers, recorder];
    const lines = turns.map((turn, at) => all[turn % all.length]?.(at, START_MS + at * stepMs) ?? "");
    const bytes = Buffer.from(lines.join(""));
    for (const [place, byte] of damages) bytes[Math.floor(place * bytes.length)] = byte;
    return bytes;
  });
/** Of all that may be asked, little at a time: more would refuse nearly all lines. */
const filter: fc.Arbitrary<EventFilter> = fc
  .tuple(
    fc.record({
      event: fc.subarray(["TOOL_CALL", "nav", "(untyped)", "ERROR"], { minLength: 1 }),
      severity: fc.constantFrom(...SEVERITIES),
      agent: fc.constantFrom("*", "T*", "ä"),
      since: fc.constantFrom("2026-01-31T22:00:00Z", "2026-01-31T21:59:31.500Z", "2026-02-03T00:00:00Z"),
      until: fc.constantFrom("2026-01-31T22:00:00Z", "2026-01-31T21:59:32.040Z", "2026-02-09T00:00:00Z"),
      text: fc.constantFrom("nav", "x"),
    }),
    fc.subarray(["event", "severity", "agent", "since", "since", "until", "text"] as const, { maxLength: 2 }),
  )
  .map(([all, names]) => Object.fromEntries(names.map((name) => [name, all[name]])));

describe("lines that others wrote", () => {
  it("are the same when those like others are passed over", () => {
    let passed = 0;
    fc.assert(
      fc.property(
        log,
        filter,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(undefined, undefined, 30),
        (bytes, filters, isForeign, isCounting, nextSeq) => {
          const asked = compileFilter(filters, START_MS);
          const memory = takeScanMemory(scanned(asked, isForeign));
          if (memory === undefined) throw new Error("this Node has no WebAssembly");
          // Once more, when its lines are known already: of ours, a later segment may hold some of them again.
          for (const supersededFrom of [undefined, isForeign ? undefined : nextSeq]) {
            const how = { isForeign, isCounting, nextSeq: supersededFrom };
            const known = read(bytes, asked, { ...how, memory });
            passed += known.passed;
            expect({ ...known, passed: 0 }).toEqual(read(bytes, asked, how));
          }
          returnScanMemory(memory);
        },
      ),
      { numRuns: RUNS },
    );
    // Else nothing would have been compared.
    expect(passed).toBeGreaterThan(RUNS);
  }, 600_000);

  it("are passed over nearly all", () => {
    const types = ["TOOL_CALL", "TOOL_RESULT", "nav"];
    const lines = Array.from({ length: 3000 }, (_, at) => {
      const time = new Date(START_MS + at * 700).toISOString();
      return `{"message": "m${at} ä\\n", "time": "${time}", "args": {"type": "${at}"}, "type": "${types[at % 3]}"}\n`;
    });
    const asked = compileFilter({}, START_MS);
    const memory = takeScanMemory(scanned(asked, true));
    const {
      report,
      types: counts,
      passed,
    } = read(Buffer.from(lines.join("")), asked, { isForeign: true, isCounting: true, memory });
    expect(report.read).toBe(3000);
    expect(counts).toEqual({ TOOL_CALL: 1000, TOOL_RESULT: 1000, nav: 1000 });
    expect(passed).toBeGreaterThan(2900);
  });
});

function scanned({ lineTest: test }: CompiledFilter, isForeign: boolean): ScannedLines {
  return { test, isCanonical: !isForeign, isForeign, isAhead: false };
}

/** What a scan of these bytes gives (`scanSession` does it with files), and how many lines were passed over. */
function read(
  bytes: Buffer,
  asked: CompiledFilter,
  {
    isForeign,
    isCounting,
    memory,
    nextSeq,
  }: {
    isForeign: boolean;
    isCounting: boolean;
    memory?: ScanMemory | undefined;
    nextSeq?: number | undefined;
  },
) {
  const report = new ReadReport();
  const { lineTest: test, accepts, decidedByBytes } = asked;
  const file = {
    path: "-",
    name: "-",
    archived: false,
    sessionId: "s",
    agentId: "",
    firstSeq: 0,
    startedAt: "",
    format: isForeign ? 0 : 1,
    ...(isForeign ? { foreign: true as const } : {}),
  };
  const next = nextSeq === undefined ? [] : [{ ...file, firstSeq: nextSeq }];
  const session = { sessionId: "s", agentId: "", parentId: undefined, startMs: 0, files: [file, ...next] };
  const segment = new SegmentReader(session, 0, report);
  const counter = isCounting && decidedByBytes ? new EventCounter() : undefined;
  memory?.begin(scanned(asked, isForeign));
  let passed = 0;
  const kinds = memory?.kinds;
  if (kinds !== undefined) {
    const pass = kinds.pass.bind(kinds);
    kinds.pass = (at, end, limit, fills) => {
      const to = pass(at, end, limit, fills);
      passed += limit - kinds.left;
      return to;
    };
  }
  const lines = new LineCursor(choppedSource(bytes), 0, memory?.chunk);
  const events: string[] = [];
  const take = (): void => {
    for (const { event } of segment.takeSalvaged()) takeEvent(event);
  };
  const takeEvent = (event: Parameters<typeof accepts>[0]): void => {
    if (!accepts(event)) return;
    if (counter === undefined) events.push(JSON.stringify(event));
    else counter.add(event.event, 1);
  };
  const pass = { test, isCanonical: !isForeign, segment, counter, memory };
  for (let outcome = passLines(lines, pass); outcome !== "end"; outcome = passLines(lines, pass)) {
    if (outcome !== "found") continue;
    const found = segment.decode(lines.bytes, lines.offset);
    take();
    if (found !== undefined) takeEvent(found.event);
  }
  segment.end();
  take();
  lines.close();
  memory?.finish(counter, report);
  // The memory is kept for the next read.
  if (kinds !== undefined) Reflect.deleteProperty(kinds, "pass");
  const { read: count, timeless, skipped, superseded } = report;
  return {
    passed,
    events,
    types: counter?.types(),
    report: { read: count, timeless, skipped, superseded },
  };
}
