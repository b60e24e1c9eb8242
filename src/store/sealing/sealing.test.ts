// What is sealed is what is on the medium, in the order of the numbers, over every file that a log goes on in.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { gzipSync } from "node:zlib";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../../base/errors.ts";
import { randomSalt, uuidv7 } from "../../base/ids.ts";
import type { JsonObject } from "../../event/index.ts";
import { MerkleTree, signerFromSeed } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { faultyDisk } from "../../testing/index.ts";
import type { Durability } from "../append/durability.ts";
import { archivedPaths, evidenceFiles } from "../layout.ts";
import { LogCursor, readLogLines } from "../reading/log-lines.ts";
import { createSessionLog, openSessionLog } from "../session/open-session-log.ts";
import { segmentsOf } from "../session/segment.ts";
import type { SessionLog, SessionLogOptions } from "../session/session-log.ts";
import { leafOf, readLeaves } from "./log-tree.ts";
import { readSeal } from "./seal-file.ts";
import { Sealer } from "./sealer.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const NAME = "session_20260106_c614.jsonl";
const STORE = signerFromSeed("019b9e00-0000-7000-8000-000000000000", Buffer.alloc(32, 1));

function parts(event: string, body: JsonObject = {}): LineParts {
  const timestamp = "2026-01-06T22:00:00.000Z";
  return { event, timestamp, severity: "INFO", seq: 0, id: uuidv7(Date.now()), body, salt: randomSalt() };
}

/** Everything that one log and its epochs told. */
class Setup {
  readonly disk = faultyDisk();
  readonly faults: TracekeepError[] = [];
  readonly notes: string[] = [];
  readonly folder: string;
  readonly durability: Durability;
  spill: SessionLogOptions["spill"];

  constructor(folder: string, durability: Durability) {
    this.folder = folder;
    this.durability = durability;
  }

  get options(): SessionLogOptions {
    const sealer = new Sealer({
      disk: this.disk,
      sessionId: "s",
      storeSigner: STORE,
      onEpoch: () => undefined,
      onSeal: (note) => this.notes.push(note),
      onFault: (error) => this.faults.push(error),
    });
    const { disk, durability, spill } = this;
    return { sessionId: "s", agentId: "a", durability, disk, spill, sealer };
  }

  create(): SessionLog {
    return createSessionLog(this.folder, [NAME], parts("START", { format: 1 }), this.options);
  }

  open(): SessionLog {
    return openSessionLog(path.join(this.folder, NAME), this.options);
  }

  /** How many lines the seal beside the log covers, having checked that they are those. */
  checkedSeal(): { sealed: number; lines: number } {
    const file = path.join(this.folder, NAME);
    const live = fs.readdirSync(this.folder).find((name) => name.endsWith(".jsonl")) ?? NAME;
    const seal = readSeal(evidenceFiles(file).seal, [STORE.verifier]);
    const size = seal?.kind === "seal" ? seal.checkpoint.size : 0;
    const tree = new MerkleTree();
    const leaves = [...readLeaves(evidenceFiles(file).leaves, size)];
    let lines = 0;
    for (const line of readLogLines(segmentsOf(path.join(this.folder, live), "s"))) {
      if (!("bytes" in line) || line.bytes.at(-1) !== 0x0a) break;
      expect(line.seq).toBe(lines++);
      if (line.seq >= size) continue;
      tree.append(leafOf(line.bytes));
      expect(leafOf(line.bytes)).toBe(leaves[line.seq]);
    }
    if (seal?.kind === "seal") expect(tree.root()).toBe(seal.checkpoint.root);
    // What a failed sync has left in a file is in the next one again, and nothing else is in any.
    const cursor = new LogCursor(segmentsOf(path.join(this.folder, live), "s"));
    while (cursor.next());
    expect(cursor.surplus).toBeUndefined();
    return { sealed: size, lines };
  }
}

describe("a log of several files", () => {
  it("is sealed as one, after failed syncs too, and gone on with when parts are archived", async () => {
    const setup = new Setup(directory, "fsync");
    const log = setup.create();
    log.append(parts("CHECKPOINT"));
    log.rotate();
    for (let index = 0; index < 3; index++) log.append(parts("CHECKPOINT"));
    setup.disk.failSyncs = 1;
    log.sync();
    log.append(parts("CHECKPOINT"));
    log.close();
    expect(setup.checkedSeal()).toEqual({ sealed: 8, lines: 8 });
    const first = path.join(directory, NAME);
    fs.mkdirSync(path.join(directory, "archive"));
    fs.writeFileSync(archivedPaths(first)[0] ?? "", gzipSync(fs.readFileSync(first)));
    fs.rmSync(first);
    fs.rmSync(evidenceFiles(first).leaves);
    const later = openSessionLog(first.replace(".jsonl", ".0002.jsonl"), setup.options);
    later.append(parts("END"));
    later.close();
    expect(setup.checkedSeal()).toEqual({ sealed: 9, lines: 9 });
    expect(setup.faults).toEqual([]);
  });

  it("is sealed off the caller's path at os, every file of it synced before", async () => {
    const setup = new Setup(directory, "os");
    const log = setup.create();
    for (let file = 0; file < 3; file++) {
      log.append(parts("CHECKPOINT"));
      log.rotate();
    }
    log.close();
    expect(setup.checkedSeal().sealed).toBe(0);
    await expect.poll(() => setup.checkedSeal()).toEqual({ sealed: 7, lines: 7 });
  });

  it("tells the ledger of its first seal, and of the one behind each file that is complete", async () => {
    const setup = new Setup(directory, "interval");
    const log = setup.create();
    const sizes = (): number[] => setup.notes.map((note) => Number(note.split("\n")[1]));
    log.append(parts("CHECKPOINT"));
    await expect.poll(sizes, { timeout: 10_000 }).toEqual([2]);
    log.append(parts("CHECKPOINT"));
    log.rotate();
    await expect.poll(sizes, { timeout: 10_000 }).toEqual([2, 4]);
    log.close();
    // Nothing has come since.
    expect(sizes()).toEqual([2, 4]);
  }, 25_000);
});

const SPILL = { events: 1000, bytes: 8_000_000, directory: undefined, retryMinMs: 1, retryMaxMs: 2 };

describe("lines that had to wait", () => {
  it("are sealed once they are written, in the order of their numbers", () => {
    const setup = new Setup(directory, "interval");
    setup.spill = SPILL;
    const log = setup.create();
    setup.disk.failWrites = ["no space"];
    for (let index = 0; index < 3; index++) log.append(parts("CHECKPOINT"));
    expect(() => log.flush()).toThrow();
    log.append(parts("CHECKPOINT"));
    expect(log.isWaiting).toBe(true);
    expect(setup.checkedSeal().lines).toBe(1);
    setup.disk.failWrites = [];
    log.append(parts("END"));
    log.close();
    // START, four that waited, END, and DEGRADED.
    expect(setup.checkedSeal()).toEqual({ sealed: 7, lines: 7 });
    expect(setup.faults).toEqual([]);
  });

  it("are sealed in the segment that takes them when the file before must be left", () => {
    const setup = new Setup(directory, "interval");
    setup.spill = SPILL;
    const log = setup.create();
    log.append(parts("CHECKPOINT"));
    log.flush();
    // Nor can the next segment be begun.
    setup.disk.failSyncs = 1;
    setup.disk.failWrites = ["no space"];
    expect(() => log.sync()).toThrow();
    log.append(parts("CHECKPOINT"));
    expect(() => log.flush()).toThrow();
    expect(log.status.spilled).toBe(1);
    log.append(parts("END"));
    log.close();
    const { sealed, lines } = setup.checkedSeal();
    // START, two, END, SEGMENT and DEGRADED.
    expect(lines).toBe(6);
    expect(segmentsOf(path.join(directory, NAME), "s")).toHaveLength(2);
    expect(sealed).toBe(lines);
    expect(setup.faults).toEqual([]);
  });
});

type Step = "log" | "flush" | "sync" | "rotate" | "fail sync" | "fail write" | "close" | "turn";
const steps = fc.array(
  fc.constantFrom<Step>(
    "log",
    "log",
    "log",
    "flush",
    "sync",
    "rotate",
    "fail sync",
    "fail write",
    "close",
    "turn",
  ),
  { minLength: 5, maxLength: 60 },
);

it("seals nothing but what is there, whatever fails, and everything once a writer ends undisturbed", async () => {
  let sealedLines = 0;
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.constantFrom<Durability>("os", "interval", "fsync"),
      fc.constantFrom(undefined, SPILL),
      async (plan, durability, spill) => {
        const setup = new Setup(fs.mkdtempSync(path.join(directory, "run-")), durability);
        setup.spill = spill;
        const { disk } = setup;
        let log = setup.create();
        const goOn = (): void => {
          try {
            log.close();
          } catch {
            // The next one heals what this one left.
          }
          disk.failWrites = [];
          disk.failSyncs = 0;
          log = setup.open();
        };
        for (const step of plan) {
          try {
            if (step === "log") log.append(parts("CHECKPOINT"));
            else if (step === "flush") log.flush();
            else if (step === "sync") log.sync();
            else if (step === "rotate") log.rotate();
            else if (step === "fail sync") disk.failSyncs = 1;
            else if (step === "fail write") disk.failWrites = ["no space"];
            else if (step === "turn") await turn();
            else goOn();
          } catch {
            // A full disk, a failed sync.
          }
          if (log.failure !== undefined && !log.isWaiting) goOn();
          setup.checkedSeal();
        }
        goOn();
        log.append(parts("END"));
        log.sync();
        log.close();
        await expect
          .poll(() => {
            const { sealed, lines } = setup.checkedSeal();
            return lines - sealed;
          })
          .toBe(0);
        for (const { code } of setup.faults) expect(code).not.toBe("SEAL_BROKEN");
        sealedLines += setup.checkedSeal().sealed;
      },
    ),
    { numRuns: 40 },
  );
  expect(sealedLines).toBeGreaterThan(200);
});
