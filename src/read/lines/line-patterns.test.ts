import * as fc from "fast-check";
import { expect, it, vi } from "vitest";

import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import { choppedSource } from "../../testing/chopped-source.ts";
import { passLines } from "../scan/line-pass.ts";
import { SegmentReader } from "../scan/segment-reader.ts";
import { EventCounter } from "./event-counter.ts";
import { LineKinds } from "./line-kinds.ts";
import { LineTest } from "./line-test.ts";
import type { LineTestOptions } from "./line-test.ts";
import { ReadReport } from "./report.ts";
import { returnScanMemory, takeScanMemory } from "./scan-memory.ts";
import type { ScanMemory, ScannedLines } from "./scan-memory.ts";

const START_MS = Date.parse("2026-01-06T22:58:00.000Z");
const IDENTITIES = ["Coder", "Tester", "T"].map((agent) => encodeIdentity(`session of ${agent}`, agent));
const TYPES = [
  "TOOL_CALL",
  "TOOL_RESULT",
  "X",
  "ERROR",
  "a type with a very long name that takes several vectors",
];

const line = fc
  .record({
    event: fc.constantFrom(...TYPES),
    identity: fc.constantFrom(...IDENTITIES),
    severity: fc.constantFrom("INFO" as const, "ERROR" as const),
    seq: fc.nat({ max: 200_000 }),
    second: fc.nat({ max: 600 }),
    message: fc.string({ maxLength: 300 }),
    salt: fc.constantFrom("q83vEjRWeJCrze8S", "0".repeat(16)),
  })
  .map(({ event, identity, severity, seq, second, message, salt }) => {
    const timestamp = new Date(START_MS + second * 1000).toISOString();
    const id = "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41";
    return encodeLine({ event, timestamp, severity, seq, id, body: { message }, salt }, identity);
  });
/** One byte of it is another, or it ends early. */
const damaged = fc.tuple(line, fc.nat(400), fc.nat(255), fc.boolean()).map(([text, at, byte, isCut]) => {
  const bytes = Buffer.from(text);
  if (isCut) return bytes.subarray(0, at % bytes.length);
  bytes[at % bytes.length] = byte;
  return bytes;
});
const log = fc
  .array(fc.oneof({ arbitrary: line, weight: 12 }, { arbitrary: damaged, weight: 1 }), { maxLength: 150 })
  .map((lines) => Buffer.concat(lines.map((each) => Buffer.from(each))));

const question: fc.Arbitrary<LineTestOptions> = fc.record({
  types: fc.constantFrom(undefined, ["TOOL_CALL"], ["X", "ERROR"]),
  severity: fc.constantFrom(undefined, "ERROR" as const),
  sinceMs: fc.constantFrom(undefined, START_MS + 120_000, START_MS + 123_456),
  untilMs: fc.constantFrom(undefined, START_MS + 300_000),
  timelessTypes: fc.constantFrom(undefined, ["X"]),
  agent: fc.constantFrom(undefined, (agent: string) => agent.startsWith("T")),
});

it("passes over and counts the very lines that are refused and counted one by one", () => {
  // Odd lines are for a parser here.
  const judge = vi.spyOn(LineKinds.prototype, "judge").mockReturnValue(undefined);
  fc.assert(
    fc.property(
      fc.array(log, { minLength: 1, maxLength: 3 }),
      question,
      fc.boolean(),
      fc.constantFrom(undefined, 0, 7, 4711, 99_999, 123_456),
      (logs, options, isCounting, nextSeq) => {
        for (const bytes of logs) {
          const memory = takeScanMemory(scanned(options));
          if (memory === undefined) throw new Error("this Node has no WebAssembly");
          expect(read(bytes, options, { isCounting, memory, nextSeq })).toEqual(
            read(bytes, options, { isCounting, nextSeq }),
          );
        }
      },
    ),
    { numRuns: Number(process.env["TRACEKEEP_FUZZ_RUNS"] ?? 300) },
  );
  judge.mockRestore();
}, 600_000);

it("passes over nearly all lines of a log", () => {
  const lines = fc.sample(line, { numRuns: 3000, seed: 1 });
  const bytes = Buffer.from(lines.join(""));
  const memory = takeScanMemory(scanned({}));
  const patterns = memory?.patterns;
  if (patterns === undefined) throw new Error("this Node has no WebAssembly");
  let passed = 0;
  const pass = patterns.pass.bind(patterns);
  patterns.pass = (at, end, limit) => {
    const to = pass(at, end, limit);
    passed += limit - patterns.left;
    return to;
  };
  const { read: total } = read(bytes, {}, { isCounting: true, memory }).report;
  expect(total).toBe(3000);
  // All but one of each kind (5 types, 2 severities, numbers of 1 to 6 digits) and one of each read of the source.
  expect(passed).toBeGreaterThan(3000 - 5 * 2 * 6 - bytes.length / 7000 - 1);
});

function scanned(options: LineTestOptions): ScannedLines {
  return { test: new LineTest(options), isCanonical: true, isForeign: false, isAhead: false };
}

/** @param how `nextSeq`: from which number on the next segment holds the events again */
function read(
  bytes: Buffer,
  options: LineTestOptions,
  how: { isCounting: boolean; memory?: ScanMemory | undefined; nextSeq?: number | undefined },
) {
  const { isCounting, memory, nextSeq } = how;
  const report = new ReadReport();
  const file = {
    path: "-",
    name: "-",
    archived: false,
    sessionId: "s",
    agentId: "",
    firstSeq: 0,
    startedAt: "",
    format: 1,
  };
  const next = nextSeq === undefined ? [] : [{ ...file, firstSeq: nextSeq }];
  const session = { sessionId: "s", agentId: "", parentId: undefined, startMs: 0, files: [file, ...next] };
  const segment = new SegmentReader(session, 0, report);
  const counter = isCounting ? new EventCounter() : undefined;
  const { test, ...rest } = scanned(options);
  memory?.begin({ test, ...rest });
  const lines = new LineCursor(choppedSource(bytes), 0, memory?.chunk);
  const found: { offset: number; line: number; text: string }[] = [];
  const pass = { test, isCanonical: true, segment, counter, memory };
  for (let outcome = passLines(lines, pass); outcome !== "end"; outcome = passLines(lines, pass)) {
    if (outcome === "found")
      found.push({ offset: lines.offset, line: lines.line, text: lines.bytes.toString("latin1") });
  }
  lines.close();
  memory?.finish(counter, report);
  if (memory !== undefined) returnScanMemory(memory);
  return { found, report, types: counter?.types() };
}
