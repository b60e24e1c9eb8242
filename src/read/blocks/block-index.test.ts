import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { SEVERITIES } from "../../event/index.ts";
import type { JsonObject, JsonValue, Severity } from "../../event/index.ts";
import { encodeIdentity, encodeLine } from "../../format/index.ts";
import { nodeDisk } from "../../store/disk/disk.ts";
import { writeIndexFile } from "../../store/disk/index-file.ts";
import { lookInto } from "../../store/session/catalog.ts";
import type { EventFilter } from "../filter/filter.ts";
import { openReader } from "../reader.ts";
import { buildBlockIndex } from "./block-builder.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  file = path.join(dir, "session_s.jsonl");
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const START_MS = Date.parse("2026-01-06T22:00:00.000Z");
const TYPES = ["TOOL_CALL", "TOOL_RESULT", "ERROR", "nav", 'odd "type"', "MODEL_RESPONSE"];
const AGENTS = ["coder-1", "tester-2", 'odd "agent"'];

interface Told {
  type: number;
  severity: Severity;
  agent: number;
  atMs: number;
  text: string;
  cost: unknown;
  isCopy: boolean;
  /** Something of the beginning that stands there again, as our writer never writes it. */
  again: JsonObject;
}

const MOSTLY_NOTHING = Array.from({ length: 8 }, (): JsonObject => ({}));
const told: fc.Arbitrary<Told> = fc.record({
  // Now and then one of an odd spelling, whose lines have to be parsed.
  type: fc.constantFrom(0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5),
  severity: fc.constantFrom(...SEVERITIES),
  agent: fc.constantFrom(0, 0, 0, 1, 1, 2),
  atMs: fc.integer({ min: -2000, max: 60_000 }),
  text: fc.constantFrom("", "needle", "\u0001", "x".repeat(200)),
  cost: fc.constantFrom(undefined, undefined, 0.1, 0.2, 0.0000125, 1e-13, 0, 5000, 1e300, -1, "1", null),
  isCopy: fc.constantFrom(false, false, false, true),
  again: fc.constantFrom<JsonObject>(
    ...MOSTLY_NOTHING,
    { event: "nav" },
    { agent_id: "tester-2" },
    { severity: "ERROR" },
    { timestamp: "2026-01-06T22:00:30.000Z" },
  ),
});

const moment = fc.integer({ min: -3000, max: 61_000 }).map((atMs) => new Date(START_MS + atMs).toISOString());
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    event: fc.subarray(TYPES, { minLength: 1 }),
    severity: fc.constantFrom(...SEVERITIES),
    agent: fc.constantFrom("coder-*", "*", "t*", "none"),
    since: moment,
    until: moment,
    text: fc.constantFrom("needle", "xx"),
    last: fc.integer({ min: 1, max: 20 }),
  },
  { requiredKeys: [] },
);

function linesOf(events: readonly Told[], from = 0): string[] {
  return events.map(({ type, severity, agent, atMs, text, cost, isCopy, again }, index) => {
    const parts = {
      event: from + index === 0 ? "START" : (TYPES[type] ?? ""),
      timestamp: new Date(START_MS + atMs).toISOString(),
      severity,
      seq: from + index,
      id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
      body: {
        format: 1,
        text,
        ...(from + index === 0 ? {} : again),
        ...(cost === undefined ? {} : { cost_usd: cost as JsonValue }),
      },
      ...(isCopy ? { copy_of: "another" } : {}),
      salt: "q83vEjRWeJCrze8S",
    };
    return encodeLine(parts, encodeIdentity("s", AGENTS[agent] ?? ""));
  });
}

/** Writes the index of the log as it is, in blocks of a few lines. */
function writeIndex(): Buffer {
  const log = lookInto(file);
  const bytes =
    typeof log === "object" ? buildBlockIndex(log, { blockBytes: 1500, pageBlocks: 3 }) : undefined;
  if (bytes === undefined) throw new Error("the log has no index");
  writeIndexFile(nodeDisk, dir, "session_s.jsonl.blocks", bytes);
  return bytes;
}

async function answers(wanted: EventFilter): Promise<unknown> {
  const reader = openReader({ dir });
  const { last: _last, ...rest } = wanted;
  const counted = await reader.count(rest);
  const { report: costReport, ...cost } = await reader.cost(wanted);
  const lines = reader.lines(wanted);
  const found = [...lines].map(({ text, offset }) => `${offset} ${text}`);
  const skipped = wanted.last === undefined ? [lines.report.skipped, costReport.skipped] : [];
  return {
    found,
    cost,
    counted: [counted.events, new Map(Object.entries(counted.event_counts)), counted.report.read],
    skipped: [counted.report.skipped, skipped],
  };
}

/** The same questions without the index. */
async function expectTheSame(wanted: EventFilter): Promise<void> {
  const [folder, aside] = [path.join(dir, "index"), path.join(dir, "aside")];
  const withIndex = await answers(wanted);
  fs.renameSync(folder, aside);
  const without = await answers(wanted);
  fs.renameSync(aside, folder);
  expect(withIndex).toEqual(without);
}

/** Changes the log as a later process would: at another time. */
let changes = 0;
function change(bytes: Buffer | string): void {
  fs.writeFileSync(file, bytes);
  const later = Date.now() / 1000 + ++changes;
  fs.utimesSync(file, later, later);
}

const log = fc.array(told, { minLength: 5, maxLength: 60 });
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("a block index never changes an answer", () => {
  it("of the log that it was made of, however that goes on", async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        log,
        fc.array(filter, { minLength: 1, maxLength: 4 }),
        async (events, more, wanted) => {
          change(linesOf(events).join(""));
          writeIndex();
          for (const each of wanted) await expectTheSame(each);
          fs.appendFileSync(file, linesOf(more, events.length).join(""));
          for (const each of wanted) await expectTheSame(each);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it("of a log that was cut, damaged or put in its place", async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        place,
        fc.nat(7),
        fc.boolean(),
        filter,
        async (events, at, bit, isCut, wanted) => {
          const whole = Buffer.from(linesOf(events).join(""));
          change(whole);
          writeIndex();
          const offset = Math.floor(at * whole.length);
          const damaged = isCut ? whole.subarray(0, offset) : Buffer.from(whole);
          if (!isCut) damaged[offset] = (damaged[offset] ?? 0) ^ (1 << bit);
          change(damaged);
          await expectTheSame(wanted);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  it("when it was made of a damaged log", async () => {
    await fc.assert(
      fc.asyncProperty(log, place, fc.nat(7), filter, async (events, at, bit, wanted) => {
        const bytes = Buffer.from(linesOf(events).join(""));
        const first = bytes.indexOf(0x0a) + 1;
        const offset = first + Math.floor(at * (bytes.length - first));
        bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
        change(bytes);
        writeIndex();
        await expectTheSame(wanted);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("when it is damaged itself", async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        place,
        fc.nat(7),
        fc.boolean(),
        filter,
        async (events, at, bit, isCut, wanted) => {
          change(linesOf(events).join(""));
          const bytes = writeIndex();
          const offset = Math.floor(at * bytes.length);
          bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
          writeIndexFile(nodeDisk, dir, "session_s.jsonl.blocks", isCut ? bytes.subarray(0, offset) : bytes);
          await expectTheSame(wanted);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);

  it("when events with a price say further on that they are others", async () => {
    const events = Array.from({ length: 20 }, (_, atMs): Told => ({
      type: 5,
      severity: "INFO",
      agent: 0,
      atMs,
      text: "",
      cost: 0.1,
      isCopy: false,
      again: atMs % 2 === 0 ? {} : { event: "nav" },
    }));
    change(linesOf(events).join(""));
    writeIndex();
    for (const event of ["MODEL_RESPONSE", "nav"]) await expectTheSame({ event });
  });

  it("when a later segment holds some of its events again", async () => {
    const events = Array.from({ length: 40 }, (_, atMs): Told => ({
      type: 0,
      severity: "INFO",
      agent: 0,
      atMs,
      text: "",
      cost: 0.1,
      isCopy: false,
      again: {},
    }));
    change(linesOf(events).join(""));
    writeIndex();
    const again = linesOf(events.slice(0, 10), 30);
    const [header = ""] = again;
    fs.writeFileSync(
      path.join(dir, "session_s.0001.jsonl"),
      [header.replace("TOOL_CALL", "SEGMENT"), ...again.slice(1)].join(""),
    );
    await expectTheSame({});
    await expectTheSame({ severity: "INFO", last: 15 });
  });
});

describe("a block index", () => {
  it("lets a read pass over what cannot be wanted", async () => {
    const events = Array.from({ length: 2000 }, (_, atMs): Told => {
      return {
        type: atMs === 700 ? 2 : 0,
        severity: atMs === 700 ? "ERROR" : "INFO",
        agent: 0,
        atMs,
        text: "",
        cost: 0.1,
        isCopy: false,
        again: {},
      };
    });
    change(linesOf(events).join(""));
    writeIndex();
    // What is not read is not noticed: the index alone says that there is one error, and where.
    const bytes = fs.readFileSync(file);
    const { mtimeMs } = fs.statSync(file);
    const fd = fs.openSync(file, "r+");
    fs.writeSync(fd, "#", bytes.length >> 1);
    fs.closeSync(fd);
    fs.utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
    const errors = openReader({ dir }).events({ severity: "ERROR" });
    expect([...errors].map(({ seq }) => seq)).toEqual([700]);
    expect(errors.report).toMatchObject({ read: 2000, skipped: [] });
    expect((await openReader({ dir }).count()).events).toBe(2000);
    // Of the time at which the damage stands as well: what the blocks cost is known.
    expect(await openReader({ dir }).cost()).toMatchObject({ cost_usd: 200, priced: 2000 });
    const [since, until] = [1500, 1999].map((atMs) => new Date(START_MS + atMs).toISOString());
    expect(await openReader({ dir }).cost({ since, until })).toMatchObject({ cost_usd: 50, priced: 500 });
  });
});
