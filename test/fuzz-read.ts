// Reading what may have become of a log, millions of times: no crash, nothing that takes a second, no event that was not
// in the input, and none that a filter gives and a read of everything does not.
//
//   npm run fuzz:read -- [--runs 10000000] [--seed 1]
//
// Nothing is written to a disk, so an input takes some 50 µs. What fails is printed with its seed, which makes the same
// input again. (src/read/mutations.test.ts does the same with files, and compressed.)

import { parseArgs } from "node:util";

import { compileFilter } from "../src/read/filter/filter.ts";
import type { CompiledFilter, EventFilter } from "../src/read/filter/filter.ts";
import { EventCounter } from "../src/read/lines/event-counter.ts";
import { ReadReport } from "../src/read/lines/report.ts";
import { scanSession } from "../src/read/scan/scan.ts";
import type { SessionLogs } from "../src/read/scan/session-logs.ts";
import { isPause } from "../src/read/scan/stream.ts";
import type { ByteSource } from "../src/store/reading/byte-source.ts";
import { testEvents } from "../src/testing/events.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "10000000" }, seed: { type: "string", default: "1" } },
});

const CANONICAL = Buffer.from(
  testEvents(6, (seq) =>
    seq === 0
      ? { format: 1 }
      : {
          message: `event ${seq} {"event":"FAKE","seq":1} ö`,
          deep: { event: "INNER", list: [{ event: "INNER" }] },
        },
  )
    .map(({ line }) => line.replace(/"(id|salt)":"[^"]*"/g, '"$1":"019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41"'))
    .map((line, seq) => (seq === 0 ? line.replace("CHECKPOINT", "START") : line))
    .join(""),
);
const FOREIGN = Buffer.from(
  '{"time":"2026-01-06T22:00:00Z","type":"a","data":{"event":"INNER"}}\n' +
    '{\n  "event": "b",\n  "list": [1, {"event": "INNER"}],\n  "text": "} {\\"event\\":\\"FAKE\\"}"\n}\n' +
    '[{"event":"c","level":1},{"event":"d","agent_id":"x"}]\r\n{"type":"e"}{"type":"f","ts":1767736800}\n',
);
const FILTERS: EventFilter[] = [
  {},
  { event: "CHECKPOINT" },
  { event: ["a", "START"] },
  { severity: "ERROR" },
  { since: "2026-01-06T22:00:00.002Z", until: "2026-01-06T22:00:00.004Z" },
  { agent: "test-*" },
  { text: "event 3" },
  { where: ["message~event", "seq>2"] },
];
const compiled = FILTERS.map((filter) => compileFilter(filter, 0));
const [unfiltered] = compiled;
const PIECES = [
  "\n",
  "}{",
  "\r\n",
  "\ufeff",
  "[",
  "]",
  ",",
  '"',
  "\\",
  "{",
  "\0\0\0",
  '{"event":"X"',
  "\ud800",
].map((text) => Buffer.from(text));

const [runs, firstSeed] = [Number(values.runs), Number(values.seed)];
let [worstMs, events, peakBytes] = [0, 0, 0];
/** Processor time: on a busy machine, a turn may have to be waited for. */
const nowMs = (): number => process.cpuUsage().user / 1000;
const startMs = nowMs();
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  const begunMs = nowMs();
  try {
    check(seed);
  } catch (error) {
    console.error(`seed ${seed}`);
    throw error;
  }
  worstMs = Math.max(worstMs, nowMs() - begunMs);
  if (seed % 100_000 === 0 || seed === firstSeed + runs - 1) {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    const seconds = (nowMs() - startMs) / 1000;
    console.log(
      `${(seed - firstSeed + 1).toLocaleString("en-US")} inputs, ${events.toLocaleString("en-US")} events, ` +
        `${seconds.toFixed(0)} s, slowest ${worstMs.toFixed(0)} ms, ${(peakBytes / 1e6).toFixed(0)} MB`,
    );
  }
}

// --- internal ---

function check(seed: number): void {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const isForeign = random(3) === 0;
  let bytes: Buffer = isForeign ? FOREIGN : CANONICAL;
  for (let count = 1 + random(4); count > 0; count--) bytes = mutated(bytes, random);
  const filter = compiled[random(compiled.length)] ?? unfiltered;
  if (filter === undefined || unfiltered === undefined) throw new Error("there is no filter");
  const all = read(bytes, isForeign, unfiltered);
  events += all.size;
  const found = filter === unfiltered ? all : read(bytes, isForeign, filter);
  // Of our own lines, what is damaged behind their beginning is not noticed where they are counted.
  if (isForeign && filter.decidedByBytes && countOf(bytes, filter) !== found.size)
    throw new Error(`counted ${countOf(bytes, filter)}, found ${found.size}`);
  for (const event of found) {
    // Of others, a line that is passed over ends an object that was begun before it and never closed.
    if (!isForeign && !all.has(event)) throw new Error(`a filter gives what is not there: ${event}`);
  }
}

function mutated(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length + 1);
  switch (random(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(400))]);
    case 1: {
      const from = random(bytes.length + 1);
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(from, from + random(600)),
        bytes.subarray(at),
      ]);
    }
    case 2:
      return Buffer.from(bytes).fill(random(256), at, Math.min(at + random(80), bytes.length));
    case 3: {
      const piece = PIECES[random(PIECES.length)] ?? Buffer.alloc(0);
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
    default: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random(256);
      return copy;
    }
  }
}

/** The events of a log with these bytes, as texts that tell them apart. */
function read(bytes: Buffer, isForeign: boolean, filter: CompiledFilter): Set<string> {
  const found = new Set<string>();
  const report = new ReadReport();
  for (const each of scanSession(logOf(bytes, isForeign), filter.lineTest, report)) {
    if (isPause(each) || !filter.accepts(each.event)) continue;
    const { event, offset } = each;
    // In a file of others any object that stands by itself is one; of ours, these stand in a text or in another event.
    if (!isForeign && Object.keys(event).length < 5) throw new Error(`made up: ${JSON.stringify(event)}`);
    if (!bytes.includes(each.bytes)) throw new Error(`not in the input: ${each.bytes.toString()}`);
    // Numbers of records that have none of their own depend on how many stand in damaged lines before, which a filter may pass over.
    found.add(`${offset} ${JSON.stringify(isForeign ? { ...event, seq: 0 } : event)}`);
  }
  for (const { from, to } of report.skipped) {
    if (!(from >= 0 && from <= to && to <= bytes.length))
      throw new Error(`skipped from ${from} to ${to} of ${bytes.length}`);
  }
  return found;
}

/** The same of a foreign log, by lines that are not parsed. */
function countOf(bytes: Buffer, filter: CompiledFilter): number {
  const counter = new EventCounter();
  for (const each of scanSession(logOf(bytes, true), filter.lineTest, new ReadReport(), { counter }))
    if (!isPause(each) && filter.accepts(each.event)) counter.add(each.event.event, 1);
  return counter.events;
}

function logOf(bytes: Buffer, isForeign: boolean): SessionLogs {
  const identity = { sessionId: "test-session", agentId: "test-agent" };
  const file = {
    path: "-",
    name: "-",
    archived: false,
    ...identity,
    firstSeq: 0,
    startedAt: "",
    format: isForeign ? 0 : 1,
  };
  let used = 0;
  const stream: ByteSource = {
    path: "-",
    damage: [],
    get used() {
      return used;
    },
    read(into, at) {
      const count = bytes.copy(into, at, used);
      used += count;
      return count;
    },
    close: () => undefined,
  };
  const files = [isForeign ? { ...file, foreign: true as const } : file];
  return { ...identity, parentId: undefined, startMs: 0, files, stream };
}
