/**
 * Format 1: bytes to events and back. Pure functions, no clock, no files.
 *
 * @module
 * @example
 * import { decodeLine } from "tracekeep/format";
 * const decoded = decodeLine(Buffer.from(line));
 * if (decoded.kind === "event") console.log(decoded.event.seq);
 */
export { cutText, limitBody } from "./limit.ts";
export type { Limited } from "./limit.ts";
export { encodeLineWithin } from "./limited-line.ts";
export {
  bodyOf,
  decodeLine,
  decodeRecord,
  encodeEvent,
  encodeIdentity,
  encodeLine,
  isEnvelopeName,
  MAX_LINE_BYTES,
  MAX_READ_LINE_BYTES,
  renumberLine,
} from "./line.ts";
export type { DecodedLine, LineParts } from "./line.ts";
export { NO_ROOM } from "./json-writer.ts";
export { returnLineBuffer, takeLineBuffer } from "./line-memory.ts";
export { LineWriter } from "./line-writer.ts";
export type { ReadyLine } from "./line-writer.ts";
export {
  checkConsistency,
  checkInclusion,
  consistencyRanges,
  EMPTY_ROOT,
  HASH_BYTES,
  hashFromBase64,
  hashLeaf,
  hashLineAt,
  hashNode,
  hashToBase64,
  inclusionRanges,
  MerkleTree,
  rootsOfRanges,
} from "./merkle.ts";
export type { Hash, LeafRange } from "./merkle.ts";
export { isObject, parseJson, parseObject } from "./parse.ts";
export { joinPath, MAX_DEPTH, setOwn, toPlain } from "./plain.ts";
export type { Plain } from "./plain.ts";
export { encodeJson, escapeUnsafe } from "./safe-json.ts";
export { salvageLine } from "./salvage.ts";
export type { Piece } from "./salvage.ts";
export { formatSessionFileName, parseSessionFileName, sessionFileNames } from "./session-name.ts";
export type { SessionFileName } from "./session-name.ts";
export {
  formatCheckpoint,
  generateSigner,
  MAX_NOTE_BYTES,
  openNote,
  parseCheckpoint,
  parseVkey,
  signerFromSeed,
  signNote,
} from "./signed-note.ts";
export type { Checkpoint, NoteSigner, NoteVerifier, OpenedNote } from "./signed-note.ts";
export { checkTlogProof, decodeTlogProof, encodeTlogProof } from "./tlog-proof.ts";
export type { CheckedProof, TlogProof } from "./tlog-proof.ts";
export { decodeTombstone, encodeTombstone } from "./tombstone.ts";
export type { Tombstone } from "./tombstone.ts";
