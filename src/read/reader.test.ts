import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { TracekeepError } from "../base/errors.ts";
import { severityOfType, severityRank } from "../event/index.ts";
import type { Event, JsonObject, Severity } from "../event/index.ts";
import { encodeIdentity, encodeLine } from "../format/index.ts";
import { openStore } from "../record/index.ts";
import type { EventFilter } from "./filter/filter.ts";
import { UNFINISHED_LINE } from "./lines/report.ts";
import { openReader } from "./reader.ts";
import type { Reader } from "./reader.ts";
import type { SessionFilter } from "./sessions/sessions.ts";

const NOW_MS = Date.parse("2026-01-07T00:00:00.000Z");
const START_MS = Date.parse("2026-01-06T22:00:00.000Z");

let dir: string;
let reader: Reader;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  reader = openReader({ dir, clock: { wallMs: () => NOW_MS, monotonicMs: () => 0 } });
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

interface TestEvent {
  event: string;
  /** Seconds after the start of the tests' time. */
  at?: number;
  severity?: Severity;
  body?: JsonObject;
}

function lineOf(
  sessionId: string,
  agentId: string,
  seq: number,
  { event, at, severity, body }: TestEvent,
): string {
  const parts = {
    event,
    timestamp: new Date(START_MS + (at ?? seq) * 1000).toISOString(),
    severity: severity ?? severityOfType(event),
    seq,
    id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    body: body ?? {},
    salt: "q83vEjRWeJCrze8S",
  };
  return encodeLine(parts, encodeIdentity(sessionId, agentId));
}

/** Writes a session whose first event is a START at the time of the first one given. */
function writeSession(
  sessionId: string,
  events: readonly TestEvent[],
  agentId = `agent-${sessionId}`,
): string {
  const start: TestEvent = {
    event: "START",
    at: events[0]?.at ?? 0,
    body: { format: 1, origin: "recorded" },
  };
  const lines = [start, ...events].map((event, seq) => lineOf(sessionId, agentId, seq, event));
  return writeFile(`session_${Buffer.from(sessionId).toString("hex")}.jsonl`, lines.join(""));
}

function writeFile(name: string, text: string | Buffer): string {
  const file = path.join(dir, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

const placesOf = (events: Iterable<Event>): string[] =>
  [...events].map(({ session_id, seq }) => `${session_id} ${seq}`);

function commandOf({ args }: Event): unknown {
  return typeof args === "object" && args !== null && "command" in args ? args.command : undefined;
}

/** The filter said as simply as possible, over parsed events. */
function isWanted(wanted: EventFilter, candidate: Event): boolean {
  const timeMs = Date.parse(candidate.timestamp);
  const types = wanted.event === undefined ? undefined : [wanted.event].flat();
  const texts: string[] = [];
  JSON.stringify(candidate, (key, value: unknown) => {
    if (typeof value === "string" && key !== "salt") texts.push(value);
    return value;
  });
  const command = commandOf(candidate);
  const conditions: Record<string, boolean> = {
    "duration_ms>50": Number(candidate["duration_ms"] ?? 0) > 50,
    "args.command~t": typeof command === "string" && command.includes("t"),
    "message!=npm test": typeof candidate["message"] === "string" && candidate["message"] !== "npm test",
  };
  const agents: Record<string, boolean> = {
    "*": true,
    "a*": candidate.agent_id.startsWith("a"),
    "agent-?": /^agent-.$/u.test(candidate.agent_id),
    b: candidate.agent_id === "b",
  };
  return (
    types?.includes(candidate.event) !== false &&
    severityRank(candidate.severity) >= severityRank(wanted.severity ?? "DEBUG") &&
    (wanted.since === undefined || timeMs >= new Date(wanted.since).getTime()) &&
    (wanted.until === undefined || timeMs <= new Date(wanted.until).getTime()) &&
    (wanted.agent === undefined || agents[wanted.agent] === true) &&
    (wanted.text === undefined || texts.some((text) => text.includes(wanted.text ?? ""))) &&
    (wanted.where === undefined || conditions[String(wanted.where)] === true)
  );
}

/** The last of a list by the rule that is documented: no event counts as later than those after it. */
function lastOf(events: readonly Event[], all: readonly Event[], count: number): Event[] {
  const times = new Map<Event, number>();
  const earliest = new Map<string, number>();
  for (const each of all.toReversed()) {
    const timeMs = Math.min(Date.parse(each.timestamp), earliest.get(each.session_id) ?? Infinity);
    earliest.set(each.session_id, timeMs);
    times.set(each, timeMs);
  }
  const byTime = events.toSorted((left, right) => (times.get(left) ?? 0) - (times.get(right) ?? 0));
  const kept = new Set(byTime.slice(-count));
  return events.filter((each) => kept.has(each));
}

function errorOf(action: () => unknown): TracekeepError {
  try {
    action();
  } catch (error) {
    if (error instanceof TracekeepError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const idsOf = (filter: SessionFilter): string[] =>
  [...reader.sessions(filter)].map(({ session_id }) => session_id);

/** Everything that reading could change. */
function lookAt(directory: string): unknown {
  return fs.readdirSync(directory).map((name) => {
    const file = path.join(directory, name);
    return [name, fs.statSync(file).mtimeMs, fs.readFileSync(file)];
  });
}

describe("events", () => {
  it("come by the start of their sessions, then by id, then by number, from archive and live file alike", () => {
    writeSession("later", [{ event: "X", at: 50 }]);
    writeSession("b", [{ event: "X", at: 10 }]);
    writeSession("a", [{ event: "X", at: 10 }]);
    const segment = { event: "SEGMENT", body: { format: 1, segment: 1, first_seq: 2 } };
    writeFile("old.jsonl", lineOf("old", "o", 2, segment) + lineOf("old", "o", 3, { event: "X" }));
    const start = { event: "START", at: 1, body: { format: 1 } };
    writeFile("archive/old.0001.jsonl", lineOf("old", "o", 0, start) + lineOf("old", "o", 1, { event: "X" }));
    const events = reader.events();
    expect(placesOf(events)).toEqual([
      "old 0",
      "old 1",
      "old 2",
      "old 3",
      "a 0",
      "a 1",
      "b 0",
      "b 1",
      "later 0",
      "later 1",
    ]);
    expect(events.report).toMatchObject({ read: 10, skipped: [], hasDamage: false });
  });

  it("that a later segment holds again are shown from there, once", () => {
    const event = (seq: number): string => lineOf("s", "a", seq, { event: "X" });
    const start = lineOf("s", "a", 0, { event: "START", body: { format: 1 } });
    const segment = lineOf("s", "a", 2, { event: "SEGMENT", body: { format: 1, segment: 1, first_seq: 2 } });
    writeFile("one.jsonl", start + event(1) + event(2) + event(3));
    writeFile("two.jsonl", segment + event(3) + event(4));
    const events = reader.events();
    expect(placesOf(events)).toEqual(["s 0", "s 1", "s 2", "s 3", "s 4"]);
    expect(events.report).toMatchObject({ read: 5, superseded: 2, skipped: [] });
    expect(placesOf(reader.events({ last: 4 }))).toEqual(["s 1", "s 2", "s 3", "s 4"]);
  });

  it("are returned all, and every other line is reported with its bytes, whatever stands between them", () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a))),
      fc
        .constantFrom(
          "",
          "42",
          "null",
          "[]",
          "{}",
          '{"event":"X"',
          '{"event":"X","timestamp":"yesterday"}',
          "\u0000\u0000",
        )
        .map((text) => Buffer.from(text)),
    );
    const lines = fc.array(fc.oneof(fc.constant("event"), garbage), { maxLength: 30 });
    fc.assert(
      fc.property(lines, fc.boolean(), (kinds, isWhole) => {
        const pieces = [Buffer.from(lineOf("s", "a", 0, { event: "START", body: { format: 1 } }))];
        const skipped: { from: number; to: number }[] = [];
        let seq = 0;
        let offset = pieces[0]?.length ?? 0;
        for (const kind of kinds) {
          const text =
            kind === "event"
              ? lineOf("s", "a", ++seq, { event: "TOOL_CALL", body: { text: "ö\u2028" } })
              : "";
          const piece =
            kind === "event" ? Buffer.from(text) : Buffer.concat([Buffer.from(kind), Buffer.from("\n")]);
          if (kind !== "event") skipped.push({ from: offset, to: offset + piece.length });
          pieces.push(piece);
          offset += piece.length;
        }
        const tail = Buffer.from(isWhole ? "" : lineOf("s", "a", 99, { event: "X" }).slice(0, -1));
        if (tail.length > 0) skipped.push({ from: offset, to: offset + tail.length });
        const file = writeFile("s.jsonl", Buffer.concat([...pieces, tail]));
        const expected = Array.from({ length: seq + 1 }, (_, number) => `s ${number}`);
        for (const filter of [{}, { last: 1000 }]) {
          const events = reader.events(filter);
          expect(placesOf(events)).toEqual(expected);
          const places = events.report.skipped
            .map(({ from, to }) => ({ from, to }))
            .sort((a, b) => a.from - b.from);
          expect(places).toEqual(skipped);
          expect(events.report.skipped.every((place) => place.file === file && place.reason !== "")).toBe(
            true,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it("of a session that is being written may have an unfinished last line, which is no damage", () => {
    const file = writeSession("s", [{ event: "X" }]);
    const size = fs.statSync(file).size;
    fs.appendFileSync(file, '{"event":"TOOL_CALL","times');
    const events = reader.events();
    expect(placesOf(events)).toEqual(["s 0", "s 1"]);
    expect(events.report.skipped).toEqual([{ file, from: size, to: size + 27, reason: UNFINISHED_LINE }]);
    expect(events.report.hasDamage).toBe(false);
  });

  it("of other files are read when one vanishes, is no log, or is a link out of the store", () => {
    const gone = writeSession("a", [{ event: "X", at: 0 }]);
    writeSession("b", [{ event: "X", at: 1 }]);
    const notes = writeFile("notes.jsonl", "my notes\n");
    fs.symlinkSync("/etc/passwd", path.join(dir, "link.jsonl"));
    const events = reader.events()[Symbol.iterator]();
    expect(events.next().value).toMatchObject({ session_id: "a" });
    events.return();
    const stream = reader.events();
    const places: string[] = [];
    for (const event of stream) {
      // The catalog has been read by now; the second file goes before its turn.
      if (places.length === 0) fs.rmSync(path.join(dir, `session_${Buffer.from("b").toString("hex")}.jsonl`));
      places.push(`${event.session_id} ${event.seq}`);
    }
    expect(places).toEqual(["a 0", "a 1"]);
    expect(stream.report.skipped.map(({ file }) => path.basename(file)).sort()).toEqual([
      "link.jsonl",
      "notes.jsonl",
      "session_62.jsonl",
    ]);
    expect([fs.existsSync(gone), fs.readFileSync(notes, "utf8")]).toEqual([true, "my notes\n"]);
  });

  it("are found again by their places, and are none once their session is gone", () => {
    const file = writeSession("s", [{ event: "A" }]);
    // Its id begins like the other's, and it has an event of that number.
    writeSession("s2", [{ event: "B" }]);
    const [line] = reader.lines({ session: "s", event: "A" });
    const place = { session_id: "s", seq: 1, file, offset: line?.offset ?? -1 };
    expect(reader.eventAt(place)?.event).toBe("A");
    fs.rmSync(file);
    expect(reader.eventAt(place)).toBeUndefined();
    expect(reader.eventAt({ ...place, session_id: "other" })).toBeUndefined();
  });

  it("that stand on one line are given on as lines of their own", () => {
    const file = writeSession("s", [{ event: "A" }, { event: "B" }]);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace('\n{"event":"B"', '{"event":"B"'));
    const texts = [...reader.lines()].map(({ text }) => text);
    expect(texts.map((text) => (JSON.parse(text) as Event).event)).toEqual(["START", "A", "B"]);
    expect(texts.join("").split("\n")).toHaveLength(4);
  });

  it("come with the line as it is stored", () => {
    const file = writeSession("s", [{ event: "X", body: { message: "tab\t and \u0085" } }]);
    const lines = [...reader.lines()];
    expect(lines.map(({ text }) => text).join("")).toBe(fs.readFileSync(file, "utf8"));
    expect(lines[1]).toMatchObject({ file, offset: lines[0]?.text.length, event: { event: "X" } });
  });
});

describe("a filter", () => {
  const TEXTS = ["npm test", 'say "hi"', "a/b", "näh", "tab\there", "\u2028", "😀", "\\u0041", "x\u007f"];
  const event = fc.record({
    event: fc.constantFrom("TOOL_CALL", "ERROR", "nav", "TOOL", 'quo"te', "ö", "TOOL_CALL2"),
    at: fc.integer({ min: 0, max: 100 }),
    severity: fc.constantFrom<Severity>("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"),
    body: fc.record(
      {
        message: fc.constantFrom(...TEXTS),
        args: fc.record({ command: fc.constantFrom(...TEXTS) }),
        duration_ms: fc.nat(100),
      },
      { requiredKeys: [] },
    ),
  });
  const someTime = fc.integer({ min: 0, max: 100 }).map((at) => new Date(START_MS + at * 1000));
  const filter = fc.record(
    {
      event: fc.oneof(
        fc.constantFrom("TOOL_CALL", 'quo"te', "ö", "none"),
        fc.subarray(["ERROR", "nav", "TOOL"]),
      ),
      severity: fc.constantFrom<Severity>("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"),
      since: fc.oneof(
        someTime,
        someTime.map((time) => time.toISOString().replace("Z", "+00:00")),
      ),
      until: someTime,
      agent: fc.constantFrom("*", "a*", "agent-?", "b"),
      text: fc.constantFrom(
        "npm",
        '"',
        "b",
        "/",
        "ä",
        "\t",
        "\u2028",
        "😀",
        "\ud83d",
        "\\",
        "u0041",
        "\u007f",
        "message",
        "q83v",
      ),
      where: fc.constantFrom("duration_ms>50", "args.command~t", "message!=npm test"),
      last: fc.integer({ min: 1, max: 20 }),
    },
    { requiredKeys: [] },
  );

  /** Ways in which other programs write the same events. */
  const REWRITINGS: ((line: string) => string)[] = [
    (line) => line,
    (line) =>
      line.replaceAll(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    (line) =>
      line
        .replaceAll("/", "\\/")
        .replaceAll("n", "\\u006e")
        .replaceAll("eve\\u006et", "event")
        .replaceAll(/\\u006e(?=[^"]*":)/g, "n"),
    (line) => {
      const { timestamp, ...rest }: Event = JSON.parse(line);
      return `${JSON.stringify({ ...rest, timestamp })}\n`;
    },
    (line) => `${JSON.stringify(JSON.parse(line), null, 1).replaceAll("\n", "")}\n`,
  ];

  it("finds what a plain reading of it finds, however the lines are written", () => {
    const sessions = fc.array(fc.tuple(fc.array(event, { maxLength: 12 }), fc.nat(REWRITINGS.length - 1)), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(sessions, filter, (logs, wanted) => {
        for (const file of fs.readdirSync(dir)) fs.rmSync(path.join(dir, file));
        for (const [index, [events, rewriting]] of logs.entries()) {
          const file = writeSession(`s${index}`, events, index === 0 ? "b" : `agent-${index}`);
          const lines = fs.readFileSync(file, "utf8").split(/(?<=\n)/);
          const rewritten = lines.map((line, number) =>
            number === 0 ? line : (REWRITINGS[rewriting]?.(line) ?? line),
          );
          fs.writeFileSync(file, rewritten.join(""));
        }
        const all = [...reader.events()];
        const found = all.filter((candidate) => isWanted(wanted, candidate));
        const expected = wanted.last === undefined ? found : lastOf(found, all, wanted.last);
        const stream = reader.events(wanted);
        expect(placesOf(stream)).toEqual(placesOf(expected));
        expect(stream.report.skipped).toEqual([]);
        if (wanted.last === undefined) expect(stream.report.read).toBe(all.length);
      }),
      { numRuns: 400 },
    );
  });

  it("counts what it finds, whether or not the lines have to be parsed for it", async () => {
    const bytesOnly = filter.map(({ text: _text, where: _where, last: _last, ...rest }) => rest);
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), bytesOnly, async (events, wanted) => {
        writeSession("s", events, "b");
        const counts: Record<string, number> = {};
        const all = [...reader.events(wanted)];
        for (const { event: type } of all) counts[type] = (counts[type] ?? 0) + 1;
        const counted = await reader.count(wanted);
        expect(counted.event_counts).toEqual(counts);
        expect(counted.events).toBe(all.length);
        expect(counted.report).toMatchObject({ read: events.length + 1, skippedCount: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it("counts no event twice that a later segment holds again", async () => {
    const [first, second] = [
      ["START", "A", "LOST", "LOST"].map((type, seq) =>
        lineOf("s", "a", seq, { event: type, body: { format: 1 } }),
      ),
      ["SEGMENT", "B"].map((type, index) =>
        lineOf("s", "a", index + 2, { event: type, body: { format: 1 } }),
      ),
    ];
    writeFile("session_x.jsonl", first.join(""));
    writeFile("session_x.0001.jsonl", second.join(""));
    const { events, report } = await reader.count();
    expect(events).toBe(4);
    expect(report.superseded).toBe(2);
  });

  it("takes the type's own severity for an event that has none", () => {
    writeSession("s", [{ event: "ERROR" }]);
    const file = writeSession("s", [{ event: "ERROR" }, { event: "TOOL_CALL" }]);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(/"severity":"\w+",/g, ""));
    expect(placesOf(reader.events({ severity: "ERROR" }))).toEqual(["s 1"]);
  });

  it("reads only the end of a log for its last events", () => {
    writeSession(
      "s",
      Array.from({ length: 5000 }, (_, index) => ({ event: "X", at: index })),
    );
    const events = reader.events({ last: 3 });
    expect(placesOf(events)).toEqual(["s 4998", "s 4999", "s 5000"]);
    expect(events.report.read).toBeLessThan(10);
  });

  it("is refused at the call when it cannot be understood", () => {
    const bad: [unknown, string][] = [
      [{ severity: "FATAL" }, "severity"],
      [{ since: "2026-01-06T22:00:00" }, "since"],
      [{ until: "soon" }, "until"],
      [{ where: "duration_ms" }, "condition"],
      [{ last: 0 }, "last"],
      [{ types: "X" }, "unknown option"],
      [{ event: 5 }, "event"],
    ];
    for (const [wanted, words] of bad) {
      // As a caller without types would hand it in.
      const untyped: EventFilter = JSON.parse(JSON.stringify(wanted));
      expect(() => reader.events(untyped), words).toThrow(words);
    }
  });

  it("never stops at a text or condition on values nested without end", () => {
    const nested = `${"[".repeat(100_000)}"deep"${"]".repeat(100_000)}`;
    const file = writeSession("s", [{ event: "X", body: { args: 1 } }]);
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace('"args":1', `"args":${nested}`));
    expect(placesOf(reader.events({ text: "deep" }))).toEqual(["s 1"]);
    expect(placesOf(reader.events({ where: "args.0.0.0!=x" }))).toEqual(["s 1"]);
  });
});

describe("a session", () => {
  beforeEach(() => {
    writeSession("019b-1111", [{ event: "X", at: 1 }], "orchestrator");
    writeSession("019b-2222", [{ event: "X", at: 2 }], "orchestrator");
    writeSession("019b-2222/agent-1", [{ event: "X", at: 3 }], "helper");
    writeSession("deploy", [{ event: "X", at: 4 }], "019b");
  });

  it.each([
    ["019b-1111", "019b-1111", "id"],
    ["dep", "deploy", "prefix"],
    ["019b-2", "019b-2222", "prefix"],
    ["orchestrator", "019b-2222", "agent"],
    ["019b", "deploy", "agent"],
  ])("is meant by %s: %s, by its %s", (name, id, matched) => {
    expect(reader.session(name)).toMatchObject({ session: { session_id: id, events: 2 }, matched });
    expect(new Set([...reader.events({ session: name })].map(({ session_id }) => session_id))).toEqual(
      new Set([id]),
    );
  });

  it("that is not there is refused with the nearest one that is", () => {
    const error = errorOf(() => reader.session("deplay"));
    expect([error.code, error.hint]).toEqual(["NO_SESSION", 'did you mean "deploy"?']);
    expect(() => [...reader.events({ session: "nothing like it" })]).toThrow(TracekeepError);
    expect(() => reader.session("")).toThrow(TracekeepError);
  });

  it("is refused with the candidates when its name begins several", () => {
    const error = errorOf(() => reader.session("019b-"));
    expect(error.message).toContain("begins the ids of 3 sessions");
    expect(error.hint).toBe("give more of the id: 019b-1111, 019b-2222, 019b-2222/agent-1");
  });
});

describe("sessions", () => {
  it("come with their figures, status and files", () => {
    const file = writeSession("s", [
      { event: "TOOL_CALL", body: { tool: "bash" } },
      { event: "END", body: { reason: "done" } },
    ]);
    expect([...reader.sessions()]).toMatchObject([
      {
        session_id: "s",
        agent_id: "agent-s",
        events: 3,
        tool_calls: 1,
        status: "ended",
        ended_reason: "done",
        files: [file],
      },
    ]);
  });

  it("can be had by agent, by name, or only the last ones", () => {
    for (const [index, id] of ["a", "b", "c"].entries()) writeSession(id, [{ event: "X", at: index }]);
    expect(idsOf({})).toEqual(["a", "b", "c"]);
    expect(idsOf({ agent: "agent-[ac]" })).toEqual(["a", "c"]);
    expect(idsOf({ last: 2 })).toEqual(["b", "c"]);
    expect(idsOf({ session: "b" })).toEqual(["b"]);
  });

  it("of a time window count only what happened in it, and know what went before", () => {
    const call = { event: "TOOL_CALL", body: { tool: "bash" } };
    writeSession("s", [
      { ...call, at: 1 },
      { ...call, at: 3000 },
      { ...call, at: 7200 },
      { event: "END", at: 9000 },
    ]);
    writeSession("quiet", [{ ...call, at: 2 }]);
    const window = { since: "90m", until: new Date(START_MS + 8000 * 1000) };
    const seen: number[] = [];
    const sessions = reader.sessions({ ...window, observe: ({ seq }) => seen.push(seq) });
    expect([...sessions]).toMatchObject([
      {
        session_id: "s",
        events: 2,
        tool_calls: 2,
        status: "ended",
        started_at: "2026-01-06T22:00:01.000Z",
        origin: "recorded",
      },
    ]);
    expect(seen).toEqual([2, 3]);
  });

  it("run while their process lives, and are interrupted when it died without an END", async () => {
    const store = openStore({ dir, handleSignals: false });
    const session = store.startSession({ id: "mine", agent: "tester" });
    session.log({ event: "TOOL_CALL", tool: "bash" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(reader.session("mine").session).toMatchObject({ status: "running", events: 2 });
    const text = fs.readFileSync(session.file, "utf8");
    fs.writeFileSync(session.file, text.replace(/"process_start":"\d+"/, '"process_start":"1"'));
    expect(reader.session("mine").session.status).toBe("interrupted");
    fs.writeFileSync(session.file, text.replace(/"host":"[^"]*"/, '"host":"another"'));
    expect(reader.session("mine").session.status).toBe("unknown");
    store.close();
  });
});

describe("reading", () => {
  it("refuses a store that is not there, and unknown options", () => {
    expect(() => openReader({ dir: path.join(dir, "missing") })).toThrow(TracekeepError);
    expect(fs.existsSync(path.join(dir, "missing"))).toBe(false);
    expect(() => Reflect.apply(openReader, undefined, [{ directory: dir }])).toThrow(TypeError);
  });

  it("changes nothing in the store", () => {
    writeSession("s", [{ event: "X" }]);
    writeFile("torn.jsonl", lineOf("t", "t", 0, { event: "START", body: { format: 1 } }) + '{"event":');
    const before = lookAt(dir);
    expect(
      [...reader.events(), ...reader.lines({ last: 5 }), ...reader.sessions(), reader.session("s")].length,
    ).toBe(9);
    expect(lookAt(dir)).toEqual(before);
  });

  it("lets a timer interrupt thousands of short reads, as it does one long one", async () => {
    writeSession("s", [{ event: "STEP" }]);
    const over = AbortSignal.timeout(1);
    let events = 0;
    while (!over.aborted && events < 1_000_000) {
      for await (const { seq } of reader.events({ session: "s", event: "STEP" })) events += seq;
    }
    expect(events).toBeLessThan(1_000_000);
  });

  it("leaves other work its turn between events that nobody wants, and stops at an abort", async () => {
    writeSession(
      "s",
      Array.from({ length: 20_000 }, () => ({ event: "X" })),
    );
    const abort = new AbortController();
    setImmediate(() => abort.abort(new Error("enough")));
    const events = reader.events({ event: "NEVER", signal: abort.signal });
    await expect(
      (async () => {
        for await (const event of events) throw new Error(`nobody wanted ${event.event}`);
      })(),
    ).rejects.toThrow("enough");
    expect(events.report.read).toBeLessThan(20_000);
    expect(() => [...reader.events({ signal: abort.signal })]).toThrow("enough");
  });

  it("gives the same with and without await, and anew each time", async () => {
    writeSession("s", [{ event: "X" }, { event: "Y" }]);
    const events = reader.events();
    const once = placesOf(events);
    const again: Event[] = [];
    for await (const event of events) again.push(event);
    expect(placesOf(again)).toEqual(once);
    expect(events.report.read).toBe(3);
  });
});
