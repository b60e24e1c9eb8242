// Figures that are read from the bytes of lines are those of the events that the lines hold when they are parsed.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { SEVERITIES } from "../../event/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import { packEntry } from "../../store/session/session-entry.ts";
import {
  FOLDED_FIELDS,
  FoldedEvent,
  foldEvent,
  newSummary,
  TYPES_FOLDED_WHOLE,
} from "../../summary/index.ts";
import { foldLines } from "../scan/figure-pass.ts";
import { SegmentReader } from "../scan/segment-reader.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { foldWhole } from "../sessions/session-fold.ts";
import { LineFigures, takeLineFigures } from "./line-figures.ts";
import { ReadReport } from "./report.ts";

const RUNS = Number(process.env["TRACEKEEP_FUZZ_RUNS"] ?? 800);

let dir: string;
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

const HEAD = "event timestamp severity seq session_id".split(" ");
const NAMES = [...HEAD, "call_id", "copy_of", "agent_id", "source", ...FOLDED_FIELDS];
const OTHERS = [
  "x",
  "",
  "é",
  "__proto__",
  "message",
  String.raw`ev\u0065nt`,
  "a_very_long_name_of_more_than_32_bytes",
];
const TYPES = [
  ...TYPES_FOLDED_WHOLE,
  "TOOL_CALL",
  "TOOL_RESULT",
  "MODEL_RESPONSE",
  "USER_MESSAGE",
  "ERROR",
  "nav",
  "ä",
];
const TIMES = ["00.000Z", "00.001Z", "59.999Z", "60.000Z", "0a.000Z", "00+01:00", "00:.000Z", ""].map(
  (rest) => `2026-01-06T22:00:${rest}`,
);
const TEXTS = [
  ...TYPES,
  ...TIMES,
  ...SEVERITIES,
  "s",
  "error",
  "ok",
  "bash",
  "",
  "\u2028",
  'a "quote"',
  "x".repeat(300),
];
const NUMBERS = "0 17 -1 -0 1.5 0.0125 1e3 1E-2 9007199254740993 12345678901234567890 1e999 100000".split(
  " ",
);
const WORDS =
  String.raw`true false null "\u0041" "\ud800" "\/" "\n" [] {} [[]] {"hook":1} {"hook":{"a":[1,2]}} {"a":"hook"}`.split(
    " ",
  );
const NO_JSON = [
  ...String.raw`01 1. .5 +1 - 1e tru nulL NaN "\x" "\u00g0" "a 'a' [1,] {"a"} {,} [}`.split(" "),
  '"\t"',
  "",
  "1 2",
];

const text = fc.constantFrom(...TEXTS).map((each) => JSON.stringify(each));
const scalar = fc.oneof(
  { weight: 12, arbitrary: text },
  { weight: 30, arbitrary: fc.constantFrom(...NUMBERS, ...WORDS) },
  { weight: 1, arbitrary: fc.constantFrom(...NO_JSON) },
);
const { value } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "json" },
    { arbitrary: scalar, weight: 8 },
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("value"), { maxLength: 3 }).map((values) => `[${values.join(",")}]`),
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES, ...OTHERS), tie("value")), { maxLength: 3 })
    .map((members) => `{${members.map(([name, each]) => `"${name}":${each}`).join(",")}}`),
}));

/** An event with any fields in any order, once each or now and then twice. */
const line = fc
  .record({
    type: fc.constantFrom(...TYPES),
    time: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...TIMES.slice(0, 3)) },
      fc.constantFrom(...TIMES),
    ),
    fields: fc.array(fc.tuple(fc.constantFrom(...NAMES.slice(5), ...OTHERS), value), { maxLength: 8 }),
    order: fc.infiniteStream(fc.nat(50)),
    isShuffled: fc.constantFrom(false, false, false, true),
    mayRepeat: fc.constantFrom(false, false, false, true),
    gap: fc.constantFrom("", "", "", "", "", "", " ", "\t", "\r"),
  })
  .map(({ type, time, fields, order, isShuffled, mayRepeat, gap }) => (seq: number): string => {
    const head = [JSON.stringify(type), JSON.stringify(time), '"INFO"', String(seq), '"s"'];
    const once = mayRepeat ? fields : [...new Map(fields)];
    const members = [...HEAD.map((name, at): [string, string] => [name, head[at] ?? ""]), ...once];
    if (isShuffled) members.sort(() => (order.next().value ?? 0) - 25);
    return `{${members.map(([name, each]) => `"${name}":${each}`).join(`,${gap}`)}${gap}}\n`;
  });
const damage = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255));
const log = fc
  .tuple(fc.array(line, { maxLength: 12 }), fc.option(damage, { freq: 4 }), fc.nat(10))
  .map(([lines, damaged, cut]) => {
    const start = START.replace("SEQ", "0");
    const bytes = Buffer.from(start + lines.map((make, at) => make(at + 1)).join(""));
    if (damaged !== null) bytes[Math.floor(damaged[0] * bytes.length)] = damaged[1];
    // A log may end in the middle of a line.
    return cut === 0 ? bytes.subarray(0, -3) : bytes;
  });

const START = `{"event":"START","timestamp":"2026-01-06T22:00:00.000Z","severity":"INFO","seq":SEQ,"id":"i","session_id":"s","agent_id":"a","format":1,"origin":"recorded"}\n`;

function session(): SessionLogs {
  const file = { path: path.join(dir, "log.jsonl"), name: "log.jsonl", archived: false, format: 1 };
  const facts = { sessionId: "s", agentId: "a", firstSeq: 0, startedAt: "2026-01-06T22:00:00.000Z" };
  return { sessionId: "s", agentId: "a", parentId: undefined, startMs: 0, files: [{ ...file, ...facts }] };
}

/** @param isParsed whether every line is parsed: whoever asks for the events before they count has them all */
function fold(isParsed: boolean, asksForNotable: boolean): unknown {
  const report = new ReadReport();
  const notable: string[] = [];
  const steps = foldWhole(
    session(),
    undefined,
    report,
    asksForNotable ? (event) => notable.push(JSON.stringify(event)) : undefined,
    isParsed ? () => undefined : undefined,
  );
  for (;;) {
    const { done, value: folded } = steps.next();
    if (done !== true) continue;
    const { read, skipped, superseded } = report;
    const { summary: _summary, ...rest } = folded;
    return {
      packed: JSON.stringify(packEntry({ marks: [], folded })),

      rest,
      read,
      skipped,
      superseded,
      notable,
    };
  }
}

describe("figures read from the bytes of lines", () => {
  it("are those of the parsed events, however odd the lines are", () => {
    const read = vi.spyOn(LineFigures.prototype, "read");
    let told = 0;
    fc.assert(
      fc.property(log, fc.boolean(), (bytes, asksForNotable) => {
        fs.writeFileSync(path.join(dir, "log.jsonl"), bytes);
        read.mockClear();
        const folded = fold(false, asksForNotable);
        told += read.mock.results.filter(({ value: end }) => end !== 0).length;
        expect(folded).toEqual(fold(true, asksForNotable));
      }),
      { numRuns: RUNS },
    );
    read.mockRestore();
    // Else nothing would have been compared.
    expect(told).toBeGreaterThan(RUNS / 2);
  }, 60_000);

  it("are told of most lines that a recorder writes, also where the buffer ends in the middle of one", () => {
    const lines = Array.from({ length: 3000 }, (_, at) => {
      const body = `"tool":"bash","call_id":"c${at}","duration_ms":${at},"result":{"text":"${"ä".repeat(at % 200)}\\n\\u001b"}`;
      return `{"event":"TOOL_RESULT","timestamp":"2026-01-06T22:00:${String(at % 60).padStart(2, "0")}.000Z","severity":"INFO","seq":${at},"session_id":"s",${body}}\n`;
    });
    const file = path.join(dir, "long.jsonl");
    fs.writeFileSync(file, lines.join(""));
    const figures = takeLineFigures();
    expect(figures).toBeDefined();
    if (figures === undefined) return;
    const cursor = new LineCursor(file, 0, figures.chunk);
    const logs = session();
    const segment = new SegmentReader({ ...logs, files: logs.files }, 0, new ReadReport());
    const seen: number[] = [];
    const take = (): void => void seen.push(Number(figures.folded.body.duration_ms));
    while (foldLines(cursor, { figures, accepts: () => true, take }, segment, 0) !== "end") continue;
    cursor.close();
    expect(seen).toEqual(lines.map((_, at) => at));
  });
});

describe("the fold", () => {
  const asked = new Set<string>();
  const noteAsked: ProxyHandler<Record<string, unknown>> = {
    get: (values, name) => {
      asked.add(String(name));
      return values[String(name)];
    },
  };
  const foldAll = (types: readonly string[], values: Record<string, unknown>): string[] => {
    asked.clear();
    const body = new Proxy(values, noteAsked);
    const summary = newSummary("s");
    summary.preview = "said";
    const said = { timestamp: "2026-01-06T22:00:00.000Z", severity: "INFO", seq: 0, call_id: "c" };
    for (const event of types) foldEvent(summary, { event, ...said }, body);
    return [...asked];
  };

  it("reads no other fields than it says, of events that it needs not know whole", () => {
    const types = TYPES.filter((type) => !TYPES_FOLDED_WHOLE.has(type));
    const others = foldAll(types, { metadata: { hook: true } }).filter(
      (name) => !(FOLDED_FIELDS as readonly string[]).includes(name),
    );
    expect(others).toEqual([]);
  });

  it("finds in a folded event all that it reads of a parsed one", () => {
    const folded = new FoldedEvent();
    const unknown = foldAll(TYPES, { anomaly: {}, metrics: {} }).filter((name) => !(name in folded.body));
    expect(unknown).toEqual([]);
    const summaries = [newSummary("s"), newSummary("s")] as const;
    for (const event of TYPES) {
      const parsed = {
        event,
        timestamp: "2026-01-06T22:00:00.000Z",
        severity: "INFO",
        seq: 0,
        ...EVERY_FIELD,
      };
      folded.take(parsed);
      foldEvent(summaries[0], parsed, parsed);
      foldEvent(summaries[1], folded.head, folded.body);
    }
    expect(summaries[1]).toEqual(summaries[0]);
    expect(summaries[1].title).toBe("title");
  });
});

const EVERY_FIELD = {
  agent_id: "a",
  call_id: "c",
  source: { file: "f", offset: 0, line: 1 },
  ...Object.fromEntries(
    [
      "host",
      "boot_id",
      "process_start",
      "message",
      "origin",
      "parent_session_id",
      "project",
      "reason",
      "title",
    ]
      .concat("tool", "model", "status")
      .map((name) => [name, name]),
  ),
  ...Object.fromEntries(
    "pid count health_score duration_ms cost_usd input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens"
      .split(" ")
      .map((name, at) => [name, at + 1]),
  ),
  anomaly: { rule: "LOOP", severity: "HIGH" },
  metrics: { depth: 3 },
  metadata: { hook: true },
};
