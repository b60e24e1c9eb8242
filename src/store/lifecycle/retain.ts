// Enforces the retention policy of a store: what it asks for is planned, then done one segment after the other. Each
// move and each deletion is complete or absent, whatever interrupts it, and the ledger knows of it before anything is
// gone. What fails is told and left for the next run; the rest goes on.

import path from "node:path";
import { setImmediate } from "node:timers";

import { ioError, TracekeepError } from "../../base/errors.ts";
import type { JsonObject } from "../../event/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { withFileLock } from "../disk/file-lock.ts";
import { removeLeftTemporaryFiles } from "../disk/temporary-file.ts";
import { evidenceFiles, LEDGER, RETENTION_LOCK } from "../layout.ts";
import { Ledger } from "../ledger/ledger.ts";
import { SessionCatalog } from "../session/catalog.ts";
import { archivedSize, removeOriginal } from "./archive.ts";
import { moveIntoArchive, removeUnfinished } from "./move.ts";
import { planArchiveLimit, planRetention } from "./plan.ts";
import type { RetentionStep } from "./plan.ts";
import { policyName } from "./policy.ts";
import type { RetentionPolicy } from "./policy.ts";
import { readArchiveRecords, recordSegment, storedSegments } from "./segment-facts.ts";
import type { ArchiveRecords, SegmentRecord, StoredSegment } from "./segment-facts.ts";
import { guardSegment } from "./segment-guard.ts";
import { isHeld } from "./settings.ts";
import type { StoreSettings } from "./settings.ts";
import { entriesBackwards, whyClockIsDoubtful } from "./trusted-clock.ts";

export interface RetentionOptions {
  /** Says what would be done, and does nothing. Default false. */
  dryRun?: boolean | undefined;
  /** The present, in milliseconds since 1970. Default: the system's clock. */
  nowMs?: number | undefined;
  /** Ends the run after the segment it is at; the next run goes on. */
  signal?: AbortSignal | undefined;
  disk?: Disk | undefined;
}

/** What became of a segment, or would become of it. */
export interface RetentionOutcome {
  action: "archive" | "delete";
  session_id: string;
  /** Where it was in the store. */
  file: string;
  /** Bytes it took there. */
  bytes: number;
  /** Of one that moved: bytes that it takes in the archive. */
  archived_bytes: number | null;
  last_at: string;
  /** Which setting asked for it. */
  reason: string;
  /** Why it was not done; it is still there then. */
  error: string | null;
}

export interface RetentionReport {
  /** Name of the policy, `custom` when it is none of the presets. */
  policy: string;
  dry_run: boolean;
  steps: RetentionOutcome[];
  /** Why this run deleted nothing, or would not, whatever the policy asks for: the next one will. */
  deferred: string | null;
}

/**
 * Moves and deletes what the settings ask for. One run at a time: a second one is refused at once. Compresses about 60 MB
 * a second, off the event loop.
 *
 * @throws TracekeepError `LOCK_TIMEOUT` while another run is under way
 */
export async function retain(
  dir: string,
  settings: StoreSettings,
  options: RetentionOptions = {},
): Promise<RetentionReport> {
  const run = new RetentionRun(dir, settings, options);
  if (options.dryRun === true) return await run.run();
  return await withFileLock(path.join(dir, RETENTION_LOCK), () => run.run(), { timeoutMs: 0 });
}

// --- internal ---

type Step = RetentionStep<StoredSegment>;

class RetentionRun {
  readonly #dir: string;
  readonly #settings: StoreSettings;
  readonly #policy: RetentionPolicy;
  readonly #options: RetentionOptions;
  readonly #disk: Disk;
  readonly #nowMs: number;
  readonly #ledger: Ledger;
  readonly #report: RetentionReport;
  #records: ArchiveRecords = { archived: new Map(), deleted: new Map() };
  /** What has been moved into the archive, as it is there. */
  readonly #moved: StoredSegment[] = [];
  /** Sessions that something was deleted of, and the path of it. */
  readonly #emptied = new Map<string, string>();

  constructor(dir: string, settings: StoreSettings, options: RetentionOptions) {
    this.#dir = dir;
    this.#settings = settings;
    this.#policy = settings.retention;
    this.#options = options;
    this.#disk = options.disk ?? nodeDisk;
    this.#nowMs = options.nowMs ?? Date.now();
    // A ledger that cannot be written fails the step that needs it, which says so.
    this.#ledger = new Ledger(dir, () => undefined, this.#disk);
    this.#report = {
      policy: policyName(this.#policy),
      dry_run: options.dryRun === true,
      steps: [],
      deferred: null,
    };
  }

  async run(): Promise<RetentionReport> {
    try {
      if (!this.#report.dry_run) {
        removeUnfinished(this.#disk, this.#dir);
        removeLeftTemporaryFiles(this.#disk, this.#dir);
      }
      this.#records = readArchiveRecords(path.join(this.#dir, LEDGER));
      const segments = await this.#segments();
      const newestMs = segments.reduce((newest, { lastMs }) => Math.max(newest, lastMs), -Infinity);
      if (segments.length > 0) {
        const doubt = whyClockIsDoubtful(
          entriesBackwards(path.join(this.#dir, LEDGER)),
          this.#nowMs,
          newestMs,
        );
        this.#report.deferred = doubt?.reason ?? null;
      }
      const held = (sessionId: string): boolean => isHeld(this.#settings, sessionId);
      const steps = planRetention(segments, this.#policy, this.#nowMs, held);
      const gone = new Set<StoredSegment>();
      for (const step of steps) {
        const isDone = await this.#take(step);
        if (isDone) gone.add(step.segment);
      }
      const archived = segments.filter((segment) => segment.archived && !gone.has(segment));
      for (const step of planArchiveLimit([...archived, ...this.#moved], this.#policy, held))
        await this.#take(step);
      this.#removeEvidence();
      await this.#recordRun();
      this.#sealLedger();
      return this.#report;
    } finally {
      this.#ledger.close();
    }
  }

  // --- internal ---

  /** What this run wrote to the ledger is sealed when it is closed, and not only by the next writer. */
  #sealLedger(): void {
    if (this.#report.dry_run) return;
    try {
      this.#ledger.goOnSealing();
    } catch {
      // A key that cannot be read is told by whoever needs it; what was recorded stands, unsealed.
    }
  }

  async #segments(): Promise<StoredSegment[]> {
    const segments: StoredSegment[] = [];
    for (const segment of storedSegments(new SessionCatalog(this.#dir).refresh(), this.#records)) {
      if (segment !== undefined) segments.push(segment);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    return segments;
  }

  /** Does one step, or says what it would do. Returns whether the segment is no longer where it was. */
  async #take({ action, segment, reason }: Step): Promise<boolean> {
    if (this.#options.signal?.aborted === true) return false;
    if (action === "delete" && this.#report.deferred !== null && !this.#report.dry_run) return false;
    const outcome: RetentionOutcome = {
      action,
      session_id: segment.sessionId,
      file: segment.name,
      bytes: segment.bytes,
      archived_bytes: null,
      last_at: new Date(segment.lastMs).toISOString(),
      reason,
      error: null,
    };
    this.#report.steps.push(outcome);
    try {
      if (action === "archive") outcome.archived_bytes = await this.#archive(segment, reason);
      else if (!this.#report.dry_run) await this.#delete(segment, reason);
      return true;
    } catch (cause) {
      const error = cause instanceof TracekeepError ? cause : ioError(action, segment.path, cause);
      outcome.error = error.message;
      return false;
    }
  }

  async #archive(segment: StoredSegment, reason: string): Promise<number> {
    const compress = this.#policy.compress_archive;
    if (this.#report.dry_run) {
      const archivedBytes = compress ? await archivedSize(segment.path) : segment.bytes;
      this.#noteMove(segment, segment.path, archivedBytes);
      return archivedBytes;
    }
    const release = guardSegment(this.#disk, segment);
    try {
      const { record, archivedAs, archivedBytes, ...moved } = await moveIntoArchive(segment.log, {
        disk: this.#disk,
        ledger: this.#ledger,
        compress,
        reason,
        policy: this.#report.policy,
        archived: this.#records.archived,
      });
      this.#noteMove({ ...segment, recorded: record, name: archivedAs }, moved.path, archivedBytes);
      return archivedBytes;
    } finally {
      release();
    }
  }

  /** What lets `verify` tell this deletion from another. */
  #signed(sessionId: string, { first_seq: first, last_seq: last, sha256 }: SegmentRecord): { note?: string } {
    if (first === null || last === null) return {};
    const note = this.#ledger.deletionNote(sessionId, first, last, sha256);
    return note === undefined ? {} : { note };
  }

  /** The seals of sessions of which nothing is left; the ledger has them. */
  #removeEvidence(): void {
    if (this.#emptied.size === 0) return;
    const { sessions } = new SessionCatalog(this.#dir).refresh();
    for (const [id, file] of this.#emptied) {
      if (sessions.has(id)) continue;
      const { seal, leaves } = evidenceFiles(file);
      for (const each of [seal, leaves]) if (this.#disk.exists(each)) this.#disk.unlink(each);
    }
  }

  async #delete(segment: StoredSegment, reason: string): Promise<void> {
    const release = segment.archived ? () => undefined : guardSegment(this.#disk, segment);
    try {
      const record: SegmentRecord = segment.recorded ?? (await recordSegment(segment.log));
      if (this.#records.deleted.get(segment.name)?.sha256 !== record.sha256)
        await this.#record("SEGMENT_DELETED", segment, {
          file: segment.name,
          ...record,
          reason,
          ...this.#signed(segment.sessionId, record),
        });
      removeOriginal(this.#disk, segment.path);
      this.#emptied.set(segment.sessionId, segment.path);
    } finally {
      release();
    }
  }

  #noteMove(segment: StoredSegment, file: string, bytes: number): void {
    const log = { ...segment.log, path: file, archived: true };
    this.#moved.push({ ...segment, log, path: file, archived: true, bytes });
  }

  async #record(
    type: "SEGMENT_ARCHIVED" | "SEGMENT_DELETED",
    { log }: StoredSegment,
    body: JsonObject,
  ): Promise<void> {
    const session = { sessionId: log.sessionId, agentId: log.agentId, file: log.path };
    await this.#ledger.record(type, session, { ...body, policy: this.#report.policy });
  }

  async #recordRun(): Promise<void> {
    const { steps, deferred, policy, dry_run: dryRun } = this.#report;
    // A run that was stopped is not the one that was due.
    if (dryRun || this.#options.signal?.aborted === true) return;
    const count = (action: string): number =>
      steps.filter((step) => step.action === action && step.error === null).length;
    const figures = {
      policy,
      archived: count("archive"),
      deleted: count("delete"),
      failed: steps.filter(({ error }) => error !== null).length,
    };
    if (deferred === null) await this.#ledger.record("RETENTION_RUN", undefined, figures);
    else await this.#ledger.record("RETENTION_DEFERRED", undefined, { ...figures, reason: deferred });
  }
}
