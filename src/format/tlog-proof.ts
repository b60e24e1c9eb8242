// A proof that one line stands in a sealed log, in one file (c2sp.org/tlog-proof@v1). The line itself is in it as the
// `extra` data, so whoever has the store's public key needs nothing else to check it.

import { checkInclusion, hashFromBase64, hashLeaf, hashToBase64 } from "./merkle.ts";
import type { Hash } from "./merkle.ts";
import { decodeBase64, MAX_NOTE_BYTES, openNote, parseCheckpoint } from "./signed-note.ts";
import type { Checkpoint, NoteVerifier } from "./signed-note.ts";

export interface TlogProof {
  /** The line that is proven, its `\n` included. */
  line: Buffer;
  /** Which leaf it is: its `seq`. */
  index: number;
  hashes: readonly Hash[];
  /** The signed checkpoint it is proven to be under. */
  note: string;
}

export type CheckedProof =
  { kind: "proven"; proof: TlogProof; checkpoint: Checkpoint } | { kind: "bad"; reason: string };

export function encodeTlogProof({ line, index, hashes, note }: TlogProof): string {
  const path = hashes.map((each) => `${hashToBase64(each)}\n`).join("");
  return `${HEAD}extra ${line.toString("base64")}\nindex ${index}\n${path}\n${note}`;
}

/** The proof that a text is, or undefined for anything {@link encodeTlogProof} would not have written. */
export function decodeTlogProof(text: string): TlogProof | undefined {
  const split = text.indexOf("\n\n");
  const [extra = "", index = "", ...path] = text.slice(HEAD.length, split).split("\n");
  const line = decodeBase64(extra.slice("extra ".length));
  const hashes = path.map(hashFromBase64);
  if (split < 0 || line === undefined || hashes.length > MAX_PROOF_HASHES) return undefined;
  const note = text.slice(split + 2);
  if (note.length > MAX_NOTE_BYTES) return undefined;
  const proof = {
    line,
    index: Number(index.slice("index ".length)),
    hashes: hashes.filter((each) => each !== undefined),
    note,
  };
  return Number.isSafeInteger(proof.index) && encodeTlogProof(proof) === text ? proof : undefined;
}

/** Checks a proof against a key that is trusted. */
export function checkTlogProof(text: string, trusted: NoteVerifier): CheckedProof {
  const proof = decodeTlogProof(text);
  if (proof === undefined) return { kind: "bad", reason: "it is not a proof as this program writes them" };
  const note = openNote(proof.note, [trusted]);
  if (note.kind === "bad") return { kind: "bad", reason: `its seal: ${note.reason}` };
  if (note.signedBy.length === 0) return { kind: "bad", reason: `its seal is not signed by ${trusted.vkey}` };
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint === undefined) return { kind: "bad", reason: "what is signed is not a seal" };
  const { size, root } = checkpoint;
  return checkInclusion(proof.index, size, hashLeaf(proof.line), proof.hashes, root)
    ? { kind: "proven", proof, checkpoint }
    : { kind: "bad", reason: "the line is not under the sealed root" };
}

// --- internal ---

const HEAD = "c2sp.org/tlog-proof@v1\n";
/** A path through the largest tree whose size JavaScript can count. */
const MAX_PROOF_HASHES = 63;
