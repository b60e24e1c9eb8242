// Signed notes and checkpoints as C2SP specifies them (c2sp.org/signed-note@v1, c2sp.org/tlog-checkpoint@v1), with
// Ed25519. What is read is accepted only in the very form that would have been written: a verifier that is lax about
// base64 or line ends lets changed bytes pass.

import type { KeyObject } from "node:crypto";

import { nodeCrypto } from "../base/builtin.ts";
import { hashFromBase64, hashToBase64 } from "./merkle.ts";
import type { Hash } from "./merkle.ts";

/** Notes longer than this are refused, and those with more signatures than {@link MAX_SIGNATURES}. */
export const MAX_NOTE_BYTES: number = 64 * 1024;
export const MAX_SIGNATURES = 32;

/** What a log has: how many lines, and the root over them. */
export interface Checkpoint {
  /** Which log. */
  origin: string;
  size: number;
  root: Hash;
}

/** The public half of a signing key, under a name. */
export interface NoteVerifier {
  name: string;
  /** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key), as 8 hexadecimal digits. */
  keyId: string;
  /** `name+keyId+base64(0x01 ‖ key)`, the form in which a key is handed on. */
  vkey: string;
  publicKey: KeyObject;
}

export interface NoteSigner {
  verifier: NoteVerifier;
  privateKey: KeyObject;
}

/** What a note says, and which of the known keys signed it; or why it is none. */
export type OpenedNote =
  { kind: "note"; text: string; signedBy: readonly NoteVerifier[] } | { kind: "bad"; reason: string };

/** A fresh Ed25519 key under a name. About 0.1 ms. @throws RangeError when the name cannot be one */
export function generateSigner(name: string): NoteSigner {
  const { privateKey, publicKey } = nodeCrypto().generateKeyPairSync("ed25519");
  return signerOf(name, privateKey, publicKey);
}

/** A signer from its 32 secret bytes (RFC 8032 §5.1.5). @throws RangeError */
export function signerFromSeed(name: string, seed: Uint8Array): NoteSigner {
  if (seed.length !== 32) throw new RangeError(`an Ed25519 seed is 32 bytes, got ${seed.length}`);
  const der = Buffer.concat([PKCS8_HEAD, seed]);
  return signerOf(name, nodeCrypto().createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

/** The verifier that a vkey describes, or undefined for anything that is not exactly one of Ed25519. */
export function parseVkey(vkey: string): NoteVerifier | undefined {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey);
  const [, name = "", keyId = "", data = ""] = parts ?? [];
  const bytes = decodeBase64(data);
  if (!isKeyName(name) || bytes?.length !== 33 || bytes[0] !== ED25519) return undefined;
  const verifier = verifierOf(name, bytes.subarray(1));
  return verifier.keyId === keyId ? verifier : undefined;
}

/** The note: `text` (which ends in `\n`), an empty line, one line for each signature. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!isNoteText(text)) throw new RangeError("a note's text is lines without control characters");
  const lines = signers.map(({ verifier: { name, keyId }, privateKey }) => {
    const signature = Buffer.concat([
      Buffer.from(keyId, "hex"),
      nodeCrypto().sign(undefined, Buffer.from(text), privateKey),
    ]);
    return `\u2014 ${name} ${signature.toString("base64")}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Reads a note. Signatures by unknown keys are passed over; one by a known key that does not hold spoils the note. */
export function openNote(note: string, known: readonly NoteVerifier[]): OpenedNote {
  if (Buffer.byteLength(note) > MAX_NOTE_BYTES) return bad(`it is longer than ${MAX_NOTE_BYTES} bytes`);
  // What decoding puts in the place of bytes that are no UTF-8; no note of ours has one.
  if (note.includes("\uFFFD")) return bad("it is not UTF-8");
  const split = note.lastIndexOf("\n\n");
  const text = note.slice(0, split + 1);
  if (split < 0 || !isNoteText(text)) return bad("it is not a signed note");
  if (!note.endsWith("\n")) return bad("its last line has no newline");
  const lines = note.slice(split + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return bad(`it has more than ${MAX_SIGNATURES} signatures`);
  const signedBy: NoteVerifier[] = [];
  for (const line of lines) {
    const parts = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line);
    const bytes = decodeBase64(parts?.[2] ?? "");
    const name = parts?.[1] ?? "";
    if (bytes === undefined || bytes.length < 5 || !isKeyName(name))
      return bad("a signature line is malformed");
    const keyId = bytes.toString("hex", 0, 4);
    const key = known.find((each) => each.name === name && each.keyId === keyId);
    if (key === undefined) continue;
    if (signedBy.includes(key)) return bad(`it is signed twice by ${name}`);
    if (!nodeCrypto().verify(undefined, Buffer.from(text), key.publicKey, bytes.subarray(4)))
      return bad(`its signature by ${name} does not hold`);
    signedBy.push(key);
  }
  return { kind: "note", text, signedBy };
}

/** The text of a checkpoint, ready to be signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${hashToBase64(root)}\n`;
}

/** The checkpoint that a note's text is, or undefined for anything {@link formatCheckpoint} would not have written. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin = "", digits = "", base64 = "", end, ...more] = text.split("\n");
  const root = hashFromBase64(base64);
  const size = Number(digits);
  if (origin === "" || root === undefined || end !== "" || more.length > 0) return undefined;
  if (!/^(0|[1-9]\d*)$/.test(digits) || !Number.isSafeInteger(size)) return undefined;
  return { origin, size, root };
}

/** Bytes from standard base64 with its padding; undefined for any text that encoding would not have given. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return text !== "" && bytes.toString("base64") === text ? bytes : undefined;
}

// --- internal ---

/** Type byte of Ed25519 in vkeys and key ids. */
const ED25519 = 1;
/** What stands before the 32 bytes in DER (RFC 8410 §7 and §4). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

function signerOf(
  name: string,
  privateKey: KeyObject,
  publicKey: KeyObject = nodeCrypto().createPublicKey(privateKey),
): NoteSigner {
  if (!isKeyName(name)) throw new RangeError(`a key's name has no spaces and no "+", got "${name}"`);
  const der = publicKey.export({ format: "der", type: "spki" });
  return { verifier: verifierOf(name, der.subarray(-32), publicKey), privateKey };
}

function verifierOf(name: string, key: Uint8Array, publicKey: KeyObject = publicKeyOf(key)): NoteVerifier {
  const typed = Buffer.concat([Buffer.from([ED25519]), key]);
  const keyId = nodeCrypto()
    .hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "hex")
    .slice(0, 8);
  return { name, keyId, vkey: `${name}+${keyId}+${typed.toString("base64")}`, publicKey };
}

function publicKeyOf(key: Uint8Array): KeyObject {
  return nodeCrypto().createPublicKey({ key: Buffer.concat([SPKI_HEAD, key]), format: "der", type: "spki" });
}

function isKeyName(name: string): boolean {
  return name !== "" && !/[\s+\p{Cc}\p{Cs}]/u.test(name);
}

function isNoteText(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- exactly what the specification forbids
  return text.endsWith("\n") && !/[\u0000-\u0009\u000b-\u001f\p{Cs}]/u.test(text);
}

function bad(reason: string): OpenedNote {
  return { kind: "bad", reason };
}
