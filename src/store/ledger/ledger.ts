// The store's shared log of its own life: who opened, closed, took over and healed which session, and when; and what
// was sealed of it, and erased. Recording never waits for it: entries go out together at the end of a turn, are synced
// within a second and sealed then, and one that cannot be written is a fault that is told.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { uuidv7 } from "../../base/ids.ts";
import { FORMAT_VERSION } from "../../event/index.ts";
import type { EventSource, JsonObject } from "../../event/index.ts";
import { encodeIdentity, signNote } from "../../format/index.ts";
import type { NoteSigner } from "../../format/index.ts";
import type { Durability } from "../append/durability.ts";
import type { Ticket } from "../append/ticket.ts";
import { nodeDisk } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { tryWithFileLock, withFileLock, withFileLockSync } from "../disk/file-lock.ts";
import { currentProcess } from "../disk/process.ts";
import type { ProcessIdentity } from "../disk/process.ts";
import { evidenceFiles, LEDGER, LOCK_SUFFIX } from "../layout.ts";
import { readStoreSigner, storeSigner } from "../sealing/keys.ts";
import type { Environment } from "../sealing/keys.ts";
import { readNote } from "../sealing/seal-file.ts";
import { deletionText, erasureText, firstStoreKey, namesKey, sessionOrigin } from "../sealing/statements.ts";
import { ownEvent } from "../session/own-event.ts";
import { SharedLog } from "../shared/shared-log.ts";
import { LedgerSealer } from "./ledger-sealer.ts";

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
  "STORE_KEY",
  "EPOCH",
  "SEAL",
  "ERASED",
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
  #signer: NoteSigner | undefined;
  #sealer: LedgerSealer | undefined;
  /** How far the file is on the medium. */
  #syncedBytes = 0;
  #isClosed = false;

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

  /**
   * Has the kernel take what waits before it returns, also while others write.
   *
   * @throws TracekeepError when it could not be written
   */
  drain(): void {
    this.#log?.drain();
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
   * The store's signature that lines of a session are deleted by its policy; undefined in a store without seals.
   *
   * @throws TracekeepError when ledger or key cannot be read
   */
  deletionNote(sessionId: string, firstSeq: number, lastSeq: number, sha256: string): string | undefined {
    if (!fs.existsSync(this.path) || firstStoreKey(this.path) === undefined) return undefined;
    const signer = this.beginSealing();
    const origin = sessionOrigin(signer.verifier.name, sessionId);
    return signNote(deletionText(origin, firstSeq, lastSeq, sha256), [signer]);
  }

  /**
   * An entry that something else depends on: resolves when it is on the medium.
   *
   * @throws TracekeepError when it is not; then what depends on it must not be done
   */
  async record(type: LedgerType, session: LedgerSession | undefined, body: JsonObject): Promise<void> {
    await this.#append(type, session, body, "fsync")?.settled;
  }

  /**
   * Has the ledger sealed from here on, by the store's key under the store's id; both are made when there are none. Costs
   * a look at the ledger's first lines.
   *
   * @returns the signer for what the ledger is to vouch for
   * @throws TracekeepError when key or ledger cannot be read or written
   */
  beginSealing(env?: Environment): NoteSigner {
    if (this.#signer !== undefined) return this.#signer;
    let signer: NoteSigner;
    // Another process may name the store at the same moment; then its name holds, and the key is named once more.
    for (;;) {
      const named = firstStoreKey(this.path);
      signer = storeSigner(named?.name ?? uuidv7(Date.now()), env);
      if (namesKey(this.path, signer.verifier)) break;
      this.#append("STORE_KEY", undefined, { vkey: signer.verifier.vkey });
      this.#log?.drain();
    }
    this.#signer = signer;
    this.#sealer = new LedgerSealer(nodeDisk, this.path, signer);
    // From the beginning on a store has a seal, so that one without was robbed of it.
    if (readNote(evidenceFiles(this.path).seal) === undefined) this.#sealNow(fs.statSync(this.path).size);
    return signer;
  }

  /**
   * The same, where this user's key is one of the store's already: nothing is named for the sake of a few entries.
   *
   * @throws TracekeepError
   */
  goOnSealing(env?: Environment): void {
    const named = fs.existsSync(this.path) ? firstStoreKey(this.path) : undefined;
    const signer = named === undefined ? undefined : readStoreSigner(named.name, env);
    if (signer !== undefined && namesKey(this.path, signer.verifier)) this.beginSealing(env);
  }

  /** From line `firstSeq` on the session is sealed by this key. */
  sessionEpoch(session: LedgerSession, vkey: string, firstSeq: number): void {
    this.#add("EPOCH", session, { vkey, first_seq: firstSeq });
  }

  /** This was sealed of the session. */
  sessionSealed(session: LedgerSession, note: string): void {
    this.#add("SEAL", session, { note });
  }

  /**
   * States that a line is erased: signed, on the medium and sealed when it returns.
   *
   * @param leaf the hash that the line had, as base64
   * @param source where an imported event came from, so that importing it again does not bring it back
   * @throws TracekeepError
   */
  lineErased(
    session: LedgerSession,
    erasedSeq: number,
    leaf: string,
    reason: string,
    source?: EventSource,
  ): void {
    const signer = this.beginSealing();
    const origin = sessionOrigin(signer.verifier.name, session.sessionId);
    const note = signNote(erasureText(origin, erasedSeq, leaf), [signer]);
    const from = source === undefined ? {} : { source: { ...source } };
    this.#append("ERASED", session, { erased_seq: erasedSeq, leaf, reason, note, ...from });
    this.#log?.sync();
    this.#sealNow(this.#syncedBytes);
  }

  /** Writes what waits now, if nobody else is writing. */
  flush(): void {
    this.#log?.flush();
  }

  /** Writes what waits, synced, and lets go of the file; another entry opens it again. */
  close(): void {
    this.#isClosed = true;
    try {
      this.#log?.close();
      this.#sealNow(this.#syncedBytes);
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
    if (this.#isClosed) {
      if (this.#isTakenAway())
        throw new TracekeepError("CLOSED", `${this.path} was deleted`, { path: this.path });
      // An entry that came after the store was closed, as a seal may: written and synced like all others, and in the
      // same turn, in which nobody can put another store in the place of this one.
      if (this.#log === undefined) queueMicrotask(() => this.close());
    }
    this.#log ??= new SharedLog({
      path: this.path,
      sessionId: STORE_ID,
      agentId: STORE_AGENT,
      durability: "interval",
      firstLine: () => ownEvent("STORE_CREATED", { format: FORMAT_VERSION, ...currentProcess() }),
      onFault: this.#onFault,
      disk: this.#disk,
      onSynced: (bytes) => {
        this.#syncedBytes = bytes;
        this.#sealSoon();
      },
    });
    const about = session === undefined ? {} : { file: path.basename(session.file) };
    const identity = session === undefined ? undefined : encodeIdentity(session.sessionId, session.agentId);
    return this.#log.append(ownEvent(type, { ...about, ...body }), ticketFor, identity);
  }

  /** Whether the ledger was deleted that this one has sealed; another store may have been made in its place. */
  #isTakenAway(): boolean {
    if (this.#signer === undefined) return false;
    return !fs.existsSync(this.path) || firstStoreKey(this.path)?.name !== this.#signer.verifier.name;
  }

  /** @throws TracekeepError */
  #sealNow(bytes: number): void {
    if (this.#sealer === undefined || bytes === 0) return;
    withFileLockSync(this.path + LOCK_SUFFIX, () => this.#seal(bytes));
  }

  #sealSoon(): void {
    if (this.#sealer === undefined) return;
    const seal = (): void => this.#seal(this.#syncedBytes);
    try {
      if (tryWithFileLock(this.path + LOCK_SUFFIX, seal)) return;
    } catch {
      // The store was taken away.
      return;
    }
    withFileLock(this.path + LOCK_SUFFIX, seal).catch(() => {
      // Whoever had the lock for so long syncs, and seals.
    });
  }

  #seal(bytes: number): void {
    try {
      this.#sealer?.seal(bytes);
    } catch (error) {
      this.#sealer = undefined;
      // A store that was taken away needs no seal.
      if (this.#isTakenAway()) return;
      this.#onFault(error instanceof TracekeepError ? error : ioError("seal", this.path, error));
    }
  }
}

// --- internal ---

/** Stands where a session's id would, on entries about the store itself. */
const STORE_ID = "store";
const STORE_AGENT = "tracekeep";
