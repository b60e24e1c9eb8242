// Seals the ledger, which many processes write to: under its lock, takes in what was added since the last seal, and
// signs what is on the medium. Lines of others are sealed as they stand: none is lost, and the statements among them
// carry their own signatures (see statements.ts). What contradicts the seal that is there is never signed.

import { TracekeepError } from "../../base/errors.ts";
import { decodeLine, formatCheckpoint, parseVkey, signNote } from "../../format/index.ts";
import type { Checkpoint, NoteSigner } from "../../format/index.ts";
import type { Disk } from "../disk/disk.ts";
import { evidenceFiles } from "../layout.ts";
import { readLines } from "../reading/line-reader.ts";
import { LogTree } from "../sealing/log-tree.ts";
import { openSeal, readNote, writeSeal } from "../sealing/seal-file.ts";
import { statementOf, storeKeysOf } from "../sealing/statements.ts";

export class LedgerSealer {
  readonly #disk: Disk;
  readonly #file: string;
  readonly #signer: NoteSigner;
  #tree: LogTree | undefined;
  /** How far the tree reaches. */
  #bytes = 0;
  /** The seal that the tree is known to agree with. */
  #note: string | undefined;

  constructor(disk: Disk, file: string, signer: NoteSigner) {
    this.#disk = disk;
    this.#file = file;
    this.#signer = signer;
  }

  /**
   * Seals the ledger up to `end`. Called under the ledger's lock.
   *
   * @param end offset up to which the file is on the medium
   * @throws TracekeepError `SEAL_BROKEN` when the ledger is not what was sealed; or when the seal cannot be written
   */
  seal(end: number): void {
    const { seal: sealFile } = evidenceFiles(this.#file);
    const note = readNote(sealFile);
    const sealed = note === undefined ? undefined : this.#open(sealFile, note);
    this.#tree ??= this.#begin(sealed);
    const isKnown = note === this.#note;
    this.#readOn(end, sealed, isKnown);
    const tree = this.#tree;
    if (sealed !== undefined && tree.size < sealed.size && this.#bytes < end)
      throw this.#broken(`${sealed.size} lines were sealed and ${tree.size} are there`);
    // Another process has sealed more than this one knows to be on the medium.
    if (sealed !== undefined && sealed.size >= tree.size) return;
    tree.flush();
    const origin = this.#signer.verifier.name;
    const text = formatCheckpoint({ origin, size: tree.size, root: tree.root() });
    const made = signNote(text, [this.#signer]);
    writeSeal(this.#disk, sealFile, made);
    this.#note = made;
  }

  // --- internal ---

  #open(file: string, note: string): Checkpoint {
    const own = openSeal(note, [this.#signer.verifier]);
    // A store that was moved here has been sealed by another key, which its ledger names.
    const seal = own.kind === "seal" ? own : openSeal(note, [...storeKeysOf(this.#file)]);
    if (seal.kind === "seal" && seal.checkpoint.origin === this.#signer.verifier.name) return seal.checkpoint;
    throw this.#broken(seal.kind === "bad" ? seal.reason : "it is of another store", file);
  }

  #begin(sealed: Checkpoint | undefined): LogTree {
    const { leaves } = evidenceFiles(this.#file);
    const tree = LogTree.ofLeaves(this.#disk, leaves, sealed);
    this.#bytes = endOfLines(this.#file, tree.size);
    return tree;
  }

  #readOn(end: number, sealed: Checkpoint | undefined, isKnown: boolean): void {
    const tree = this.#tree;
    if (tree === undefined) return;
    const sealedSize = sealed?.size ?? 0;
    for (const line of readLines(this.#file, { fromOffset: this.#bytes })) {
      if (!("bytes" in line)) throw this.#broken("a line is too long to be hashed");
      const { bytes, offset } = line;
      if (bytes.at(-1) !== 0x0a || offset + bytes.length > end) break;
      if (tree.size >= sealedSize) this.#check(bytes, sealed);
      tree.add(bytes);
      this.#bytes = offset + bytes.length;
      if (!isKnown && tree.size === sealedSize && tree.root() !== sealed?.root)
        throw this.#broken("its lines are not those that were sealed");
    }
  }

  /** Whether a line that nobody sealed yet may be. */
  #check(line: Buffer, sealed: Checkpoint | undefined): void {
    const decoded = MAY_BE_STATEMENT.test(line.toString("latin1", 0, 24)) ? decodeLine(line) : undefined;
    const statement = decoded?.kind === "event" ? statementOf(decoded.event) : undefined;
    if (statement === undefined) return;
    if (statement.event !== "STORE_KEY") {
      if (sealed === undefined) throw this.#broken("it is missing");
      return;
    }
    const { vkey } = statement;
    if (vkey !== this.#signer.verifier.vkey && parseVkey(vkey)?.name === this.#signer.verifier.name)
      throw this.#broken("another key of the store stands behind it");
  }

  #broken(reason: string, path: string = evidenceFiles(this.#file).seal): TracekeepError {
    return new TracekeepError("SEAL_BROKEN", `the ledger's seal does not hold: ${reason}`, {
      path,
      hint: "nothing more is sealed, so that what happened stays to be seen: tracekeep verify",
    });
  }
}

// --- internal ---

const MAY_BE_STATEMENT = /^\{"event":"(?:STORE_KEY|EPOCH|SEAL|ERASED)"/;

/** Offset behind the first `count` whole lines of a file. */
function endOfLines(file: string, count: number): number {
  let end = 0;
  if (count === 0) return end;
  for (const line of readLines(file)) {
    if (!("bytes" in line)) break;
    end = line.offset + line.bytes.length;
    if (line.line === count) break;
  }
  return end;
}
