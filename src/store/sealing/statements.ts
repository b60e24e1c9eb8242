// What the ledger states that verdicts rest on: which keys sign from where, what was sealed, what was erased. A
// statement may stand behind the ledger's seal for a moment, where anybody could have put it, and the next writer seals
// what it finds. So none counts by its place alone: a seal carries its signatures, an erasure carries one, an epoch's
// key seals nothing without the store's, and a store's key that is not the writer's own is never sealed by it.

import * as fs from "node:fs";

import type { Event } from "../../event/index.ts";
import { decodeLine, parseVkey } from "../../format/index.ts";
import type { NoteVerifier } from "../../format/index.ts";
import { readLines } from "../reading/line-reader.ts";

/** `session_id` is the session it is about. */
export type Statement =
  /** A key of the store; its name is the store's id. The first one in the ledger names the store. */
  | { event: "STORE_KEY"; vkey: string }
  /** From line `first_seq` on the session is sealed by this key, until its next epoch. */
  | { event: "EPOCH"; session_id: string; vkey: string; first_seq: number }
  /** What of the session was sealed. */
  | { event: "SEAL"; session_id: string; note: string }
  /** Line `erased_seq` of the session was erased; `leaf` is the hash it had, `note` says the same, signed. */
  | {
      event: "ERASED";
      session_id: string;
      erased_seq: number;
      leaf: string;
      reason: string;
      note: string;
    }
  /** Lines `first_seq` to `last_seq` were deleted by the retention policy; `note` says so, signed. */
  | {
      event: "SEGMENT_DELETED";
      session_id: string;
      first_seq: number;
      last_seq: number;
      sha256: string;
      note: string;
    };

/** A ledger line as the statement it is; undefined for lines of other kinds. */
export function statementOf(event: Event): Statement | undefined {
  const { event: type, session_id, vkey, note, first_seq, erased_seq, leaf, reason } = event;
  if (type === "STORE_KEY" && typeof vkey === "string") return { event: type, vkey };
  if (type === "EPOCH" && typeof vkey === "string" && typeof first_seq === "number")
    return { event: type, session_id, vkey, first_seq };
  if (typeof note !== "string") return undefined;
  if (type === "SEGMENT_DELETED") return deletionOf(event, note);
  if (type === "SEAL") return { event: type, session_id, note };
  if (type === "ERASED" && typeof erased_seq === "number" && typeof leaf === "string")
    return {
      event: type,
      session_id,
      erased_seq,
      leaf,
      reason: typeof reason === "string" ? reason : "",
      note,
    };
  return undefined;
}

/** What is signed to allow an erasure. No checkpoint reads like it: those have a number in the second line. */
export function erasureText(origin: string, seq: number, leaf: string): string {
  return `${origin}\nerased ${seq}\n${leaf}\n`;
}

/** What is signed when lines are deleted by policy. */
export function deletionText(origin: string, firstSeq: number, lastSeq: number, sha256: string): string {
  return `${origin}\ndeleted ${firstSeq} to ${lastSeq}\n${sha256}\n`;
}

/** What a session's seals call their log: the store's id and the session's, escaped so that it can be a key's name. */
export function sessionOrigin(storeId: string, sessionId: string): string {
  return `${storeId}/${encodeURIComponent(Buffer.from(sessionId).toString())}`;
}

/** The keys that a ledger names; the name of the first is the store's. In most stores there is one, near the top. */
export function* storeKeysOf(file: string): Generator<NoteVerifier, void, undefined> {
  if (!fs.existsSync(file)) return;
  let name: string | undefined;
  for (const line of readLines(file)) {
    if (!("bytes" in line) || !line.bytes.includes(STORE_KEY)) continue;
    const decoded = decodeLine(line.bytes);
    const statement = decoded.kind === "event" ? statementOf(decoded.event) : undefined;
    const key = statement?.event === "STORE_KEY" ? parseVkey(statement.vkey) : undefined;
    if (key === undefined || key.name !== (name ?? key.name)) continue;
    name = key.name;
    yield key;
  }
}

/** The key that names the store; undefined in a store without seals. */
export function firstStoreKey(file: string): NoteVerifier | undefined {
  for (const key of storeKeysOf(file)) return key;
  return undefined;
}

/** Whether a ledger names this key. */
export function namesKey(file: string, { vkey }: NoteVerifier): boolean {
  for (const key of storeKeysOf(file)) if (key.vkey === vkey) return true;
  return false;
}

// --- internal ---

function deletionOf({ session_id, first_seq, last_seq, sha256 }: Event, note: string): Statement | undefined {
  if (typeof first_seq !== "number" || typeof last_seq !== "number" || typeof sha256 !== "string")
    return undefined;
  return { event: "SEGMENT_DELETED", session_id, first_seq, last_seq, sha256, note };
}

const STORE_KEY = Buffer.from('"event":"STORE_KEY"');
