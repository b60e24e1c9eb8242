// Seals one session's log while it is written: hashes each line once its bytes are with the kernel, and once a second
// states, signed, what is on the medium. Its key lives in this process only and for one epoch: once the writer is gone,
// nobody, root included, can seal other lines in their place. What goes wrong here never stops the recording (promise
// P10): it is told once, and the log goes on unsealed.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { formatCheckpoint, generateSigner, signNote } from "../../format/index.ts";
import type { MerkleTree, NoteSigner } from "../../format/index.ts";
import type { FileWitness } from "../append/file-witness.ts";
import type { Disk } from "../disk/disk.ts";
import { evidenceFiles } from "../layout.ts";
import { LogTree } from "./log-tree.ts";
import { readSeal, writeSeal, writeSealSoon } from "./seal-file.ts";
import { sessionOrigin } from "./statements.ts";

/** How long a written line waits at most for its seal, while its process lives. */
export const SEAL_INTERVAL_MS = 1_000;
/** How often the ledger takes a seal of a session at most: how far back a log and its seal could be rolled together. */
export const LEDGER_INTERVAL_MS = 60_000;

export interface SealerOptions {
  disk: Disk;
  sessionId: string;
  /** The store's key; its name is the store's id. */
  storeSigner: NoteSigner;
  /** Tells the ledger which key seals the session from line `firstSeq` on. */
  onEpoch: (vkey: string, firstSeq: number) => void;
  /** Tells the ledger of a seal. */
  onSeal: (note: string) => void;
  /** Told once, when sealing has to stop. */
  onFault: (error: TracekeepError) => void;
}

/** The log that is sealed, as far as its sealer has to know it. */
export interface SealedLog {
  /** Path of its first file, beside which the evidence is. */
  file: string;
  /** Its files, in order, as they are now. */
  files: () => readonly string[];
  /** Asks for a sync that does not wait. */
  requestSync: () => void;
  /** The number of the epoch's first line. */
  firstSeq: number;
  /** That line, when it is in the log already and nothing before it. */
  firstLine?: Uint8Array | undefined;
}

export class Sealer implements FileWitness {
  readonly #options: SealerOptions;
  readonly #origin: string;
  readonly #signer: NoteSigner;
  #log: SealedLog | undefined;
  #tree: LogTree | undefined;
  /** Lines are in the log that no seal covers. */
  #isBehind = false;
  /** The tree over what is known to be on the medium. */
  #durable: MerkleTree | undefined;
  /** The longest tree that was synced, while a file before its last is not. */
  #reached: MerkleTree | undefined;
  /** Files that were left and are being synced. */
  #leaving = 0;
  #sealedSize = 0;
  #timer: NodeJS.Timeout | undefined;
  #sealWhenSynced: boolean | "last" = false;
  /** What the ledger's latest seal of this epoch covers; 0 before the first. */
  #ledgerSize = 0;
  #ledgerMs = -Infinity;
  #isStopped = false;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#origin = sessionOrigin(options.storeSigner.verifier.name, options.sessionId);
    this.#signer = generateSigner(this.#origin);
  }

  /** The public half of this epoch's key, for START and RESUMED. */
  get vkey(): string {
    return this.#signer.verifier.vkey;
  }

  /** Begins. Nothing is read before a line is written. */
  attach(log: SealedLog): void {
    this.#log = log;
    const { firstLine } = log;
    if (firstLine === undefined) return;
    this.#guard(() => {
      this.#tree = LogTree.ofLeaves(this.#options.disk, evidenceFiles(log.file).leaves, undefined);
      this.#tree.add(firstLine);
      this.#nowBehind();
    });
  }

  get hasUnsynced(): boolean {
    return !this.#isStopped && this.#isBehind && this.#tree?.size !== (this.#durable?.size ?? 0);
  }

  written(lines: Iterable<Uint8Array>): void {
    this.#guard(() => {
      // The first time, the lines are in the file already, and are hashed from there.
      if (this.#tree === undefined) this.#tree = this.#openTree();
      else for (const bytes of lines) this.#tree.add(bytes);
      this.#nowBehind();
    });
  }

  syncing(): () => void {
    const snapshot = this.#snapshot();
    return () => {
      if (snapshot !== undefined) this.#nowReached(snapshot);
    };
  }

  leaving(): (error: Error | null) => void {
    const snapshot = this.#snapshot();
    this.#leaving++;
    return (error) => {
      this.#leaving--;
      if (error !== null) this.#stop(error);
      else if (snapshot !== undefined) this.#nowReached(snapshot);
    };
  }

  wentOn(): void {
    // A file that is complete may move into the archive: the ledger takes the next seal, however soon that is.
    this.#ledgerMs = -Infinity;
  }

  unsure(): void {
    this.#stop(new Error("lines could not be synced, so it is not known that they are on the medium"));
  }

  settled(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Files that were left before may still be on their way; then the last of them seals.
    if (this.#leaving > 0) this.#sealWhenSynced = "last";
    else this.#guard(() => this.#seal(true));
  }

  gone(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#tree = undefined;
  }

  // --- internal ---

  #guard(step: () => void): void {
    if (this.#isStopped || this.#log === undefined) return;
    try {
      step();
    } catch (error) {
      this.#stop(error);
    }
  }

  #stop(error: unknown): void {
    if (this.#isStopped) return;
    this.gone();
    const file = this.#log?.file ?? "";
    // Of a store that was taken away nothing is to be said.
    if (!fs.existsSync(path.dirname(file))) return;
    this.#options.onFault(error instanceof TracekeepError ? error : ioError("seal", file, error));
  }

  #openTree(): LogTree {
    const { file = "", files = (): string[] => [] } = this.#log ?? {};
    const { seal: sealFile, leaves } = evidenceFiles(file);
    const { disk, storeSigner } = this.#options;
    const seal = readSeal(sealFile, [storeSigner.verifier]);
    if (seal?.kind === "bad" || (seal !== undefined && seal.checkpoint.origin !== this.#origin)) {
      const reason = seal.kind === "bad" ? seal.reason : "it is of another log";
      throw new TracekeepError("SEAL_BROKEN", `the seal of the session does not hold: ${reason}`, {
        path: sealFile,
        hint: "nothing more of it is sealed, so that what happened stays to be seen: tracekeep verify",
      });
    }
    this.#sealedSize = seal?.checkpoint.size ?? 0;
    return LogTree.open(disk, files(), leaves, seal?.checkpoint);
  }

  #snapshot(): MerkleTree | undefined {
    let snapshot: MerkleTree | undefined;
    this.#guard(() => {
      if (!this.#isBehind) return;
      this.#tree ??= this.#openTree();
      snapshot = this.#tree.snapshot();
    });
    return snapshot;
  }

  /** What is in a later file is sealed only when all before it is on the medium, too. */
  #nowReached(snapshot: MerkleTree): void {
    if (snapshot.size > (this.#reached?.size ?? 0)) this.#reached = snapshot;
    if (this.#leaving > 0 || this.#isStopped) return;
    this.#durable = this.#reached;
    const when = this.#sealWhenSynced;
    if (when !== false) this.#guard(() => this.#seal(when === "last"));
  }

  #nowBehind(): void {
    this.#isBehind = true;
    this.#timer ??= setTimeout(this.#onTimer, SEAL_INTERVAL_MS).unref();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#sealWhenSynced === false) this.#sealWhenSynced = true;
    if (this.hasUnsynced) this.#log?.requestSync();
    else this.#guard(() => this.#seal(false));
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
    const note = signNote(text, [this.#signer, this.#options.storeSigner]);
    if (toLedger) this.#tellLedger(note, durable.size);
    this.#sealedSize = durable.size;
    this.#isBehind = this.#tree.size > durable.size;
    this.#write(note, durable.size, last);
    if (this.#isBehind && !last) this.#nowBehind();
  }

  #tellLedger(note: string, size: number): void {
    // A seal by a key that the ledger does not know would be a forgery, so the key comes first.
    if (this.#ledgerSize === 0) this.#options.onEpoch(this.vkey, this.#log?.firstSeq ?? 0);
    this.#options.onSeal(note);
    this.#ledgerSize = size;
    this.#ledgerMs = performance.now();
  }

  #write(note: string, size: number, last: boolean): void {
    const { disk } = this.#options;
    const { seal } = evidenceFiles(this.#log?.file ?? "");
    if (last) return writeSeal(disk, seal, note);
    const isLatest = (): boolean => this.#sealedSize === size && !this.#isStopped;
    writeSealSoon(disk, seal, note, isLatest, (error) =>
      this.#guard(() => {
        if (error !== null) throw error;
      }),
    );
  }
}
