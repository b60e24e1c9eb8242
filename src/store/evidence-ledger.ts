// What the store states of its own life, so that no log can be rolled back or replaced alone: which keys sign which
// session from where, what was sealed, what was erased. A log like any other, its lines under a tree, its seal signed by
// the store's key. Whoever knows one old seal of the ledger can prove that everything since only grew.

import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../base/errors.ts";
import { randomSalt, uuidv7 } from "../base/ids.ts";
import { formatTimestamp, severityOfType } from "../event/index.ts";
import type { Event, JsonObject } from "../event/index.ts";
import {
  decodeLine,
  encodeIdentity,
  encodeLine,
  formatCheckpoint,
  parseVkey,
  signNote,
} from "../format/index.ts";
import type { Checkpoint, NoteSigner } from "../format/index.ts";
import { writeAll } from "./disk.ts";
import type { Disk } from "./disk.ts";
import { storeSigner } from "./keys.ts";
import type { Environment } from "./keys.ts";
import { evidenceFiles, LEDGER_FILE, LEDGER_LOCK } from "./layout.ts";
import { readFirstLine, readLines } from "./line-reader.ts";
import { waitForLock } from "./lock.ts";
import { LogTree } from "./log-tree.ts";
import { finishHealing, healTail } from "./recover.ts";
import { readSeal, writeSeal } from "./seal-file.ts";

/** One statement. `session_id` is the session it is about; of STORE and KEY, the store's own id. */
export type LedgerEntry =
  /** First line of the ledger. */
  | { event: "STORE"; session_id: string; vkey: string }
  /** The store goes on under another key: it was moved, or the key was lost. */
  | { event: "KEY"; session_id: string; vkey: string }
  /** From line `first_seq` on the session is sealed by this key, until its next epoch. */
  | { event: "EPOCH"; session_id: string; vkey: string; first_seq: number }
  /** What of the session was sealed. */
  | { event: "SEAL"; session_id: string; note: string }
  /** Line `erased_seq` of the session was erased; `leaf` is the hash it had. */
  | { event: "ERASED"; session_id: string; erased_seq: number; leaf: string; reason: string };

export interface EvidenceLedger {
  /** Names the store in every seal: a UUID, made with the ledger. */
  readonly storeId: string;
  /** The store's key; its name is the store's id. */
  readonly signer: NoteSigner;
  /** Adds statements; they are on the medium, and sealed, when it returns. @throws TracekeepError */
  append(entries: readonly LedgerEntry[]): void;
}

/**
 * The ledger of a store, made when there is none.
 *
 * @throws TracekeepError when ledger or key cannot be read or written
 */
export function openLedger(disk: Disk, dir: string, env?: Environment): EvidenceLedger {
  const file = path.join(dir, LEDGER_FILE);
  const known = storeIdOf(disk, file);
  if (known !== undefined) return new FileLedger(disk, file, known, storeSigner(known, env));
  const storeId = uuidv7(Date.now());
  const ledger = new FileLedger(disk, file, storeId, storeSigner(storeId, env));
  ledger.append([]);
  // Another process may have made it at the same moment; then its id holds.
  const made = storeIdOf(disk, file);
  return made === storeId || made === undefined
    ? ledger
    : new FileLedger(disk, file, made, storeSigner(made, env));
}

/** A ledger line as the statement it is; undefined for lines of other kinds. */
export function ledgerEntryOf(event: Event): LedgerEntry | undefined {
  const { event: type, session_id, vkey, note, first_seq, erased_seq, leaf, reason } = event;
  if ((type === "STORE" || type === "KEY") && typeof vkey === "string")
    return { event: type, session_id, vkey };
  if (type === "EPOCH" && typeof vkey === "string" && typeof first_seq === "number")
    return { event: type, session_id, vkey, first_seq };
  if (type === "SEAL" && typeof note === "string") return { event: type, session_id, note };
  if (type === "ERASED" && typeof erased_seq === "number" && typeof leaf === "string")
    return { event: type, session_id, erased_seq, leaf, reason: typeof reason === "string" ? reason : "" };
  return undefined;
}

// --- internal ---

/** Whose lines they are: the recorder's own. */
const RECORDER_AGENT = "tracekeep";

class FileLedger implements EvidenceLedger {
  readonly storeId: string;
  readonly signer: NoteSigner;
  readonly #disk: Disk;
  readonly #file: string;
  /** The tree up to what this process last saw, while the file was still that long. */
  #seen: { tree: LogTree; bytes: number } | undefined;
  #knownKeys: Set<string> | undefined;

  constructor(disk: Disk, file: string, storeId: string, signer: NoteSigner) {
    this.#disk = disk;
    this.#file = file;
    this.storeId = storeId;
    this.signer = signer;
  }

  append(entries: readonly LedgerEntry[]): void {
    const disk = this.#disk;
    const lock = openOrCreate(disk, path.join(path.dirname(this.#file), LEDGER_LOCK));
    try {
      waitForLock(lock);
      const fd = openOrCreate(disk, this.#file);
      try {
        this.#appendLocked(fd, entries);
      } finally {
        disk.close(fd);
      }
    } catch (error) {
      throw error instanceof TracekeepError ? error : ioError("add to the ledger", this.#file, error);
    } finally {
      disk.close(lock);
    }
  }

  #appendLocked(fd: number, entries: readonly LedgerEntry[]): void {
    const disk = this.#disk;
    const { tree, recovered } = this.#goOn(fd);
    const statements: [string, JsonObject][] = [];
    const { vkey } = this.signer.verifier;
    // A ledger that another process has just begun names its store itself.
    if (!this.#keys().has(vkey))
      statements.push([this.storeId, { event: tree.size === 0 ? "STORE" : "KEY", vkey }]);
    if (recovered !== undefined) statements.push([this.storeId, { event: "RECOVERED", ...recovered }]);
    for (const { session_id, ...body } of entries) statements.push([session_id, body]);
    const bytes = disk.size(fd);
    if (statements.length === 0) return void (this.#seen = { tree, bytes });
    const lines = Buffer.from(statements.map(([id, body], at) => lineOf(id, body, tree.size + at)).join(""));
    this.#seen = undefined;
    writeAll(disk, fd, lines, lines.length, bytes);
    disk.sync(fd);
    tree.add(lines);
    tree.flush();
    const checkpoint = { origin: this.storeId, size: tree.size, root: tree.snapshot().root() };
    writeSeal(disk, evidenceFiles(this.#file).seal, signNote(formatCheckpoint(checkpoint), [this.signer]));
    if (recovered !== undefined) finishHealing(disk, this.#file);
    this.#keys().add(vkey);
    this.#seen = { tree, bytes: bytes + lines.length };
  }

  /**
   * The tree to go on with. What stands behind the seal was never acted upon, as `append` had not returned, and may be
   * anybody's: signing it would make it true. So it is cut off, and kept as a fragment.
   */
  #goOn(fd: number): { tree: LogTree; recovered?: JsonObject | undefined } {
    const disk = this.#disk;
    if (this.#seen?.bytes === disk.size(fd)) return this.#seen;
    const { seal: sealFile, leaves } = evidenceFiles(this.#file);
    const sealed = this.#readSeal(sealFile);
    const recovered = healTail(disk, fd, this.#file, endOfLines(this.#file, sealed?.size ?? 0));
    return { tree: LogTree.open(disk, [this.#file], leaves, sealed), recovered };
  }

  /** The ledger's seal, signed by this store's key or, when the store was moved here, by one that the ledger names. */
  #readSeal(file: string): Checkpoint | undefined {
    const keys = [...this.#keys()].map(parseVkey).filter((key) => key !== undefined);
    const own = keys.filter(({ vkey }) => vkey === this.signer.verifier.vkey);
    const seal = readSeal(file, own.length > 0 ? own : keys);
    if (seal?.kind === "seal") return seal.checkpoint;
    // A process that died while it made the ledger leaves a first line without a seal; nothing else does.
    if (seal === undefined && endOfLines(this.#file, 2) === endOfLines(this.#file, 1)) return undefined;
    throw new TracekeepError(
      "SEAL_BROKEN",
      `the ledger's seal does not hold: ${seal?.reason ?? "it is missing"}`,
      {
        path: file,
        hint: "look at what happened with: tracekeep verify",
      },
    );
  }

  #keys(): Set<string> {
    this.#knownKeys ??= keysOf(this.#file);
    return this.#knownKeys;
  }
}

function openOrCreate(disk: Disk, file: string): number {
  if (!disk.exists(file)) {
    try {
      return disk.create(file);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    }
  }
  return disk.open(file);
}

function lineOf(sessionId: string, { event, ...body }: JsonObject, seq: number): string {
  const type = typeof event === "string" ? event : "";
  const timeMs = Date.now();
  const parts = {
    event: type,
    severity: severityOfType(type),
    seq,
    id: uuidv7(timeMs),
    body,
    salt: randomSalt(),
  };
  return encodeLine(
    { ...parts, timestamp: formatTimestamp(timeMs) },
    encodeIdentity(sessionId, RECORDER_AGENT),
  );
}

function storeIdOf(disk: Disk, file: string): string | undefined {
  const line = disk.exists(file) ? readFirstLine(file) : undefined;
  const decoded = line === undefined ? undefined : decodeLine(line);
  return decoded?.kind === "event" && decoded.event.event === "STORE" ? decoded.event.session_id : undefined;
}

/** Every key that the ledger names as the store's. */
function keysOf(file: string): Set<string> {
  const keys = new Set<string>();
  for (const line of readLines(file)) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    const entry = decoded?.kind === "event" ? ledgerEntryOf(decoded.event) : undefined;
    if (entry?.event === "STORE" || entry?.event === "KEY") keys.add(entry.vkey);
  }
  return keys;
}

/** Offset behind the first `count` whole lines of a file, or behind all that it has. */
function endOfLines(file: string, count: number): number {
  let end = 0;
  for (const line of readLines(file)) {
    if (line.line > count || !("bytes" in line) || line.bytes.at(-1) !== 0x0a) break;
    end = line.offset + line.bytes.length;
  }
  return end;
}
