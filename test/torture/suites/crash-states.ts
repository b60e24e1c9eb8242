// A session is recorded once, and every state that a power cut could have left of it is made and gone on with.

import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

import { randomSalt, uuidv7 } from "../../../src/base/ids.ts";
import type { LineParts } from "../../../src/format/index.ts";
import { createSessionLog, openSessionLog } from "../../../src/store/session/open-session-log.ts";
import { crashStates } from "../crash-model.ts";
import { inspect, reopen } from "../oracle.ts";
import type { Findings } from "../oracle.ts";
import { recordingDisk } from "../recording-disk.ts";
import type { Operation } from "../recording-disk.ts";
import type { Suite } from "../suite.ts";

const NAME = "session_20260106_c614.jsonl";

export const crashStatesSuite: Suite = {
  name: "enumerated crash states",
  about:
    "sessions recorded operation by operation, then every state a power cut could leave: prefixes, any unsynced changes of names, any unsynced 512-byte blocks",
  run: async ({ size, scratch, tally }) => {
    const wanted = size === "quick" ? 1_500 : 1_000_000;
    for (let seed = 1; tally.accidents < wanted; seed++) {
      // Ids are random, so no two recordings have a state in common.
      const seen = new Map<string, Findings & { ids: Set<string> }>();
      const random = randomFrom(seed);
      const recorded = path.join(scratch, "recorded");
      fs.mkdirSync(recorded, { mode: 0o700 });
      const operations = await record(recorded, random);
      fs.rmSync(recorded, { recursive: true });
      for (const state of crashStates(operations, random)) {
        if (tally.accidents >= wanted) return;
        // Before the log has its name there is no session, and nothing was promised.
        if (![...state.files.keys()].some((file) => /^session_.*\.jsonl$/.test(path.basename(file)))) {
          tally.accidents++;
          if (state.acknowledged.length > 0) tally.fault(`seed ${seed}: the log is gone`);
          continue;
        }
        const key = hashOf(state.files);
        let findings = seen.get(key);
        if (findings === undefined) {
          findings = goOnWith(path.join(scratch, "state"), state.files);
          seen.set(key, findings);
        }
        const lost = state.acknowledged.filter((id) => !findings.ids.has(id)).length;
        const what = `seed ${seed}, state ${key.slice(0, 8)}`;
        tally.add({ ...findings, lost }, state.acknowledged.length, what);
      }
    }
  },
};

// --- internal ---

/** Records a session of a random shape, and what was done to the disk for it. */
async function record(dir: string, random: () => number): Promise<Operation[]> {
  const disk = recordingDisk();
  const options = { sessionId: "s", agentId: "a", durability: "fsync", disk } as const;
  let log = createSessionLog(dir, [NAME], partsOf("START", { format: 1 }), options);
  for (let turn = 0; turn < 5; turn++) {
    if (random() < 0.3) log.rotate();
    if (random() < 0.2) {
      log.close();
      log = openSessionLog(path.join(dir, NAME), options);
    }
    const waiting = Array.from({ length: 1 + Math.floor(random() * 3) }, async () => {
      const parts = partsOf("NOTE", { text: "x".repeat(Math.floor(random() * 700)) });
      await log.append(parts, "fsync")?.settled;
      disk.operations.push({ kind: "acknowledge", id: parts.id });
    });
    await Promise.all(waiting);
  }
  log.close();
  return disk.operations;
}

function partsOf(event: string, body: LineParts["body"]): LineParts {
  const timestamp = "2026-01-06T22:00:00.000Z";
  return { event, timestamp, severity: "INFO", seq: 0, id: uuidv7(Date.now()), body, salt: randomSalt() };
}

/** Puts a state on a disk, has the next writer go on with it, and looks at what is there then. */
function goOnWith(dir: string, files: ReadonlyMap<string, Buffer>): Findings & { ids: Set<string> } {
  fs.mkdirSync(dir, { mode: 0o700 });
  try {
    for (const [file, content] of files) fs.writeFileSync(path.join(dir, path.basename(file)), content);
    reopen(dir, "s");
    const texts = fs
      .readdirSync(dir)
      .filter((name) => /^session_.*\.jsonl$/.test(name))
      .map((name) => fs.readFileSync(path.join(dir, name), "utf8"));
    const ids = texts.flatMap((text) => [...text.matchAll(/"id":"([^"]+)"/g)].map(([, id = ""]) => id));
    return { ...inspect(dir, "s", []), ids: new Set(ids) };
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
}

function hashOf(files: ReadonlyMap<string, Buffer>): string {
  const hash = createHash("sha256");
  for (const [file, content] of [...files].toSorted(([left], [right]) => Number(left > right) * 2 - 1))
    hash.update(`${file}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

/** Mulberry32: the same row of numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
