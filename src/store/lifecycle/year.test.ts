// A year of a store's life under each policy, by a clock that is set forward: quick here (ten days of it), the whole
// year by `npm run test:year`.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { verifyStore } from "../../integrity/index.ts";
import { openReader } from "../../read/index.ts";
import { openStore } from "../../record/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { evidenceFiles } from "../layout.ts";
import { SessionCatalog } from "../session/catalog.ts";
import { DAY_MS } from "./plan.ts";
import type { RetentionPolicy } from "./policy.ts";
import { retain } from "./retain.ts";
import { storeStats } from "./store-stats.ts";

const DAYS = Number(process.env["TRACEKEEP_YEAR_DAYS"] ?? 10);
const SESSIONS_A_DAY = 20;

/** Nothing has been tampered with. */
const GOOD: ReadonlySet<string> = new Set(["ok", "ok-open", "unsealed-tail"]);

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-year-"));
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(dir, { recursive: true });
});

/** The syncs are what a year costs; what they are for is tested elsewhere. */
const hastyDisk: Disk = {
  ...nodeDisk,
  sync: () => undefined,
  syncSoon: (_, done) => setImmediate(done, null),
  syncDirectory: () => undefined,
};

const POLICIES: Record<string, Partial<RetentionPolicy>> = {
  "by age": { active_retention_days: 2, archive_retention_days: 6 },
  "by size": { active_max_size_mb: 0.1, archive_max_size_mb: 0.03 },
  both: {
    active_retention_days: 3,
    archive_retention_days: 6,
    active_max_size_mb: 0.1,
    archive_max_size_mb: 0.05,
    compress_archive: false,
  },
};

describe("a year of twenty sessions a day", () => {
  it.each(Object.entries(POLICIES))(
    "keeps its limits %s, and the ledger knows of all that went",
    async (_, policy) => {
      const startMs = Date.UTC(2026, 0, 1, 12);
      vi.useFakeTimers({ toFake: ["Date"], now: startMs });
      const store = openStore({
        dir,
        durability: "os",
        handleSignals: false,
        keepSchedule: false,
        onFault: (error) => expect.unreachable(error.message),
      });
      await store.updateSettings({ retention: policy });
      const recorded = new Map<string, number>();
      for (let day = 0; day < DAYS; day++) {
        for (let number = 0; number < SESSIONS_A_DAY; number++) {
          vi.setSystemTime(startMs + day * DAY_MS + number * 60_000);
          const session = store.startSession({ id: `${day}-${number}` });
          for (let step = 0; step < 3; step++) session.log({ event: "CHECKPOINT", message: `step ${step}` });
          if (number % 5 === 0) session.rotate();
          session.end();
          recorded.set(session.id, session.status().nextSeq);
        }
        const { steps, deferred } = await retain(dir, store.settings, { disk: hastyDisk });
        expect(deferred).toBeNull();
        expect(steps.filter(({ error }) => error !== null)).toEqual([]);
        checkLimits(policy);
      }
      store.close();
      checkLedger(recorded);
    },
    600_000,
  );
});

function checkLimits(policy: Partial<RetentionPolicy>): void {
  const stats = storeStats(new SessionCatalog(dir).refresh());
  expect(stats.active_size_mb).toBeLessThanOrEqual(policy.active_max_size_mb ?? Infinity);
  expect(stats.archive_size_mb).toBeLessThanOrEqual(policy.archive_max_size_mb ?? Infinity);
}

/** Every event that was recorded is in the store, or in a segment that the ledger says was deleted. */
function checkLedger(recorded: ReadonlyMap<string, number>): void {
  const gone = new Map<string, number>();
  for (const line of fs.readFileSync(path.join(dir, "ledger.jsonl"), "utf8").trim().split("\n")) {
    const {
      event,
      session_id: id,
      events,
    } = JSON.parse(line) as { event: string; session_id: string; events: number };
    if (event === "SEGMENT_DELETED") gone.set(id, (gone.get(id) ?? 0) + events);
  }
  const present = new Map<string, number>();
  const events = openReader({ dir }).events();
  for (const { session_id: id } of events) present.set(id, (present.get(id) ?? 0) + 1);
  expect(events.report.skipped).toEqual([]);
  for (const [id, count] of recorded) expect((present.get(id) ?? 0) + (gone.get(id) ?? 0), id).toBe(count);
  expect(gone.size).toBeGreaterThan(0);
  // Nothing else lies about: every file is a segment, or one of the store's own.
  const logs = new Set(new SessionCatalog(dir).refresh().logs.map(({ path: file }) => file));
  const others = (fs.readdirSync(dir, { recursive: true }) as string[])
    .filter((name) => !logs.has(path.join(dir, name)))
    .toSorted();
  const sealed = new Set([...logs].flatMap((log) => Object.values(evidenceFiles(log))));
  const ledger = ["ledger.jsonl", "ledger.leaves", "ledger.seal"];
  const own = [".gitignore", "archive", "index", "index/journal.jsonl", ...ledger, "settings.json"];
  expect(others.filter((name) => !name.endsWith(".lock") && !sealed.has(path.join(dir, name)))).toEqual(
    own.filter((name) => fs.existsSync(path.join(dir, name))),
  );
  expect(verifyStore(dir).logs.filter(({ verdict }) => !GOOD.has(verdict))).toEqual([]);
}
