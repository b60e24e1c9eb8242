// Puts a session together from its parts: log, redaction, seals, sinks, detectors, the ledger, the end of the process.

import { setImmediate } from "node:timers";

import { dayEndIn } from "../base/day.ts";
import { ioError, TracekeepError } from "../base/errors.ts";
import type { EventDraft } from "../event/index.ts";
import type { LiveHub } from "../live/index.ts";
import type { Redactor } from "../redact/index.ts";
import { warnOnce } from "../sinks/fault.ts";
import type { OnFault } from "../sinks/fault.ts";
import type { Durability } from "../store/append/durability.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { segmentNumber } from "../store/layout.ts";
import { recordTakeover } from "../store/ledger/heal.ts";
import type { Ledger, LedgerSession } from "../store/ledger/ledger.ts";
import type { OpenSessions } from "../store/ledger/open-sessions.ts";
import { readSettings } from "../store/lifecycle/settings.ts";
import { Sealer } from "../store/sealing/sealer.ts";
import type { SessionCatalog } from "../store/session/catalog.ts";
import { removeSnapshot } from "../store/session/index-journal.ts";
import type { IndexJournal } from "../store/session/index-journal.ts";
import type { SessionLog, SessionLogOptions } from "../store/session/session-log.ts";
import type { Archiver } from "./archiver.ts";
import { Copies } from "./copies.ts";
import { detectionSink } from "./detection.ts";
import type { DetectionOptions } from "./detection.ts";
import { DraftReader } from "./draft.ts";
import { EventEncoder } from "./encoder.ts";
import { IndexKeeper } from "./index-keeper.ts";
import { LogSummary } from "./log-summary.ts";
import type { CheckedStoreOptions, SessionOptions } from "./options.ts";
import { Pricing } from "./pricing.ts";
import { storeRedactor } from "./redaction.ts";
import { Session } from "./session.ts";
import { unwatchProcessEnd, watchProcessEnd } from "./shutdown.ts";
import { resumedDraft } from "./start.ts";

/** What the sessions of one store have in common. */
export interface StoreParts {
  dir: string;
  options: CheckedStoreOptions;
  catalog: SessionCatalog;
  hub: LiveHub;
  ledger: Ledger;
  /** What the ledger says, of other processes too. */
  opened: OpenSessions;
  journal: IndexJournal;
  archiver: Archiver;
  /** Another session in the same store. */
  startSession: (options: SessionOptions) => Session;
  /** No session is open any more. */
  onIdle: () => void;
}

/** Which session it is to be, and where its log comes from. */
export interface SessionPlan {
  id: string;
  agentId: string;
  /** Whether it is in the store already. */
  exists: boolean;
  options: { durability: Durability } & DetectionOptions;
  openLog: (options: SessionLogOptions, drafts: DraftReader) => SessionLog;
}

export class SessionMaker {
  /** Those that are open. */
  readonly sessions: Set<Session> = new Set();
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** @throws what `openLog` throws */
  make({ id, agentId, exists, options: { durability, ...detection }, openLog }: SessionPlan): Session {
    const { options, catalog, hub, ledger, opened, journal, archiver, startSession } = this.#parts;
    const redactor = this.newRedactor();
    const summary = exists ? new LogSummary(id) : new LogSummary(id, agentId);
    const onFault = oncePerFault(options.onFault ?? warnOnce(`session ${id}`));
    const drafts = new DraftReader(options.clock, redactor, new Pricing(options, onFault));
    const copies = this.#copies(id, agentId, detection, onFault, (draft) => {
      if (session.status().open) session.log(draft);
    });
    let isOpen = false;
    const keeper = new IndexKeeper(journal, options.indexEveryEvents);
    const note = (): void => keeper.note(log, id, summary.live);
    const noteIfOpen = (): void => void (this.sessions.has(session) && note());
    const about = (): LedgerSession => ({ sessionId: id, agentId, file: log.path });
    const sealer = this.#sealer(id, about, onFault);
    const log = openLog(
      {
        sessionId: id,
        agentId,
        durability,
        maxLineBytes: options.maxLineBytes,
        spill: options.spill,
        ...this.#rotation(),
        onAppend: (parts) => {
          summary.add(parts);
          keeper.count(parts, noteIfOpen);
          if (parts.event === "GAP") ledger.sessionGap(about(), parts.body);
          // The first line of a segment behind the archive comes before there is a log, and is told by who begins it.
          if (parts.event === "SEGMENT" && isOpen) {
            ledger.segmentSwitched(about(), parts.body);
            setImmediate(() => archiver.add(id, log.path));
          }
          copies.add(parts);
        },
        onLost: () => {
          summary.lost();
          copies.lost();
        },
        onFault,
        sealer,
      },
      drafts,
    );
    isOpen = true;
    copies.attach(log);
    if (!exists) catalog.add(log.path);
    const session: Session = new Session({
      id,
      agentId,
      log,
      drafts,
      redactor,
      copies,
      hub,
      resumed: exists ? resumedDraft(durability, redactor, sealer?.vkey) : undefined,
      summary: () =>
        summary.read(() => {
          // A log of one file is known to the catalog; of a longer one, parts may have been archived meanwhile.
          if (segmentNumber(log.path) > 0) catalog.refresh();
          return catalog.filesOf(id);
        }),
      onFault,
      startSession,
      onClose: (closed, how) => {
        this.sessions.delete(closed);
        note();
        keeper.close();
        ledger.sessionClosed(about(), how, log.nextSeq);
        unwatchProcessEnd(closed);
        if (this.sessions.size === 0) this.#parts.onIdle();
      },
    });
    this.sessions.add(session);
    if (exists) recordTakeover(about(), opened, ledger);
    ledger.sessionOpened(about(), { resumed: exists });
    if (exists) this.#announce();
    watchProcessEnd(session, options.handleSignals);
    return session;
  }

  /**
   * Each session counts for itself what it replaced.
   *
   * @throws TracekeepError for settings that redaction cannot work with
   */
  newRedactor(): Redactor {
    const { dir, options } = this.#parts;
    const { redaction, onFault = warnOnce(`redaction in ${dir}`) } = options;
    return storeRedactor(dir, redaction, onFault);
  }

  // --- internal ---

  /**
   * A session that was over is gone on with: the ledger says so before its log has more, because an index goes by that.
   * Where the ledger cannot be written, there must be no snapshot that relies on it.
   */
  #announce(): void {
    const { dir, ledger } = this.#parts;
    try {
      ledger.drain();
    } catch {
      // It has been told.
      removeSnapshot(dir);
    }
  }

  /** When segments end, as options and settings say. Settings that cannot be read keep nobody from recording. */
  #rotation(): Pick<SessionLogOptions, "segmentBytes" | "dayEndMs"> {
    const { dir, options } = this.#parts;
    try {
      const { segment_bytes: bytes, daily, time_zone: zone } = readSettings(dir).rotation;
      return {
        segmentBytes: options.segmentBytes ?? bytes ?? undefined,
        dayEndMs: daily ? dayEndIn(zone) : undefined,
      };
    } catch (error) {
      options.onFault?.(error as TracekeepError);
      return { segmentBytes: options.segmentBytes };
    }
  }

  /** Undefined where nothing is sealed: by choice, or because ledger or key fail, which is told and stops nobody. */
  #sealer(sessionId: string, about: () => LedgerSession, onFault: OnFault): Sealer | undefined {
    const { dir, options, ledger } = this.#parts;
    if (!options.seals) return undefined;
    try {
      return new Sealer({
        disk: nodeDisk,
        sessionId,
        storeSigner: ledger.beginSealing(options.env),
        onEpoch: (vkey, firstSeq) => ledger.sessionEpoch(about(), vkey, firstSeq),
        onSeal: (note) => ledger.sessionSealed(about(), note),
        onFault,
      });
    } catch (error) {
      onFault(error instanceof TracekeepError ? error : ioError("open the ledger in", dir, error));
      return undefined;
    }
  }

  #copies(
    id: string,
    agentId: string,
    detection: DetectionOptions,
    onFault: OnFault,
    record: (draft: EventDraft) => void,
  ): Copies {
    const { options, hub } = this.#parts;
    const detectors = detectionSink(detection, record);
    const sinks = detectors === undefined ? options.sinks : [...options.sinks, detectors];
    const encoder = new EventEncoder(id, agentId, options.maxLineBytes);
    return new Copies(sinks, encoder, hub, onFault, record);
  }
}

// --- internal ---

/** An outage refuses many events for one reason; it is told once. */
function oncePerFault(onFault: OnFault): OnFault {
  const told = new WeakSet<TracekeepError>();
  return (error) => {
    if (told.has(error)) return;
    told.add(error);
    onFault(error);
  };
}
