// The rules on transcripts that nobody here wrote: what is found while a session is recorded is what is found by
// reading it afterwards, event for event.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { detectEvents, standardDetectors } from "../src/detect/index.ts";
import type { DetectorOptions } from "../src/detect/index.ts";
import type { Event } from "../src/event/index.ts";
import { importSessions } from "../src/import/index.ts";
import { openReader } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { FindingsWatch } from "../src/report/index.ts";
import type { DetectorFailure } from "../src/summary/index.ts";
import { eventsIn } from "./store-contents.ts";

const REALDATA = path.resolve(import.meta.dirname, "../../shared/realdata");
const isThere = existsSync(REALDATA);

/** So sensitive that every rule that can fires somewhere. */
const SENSITIVE: DetectorOptions = {
  RETRY_STORM: { retries: 3, windowMs: 3_600_000 },
  TOOL_STORM: { calls: 4, windowMs: 60_000 },
  REPEATED_CALL: { calls: 2 },
  ALTERNATION: { rounds: 2 },
  NO_PROGRESS: { calls: 3 },
  ERROR_STREAK: { errors: 2 },
  DENIAL_BURST: { denials: 2 },
  CALL_WITHOUT_RESULT: { results: 1 },
  SILENT_CALL: { silenceMs: 10_000 },
  STAGNATION: { taskMs: 60_000 },
  BUDGET_PASSED: { sessionUsd: 0.01, hourUsd: 0.05 },
  SPEND_SPIKE: { factor: 1.5, windowMs: 60_000, minUsd: 0 },
};

let folder: string;
let sessions: [string, Event[]][] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  if (!isThere) return;
  const dir = path.join(folder, "imported");
  const store = openStore({ dir, handleSignals: false });
  const paths = ["claude-code", "claude-paired", "codex"].map((name) => path.join(REALDATA, name));
  await importSessions(store, { paths });
  store.close();
  sessions = [...eventsIn(dir)];
});
afterAll(() => rmSync(folder, { recursive: true }));

const failing = ({ error }: DetectorFailure): never => {
  throw error;
};

/** Records events as they happened, with detectors watching, and a turn of the event loop wherever `pauses` says. */
async function recordLive(
  dir: string,
  events: readonly Event[],
  pauses: (index: number) => boolean,
): Promise<void> {
  const store = openStore({ dir, handleSignals: false, detectors: standardDetectors(SENSITIVE) });
  const [start] = events;
  const session = store.startSession({ id: "live", origin: "claude-code", startedAt: start?.timestamp });
  for (const [index, event] of events.slice(1).entries()) {
    const { seq: _seq, id: _id, salt: _salt, session_id: _session, agent_id: _agent, ...rest } = event;
    const { source, copy_of: copyOf, time_inferred: timeInferred, ...draft } = rest;
    session.log(draft, { source, copyOf, timeInferred });
    if (pauses(index)) await new Promise((resolve) => setImmediate(resolve));
  }
  session.close();
  store.close();
}

describe.skipIf(!isThere)("the rules on real sessions (../shared/realdata)", () => {
  it("find live what they find in history, in every session, however the recording was paced", async () => {
    expect(sessions.length).toBeGreaterThanOrEqual(50);
    let round = 0;
    const rulesSeen = new Set<string>();
    for (const [, events] of sessions) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (pace) => {
          const dir = path.join(folder, `live-${round++}`);
          await recordLive(dir, events, (index) => index % pace === 0);
          const recorded = eventsIn(dir).get("live") ?? [];
          const live = recorded
            .filter(({ event }) => event === "ANOMALY_DETECTED")
            .map((event) => event["anomaly"]);
          const history = [
            ...detectEvents(recorded, { detectors: standardDetectors(SENSITIVE), onFailure: failing }),
          ];
          expect(live).toEqual(history);
          for (const { rule } of history) rulesSeen.add(rule);
          rmSync(dir, { recursive: true });
        }),
        { numRuns: 1 },
      );
    }
    expect([...rulesSeen].toSorted()).toEqual(
      expect.arrayContaining(["BUDGET_PASSED", "ERROR_STREAK", "SILENT_CALL", "SPEND_SPIKE", "TOOL_STORM"]),
    );
  }, 60_000);

  it("raise no HIGH alarm that is false", () => {
    const events = sessions.flatMap(([, each]) => each);
    const high = [...detectEvents(events, { onFailure: failing })].filter(
      ({ severity }) => severity === "HIGH",
    );
    expect(high).toEqual([]);
  });

  it("write nothing when they read history", () => {
    const dir = path.join(folder, "imported");
    const contents = (): string[] =>
      (readdirSync(dir, { recursive: true }) as string[])
        .map((name) => path.join(dir, name))
        .filter((file) => statSync(file).isFile())
        .map((file) => readFileSync(file, "utf8"));
    const before = contents();
    const watch = new FindingsWatch();
    let found = 0;
    for (const session of openReader({ dir }).sessions({ observe: (event) => watch.observe(event) })) {
      found += watch.take(session).anomalies.length;
    }
    expect(found).toBeGreaterThan(0);
    expect(contents()).toEqual(before);
  });
});
