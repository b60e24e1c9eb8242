// The store's shared log of its own life: who opened, closed, took over and healed which session, and when. What it
// says is in the session logs as well, or can be told from them, so recording never waits for it: entries go out
// together at the end of a turn, are synced within a second, and one that cannot be written is a fault that is told.

import path from "node:path";

import type { TracekeepError } from "../base/errors.ts";
import { FORMAT_VERSION } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import { encodeIdentity } from "../format/index.ts";
import { nodeDisk } from "./disk.ts";
import type { Disk } from "./disk.ts";
import type { Durability } from "./durability.ts";
import { LEDGER } from "./layout.ts";
import { currentProcess } from "./process.ts";
import type { ProcessIdentity } from "./process.ts";
import { ownEvent } from "./own-event.ts";
import { SharedLog } from "./shared-log.ts";
import type { Ticket } from "./ticket.ts";

/** Types of the ledger's entries (docs/format.md). */
export const LEDGER_TYPES = [
  "STORE_CREATED",
  "STORE_CHECKED",
  "SESSION_OPENED",
  "SESSION_CLOSED",
  "SESSION_ABANDONED",
  "SESSION_TAKEN_OVER",
  "SESSION_RECOVERED",
  "SESSION_GAP",
  "SEGMENT_SWITCHED",
  "SEGMENT_ARCHIVED",
  "SEGMENT_DELETED",
  "RETENTION_RUN",
  "RETENTION_DEFERRED",
  "SETTINGS_CHANGED",
] as const;

type LedgerType = (typeof LEDGER_TYPES)[number];

/** Whose log an entry speaks of. */
export interface LedgerSession {
  sessionId: string;
  agentId: string;
  /** Its log file. */
  file: string;
}

/** A session that a process has open. */
export interface OpenedSession extends LedgerSession {
  process: ProcessIdentity;
}

export class Ledger {
  /** The ledger's file. */
  readonly path: string;
  readonly #onFault: (error: TracekeepError) => void;
  readonly #disk: Disk;
  /** Opened with the first entry. */
  #log: SharedLog | undefined;

  /** @param dir the store's folder */
  constructor(dir: string, onFault: (error: TracekeepError) => void, disk: Disk = nodeDisk) {
    this.path = path.join(dir, LEDGER);
    this.#onFault = onFault;
    this.#disk = disk;
  }

  /** A session was created, or opened to go on with it (`resumed`). */
  sessionOpened(session: LedgerSession, how: { resumed: boolean }): void {
    this.#add("SESSION_OPENED", session, { resumed: how.resumed, ...currentProcess() });
  }

  /** Its writer let go of it: with an END (`ended`) or without (`closed`). */
  sessionClosed(session: LedgerSession, how: "ended" | "closed", lines: number): void {
    this.#add("SESSION_CLOSED", session, { how, lines, ...currentProcess() });
  }

  /** Its writer died and nobody has gone on with it. */
  sessionAbandoned(session: LedgerSession, previous: ProcessIdentity): void {
    this.#add("SESSION_ABANDONED", session, { previous: { ...previous } });
  }

  /** Its writer died, and this process goes on with it. */
  sessionTakenOver(session: LedgerSession, previous: ProcessIdentity): void {
    this.#add("SESSION_TAKEN_OVER", session, { previous: { ...previous }, ...currentProcess() });
  }

  /** An unfinished last line was moved into a RECOVERED event, the one with this number. */
  sessionRecovered(session: LedgerSession, recoveredSeq: number): void {
    this.#add("SESSION_RECOVERED", session, { recovered_seq: recoveredSeq });
  }

  /** Events of it were lost or refused. */
  sessionGap(session: LedgerSession, gap: JsonObject): void {
    this.#add("SESSION_GAP", session, gap);
  }

  /** Its log goes on in another file, which begins with this SEGMENT event. */
  segmentSwitched(session: LedgerSession, header: JsonObject): void {
    const { segment = null, first_seq = null, reason } = header;
    this.#add("SEGMENT_SWITCHED", session, {
      segment,
      first_seq,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** Everything before has been looked at; these sessions are open still. */
  storeChecked(open: readonly OpenedSession[]): void {
    const list = open.map(({ sessionId, agentId, file, process }) => ({
      session_id: sessionId,
      agent_id: agentId,
      file: path.basename(file),
      ...process,
    }));
    this.#add("STORE_CHECKED", undefined, { open: list });
  }

  /**
   * An entry that something else depends on: resolves when it is on the medium.
   *
   * @throws TracekeepError when it is not; then what depends on it must not be done
   */
  async record(type: LedgerType, session: LedgerSession | undefined, body: JsonObject): Promise<void> {
    await this.#append(type, session, body, "fsync")?.settled;
  }

  /** Writes what waits now, if nobody else is writing. */
  flush(): void {
    try {
      this.#log?.flush();
    } catch {
      // What cannot be written now is tried again at the end of the turn, and told then.
    }
  }

  /** Writes what waits, synced, and lets go of the file; another entry opens it again. */
  close(): void {
    try {
      this.#log?.close();
    } catch {
      // It has been told to onFault, and nothing that was promised to anybody depends on it.
    }
    this.#log = undefined;
  }

  // --- internal ---

  #add(type: LedgerType, session: LedgerSession | undefined, body: JsonObject): void {
    try {
      this.#append(type, session, body);
    } catch {
      // Refused by a full queue, which has been told and is said by a GAP.
    }
  }

  #append(
    type: LedgerType,
    session: LedgerSession | undefined,
    body: JsonObject,
    ticketFor?: Durability,
  ): Ticket | undefined {
    this.#log ??= new SharedLog({
      path: this.path,
      sessionId: STORE_ID,
      agentId: STORE_AGENT,
      durability: "interval",
      firstLine: () => ownEvent("STORE_CREATED", { format: FORMAT_VERSION, ...currentProcess() }),
      onFault: this.#onFault,
      disk: this.#disk,
    });
    const about = session === undefined ? {} : { file: path.basename(session.file) };
    const identity = session === undefined ? undefined : encodeIdentity(session.sessionId, session.agentId);
    return this.#log.append(ownEvent(type, { ...about, ...body }), ticketFor, identity);
  }
}

// --- internal ---

/** Stands where a session's id would, on entries about the store itself. */
const STORE_ID = "store";
const STORE_AGENT = "tracekeep";
