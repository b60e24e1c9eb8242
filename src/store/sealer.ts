// Seals one session's log while it is written: hashes each line once its bytes are with the kernel, and once a second
// states, signed, what is on the medium. Its key lives in this process only and for one epoch: once the writer is gone,
// nobody, root included, can seal other lines in their place. What goes wrong here never stops the recording (promise
// P10): it is told once, and the log goes on unsealed.

import { ioError, TracekeepError } from "../base/errors.ts";
import { formatCheckpoint, generateSigner, signNote } from "../format/index.ts";
import type { MerkleTree, NoteSigner } from "../format/index.ts";
import type { FileWitness } from "./append-file.ts";
import type { Disk } from "./disk.ts";
import type { EvidenceLedger, LedgerEntry } from "./evidence-ledger.ts";
import { evidenceFiles } from "./layout.ts";
import { LogTree } from "./log-tree.ts";
import { readSeal, writeSeal, writeSealSoon } from "./seal-file.ts";

/** How long a written line waits at most for its seal, while its process lives. */
export const SEAL_INTERVAL_MS = 1_000;
/** How often the ledger takes a seal of a session at most: how far back a log and its seal could be rolled together. */
export const LEDGER_INTERVAL_MS = 60_000;

export interface SealerOptions {
  disk: Disk;
  sessionId: string;
  ledger: EvidenceLedger;
  /** Told once, when sealing has to stop. */
  onFault: (error: TracekeepError) => void;
}

/** The log that is sealed, as far as its sealer has to know it. */
export interface SealedLog {
  /** Its files, in order. */
  files: readonly string[];
  /** Asks for a sync that does not wait. */
  requestSync: () => void;
  /** The number of the epoch's first line. */
  firstSeq: number;
  /** Whether that line is in the log already. */
  hasLines: boolean;
}

export class Sealer implements FileWitness {
  readonly #options: SealerOptions;
  readonly #origin: string;
  readonly #signer: NoteSigner;
  #log: SealedLog | undefined;
  #tree: LogTree | undefined;
  /** The tree over what is known to be on the medium. */
  #durable: MerkleTree | undefined;
  #sealedSize = 0;
  #timer: NodeJS.Timeout | undefined;
  #sealWhenSynced = false;
  /** What the ledger's latest seal of this epoch covers; 0 before the first. */
  #ledgerSize = 0;
  #ledgerMs = -Infinity;
  #behind = false;
  #stopped = false;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#origin = sessionOrigin(options.ledger.storeId, options.sessionId);
    this.#signer = generateSigner(this.#origin);
  }

  /** The public half of this epoch's key, for START and RESUMED. */
  get vkey(): string {
    return this.#signer.verifier.vkey;
  }

  /** Begins. Nothing is read before the first line is written. */
  attach(log: SealedLog): void {
    this.#log = log;
    if (log.hasLines) this.#nowBehind();
  }

  /** Whether lines wait for a seal. */
  get isBehind(): boolean {
    return this.#behind && !this.#stopped;
  }

  written(bytes: Uint8Array): void {
    this.#guard(() => {
      // The first time, the lines are in the file already, and are hashed from there.
      if (this.#tree === undefined) this.#tree = this.#openTree();
      else this.#tree.add(bytes);
      this.#nowBehind();
    });
  }

  syncing(): () => void {
    let reached: MerkleTree | undefined;
    this.#guard(() => {
      if (!this.#behind) return;
      this.#tree ??= this.#openTree();
      reached = this.#tree.snapshot();
    });
    return () => {
      if (reached === undefined) return;
      this.#durable = reached;
      if (this.#sealWhenSynced) this.#guard(() => this.#seal(false));
    };
  }

  settled(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#guard(() => this.#seal(true));
  }

  // --- internal ---

  #guard(step: () => void): void {
    if (this.#stopped || this.#log === undefined) return;
    try {
      step();
    } catch (error) {
      this.#stopped = true;
      clearTimeout(this.#timer);
      this.#tree = undefined;
      const cause =
        error instanceof TracekeepError ? error : ioError("seal", this.#log.files[0] ?? "", error);
      this.#options.onFault(cause);
    }
  }

  #openTree(): LogTree {
    const { files = [] } = this.#log ?? {};
    const { seal: sealFile, leaves } = evidenceFiles(files[0] ?? "");
    const { disk, ledger } = this.#options;
    const seal = readSeal(sealFile, [ledger.signer.verifier]);
    if (seal?.kind === "bad" || (seal !== undefined && seal.checkpoint.origin !== this.#origin)) {
      const reason = seal.kind === "bad" ? seal.reason : "it is of another log";
      throw new TracekeepError("SEAL_BROKEN", `the seal of the session does not hold: ${reason}`, {
        path: sealFile,
        hint: "nothing more of it is sealed, so that what happened stays to be seen: tracekeep verify",
      });
    }
    this.#sealedSize = seal?.checkpoint.size ?? 0;
    return LogTree.open(disk, files, leaves, seal?.checkpoint);
  }

  #nowBehind(): void {
    this.#behind = true;
    this.#timer ??= setTimeout(this.#onTimer, SEAL_INTERVAL_MS).unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#sealWhenSynced = true;
    if (this.#durable !== undefined && this.#durable.size === this.#tree?.size)
      this.#guard(() => this.#seal(false));
    else this.#log?.requestSync();
  };

  /** States what is on the medium. @param last the writer lets go of the log, so the ledger is told, too */
  #seal(last: boolean): void {
    this.#sealWhenSynced = false;
    const durable = this.#durable;
    if (durable === undefined || this.#tree === undefined) return;
    const isNew = durable.size > this.#sealedSize;
    const toLedger = last
      ? durable.size > this.#ledgerSize
      : isNew && performance.now() - this.#ledgerMs >= LEDGER_INTERVAL_MS;
    if (!isNew && !toLedger) return;
    this.#tree.flush();
    const text = formatCheckpoint({ origin: this.#origin, size: durable.size, root: durable.root() });
    const note = signNote(text, [this.#signer, this.#options.ledger.signer]);
    if (toLedger) this.#tellLedger(note, durable.size);
    this.#sealedSize = durable.size;
    this.#behind = this.#tree.size > durable.size;
    this.#write(note, durable.size, last);
    if (this.#behind && !last) this.#nowBehind();
  }

  #tellLedger(note: string, size: number): void {
    const { ledger, sessionId } = this.#options;
    const entries: LedgerEntry[] = [{ event: "SEAL", session_id: sessionId, note }];
    // A seal by a key that the ledger does not know would be a forgery, so the key comes first.
    if (this.#ledgerSize === 0) {
      const firstSeq = this.#log?.firstSeq ?? 0;
      entries.unshift({ event: "EPOCH", session_id: sessionId, vkey: this.vkey, first_seq: firstSeq });
    }
    ledger.append(entries);
    this.#ledgerSize = size;
    this.#ledgerMs = performance.now();
  }

  #write(note: string, size: number, last: boolean): void {
    const { disk } = this.#options;
    const { seal } = evidenceFiles(this.#log?.files[0] ?? "");
    if (last) return writeSeal(disk, seal, note);
    const isLatest = (): boolean => this.#sealedSize === size && !this.#stopped;
    writeSealSoon(disk, seal, note, isLatest, (error) =>
      this.#guard(() => {
        if (error !== null) throw error;
      }),
    );
  }
}

/** What a session's seals call their log: the store's id and the session's, escaped so that it can be a key's name. */
export function sessionOrigin(storeId: string, sessionId: string): string {
  return `${storeId}/${encodeURIComponent(Buffer.from(sessionId).toString())}`;
}
