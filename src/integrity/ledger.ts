// What the ledger says, as far as it holds: the store's keys, and for each session its keys, its seals and what of it
// was erased.

import * as fs from "node:fs";
import path from "node:path";

import { decodeLine, hashFromBase64, parseVkey } from "../format/index.ts";
import type { Checkpoint, Hash, NoteVerifier } from "../format/index.ts";
import { ledgerEntryOf } from "../store/evidence-ledger.ts";
import type { LedgerEntry } from "../store/evidence-ledger.ts";
import { evidenceFiles, LEDGER_FILE } from "../store/layout.ts";
import { readLogLines } from "../store/log-lines.ts";
import { openSeal, readNote } from "../store/seal-file.ts";
import { judge } from "./judge.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { walkLog } from "./walk.ts";

/** What the ledger says of one session. */
export interface SessionStatements {
  epochs: { key: NoteVerifier; firstSeq: number }[];
  /** Signed notes, oldest first. */
  notes: string[];
  /** Leaves of erased lines, by `seq`. */
  erased: Map<number, Hash>;
}

export interface Ledger {
  row: LogVerdict;
  storeId: string;
  /** Keys that the ledger names as the store's. */
  keys: NoteVerifier[];
  sessions: Map<string, SessionStatements>;
  /** The ledger's latest seal: the one thing to keep elsewhere. */
  note: string | undefined;
}

/**
 * Reads and checks the ledger of a store; undefined when there is none.
 *
 * @param pinned keys that are known from outside the store
 * @param anchors older seals that it must have grown from
 */
export function readLedger(
  dir: string,
  pinned: (storeId: string) => readonly NoteVerifier[],
  anchors: readonly string[],
): Ledger | undefined {
  const file = path.join(dir, LEDGER_FILE);
  if (!fs.existsSync(file)) return undefined;
  const files = evidenceFiles(file);
  // Before the lines: a ledger that grows meanwhile has all that its seal covers.
  const note = readNote(files.seal);
  const entries = entriesOf(file);
  const ledger: Ledger = {
    row: { name: LEDGER_FILE, verdict: "missing", lines: 0, sealed: 0, first_bad_line: null, reason: "" },
    storeId: entries[0]?.entry.event === "STORE" ? entries[0].entry.session_id : "",
    keys: [],
    sessions: new Map(),
    note,
  };
  for (const { entry } of entries) {
    const key = entry.event === "STORE" || entry.event === "KEY" ? parseVkey(entry.vkey) : undefined;
    if (key !== undefined && key.name === ledger.storeId) ledger.keys.push(key);
  }
  const trusted = pinned(ledger.storeId);
  const known = uniqueKeys([...trusted, ...ledger.keys]);
  const seal = note === undefined ? undefined : openSeal(note, known);
  const seals: Checkpoint[] = seal?.kind === "seal" ? [seal.checkpoint] : [];
  for (const anchor of anchors) {
    const opened = openSeal(anchor, known);
    if (opened.kind === "seal" && opened.checkpoint.origin === ledger.storeId) seals.push(opened.checkpoint);
  }
  const walk = walkLog({ files: [file], leaves: files.leaves, seals, erased: new Map() });
  ledger.row = judge({ name: LEDGER_FILE, sessionId: undefined, files: [file], seals, walk, isOpen: false });
  const fail = (verdict: Verdict, reason: string): void => {
    if (ledger.row.verdict === "ok" || ledger.row.verdict === "unsealed-tail")
      ledger.row = { ...ledger.row, verdict, reason };
  };
  if (seal === undefined) {
    // A writer that dies while it makes the ledger leaves one line and no seal.
    if (walk.lines > 1 || walk.lines === 0) fail("missing", "its seal is missing");
  } else if (seal.kind === "bad") fail("edited", `its seal does not hold: ${seal.reason}`);
  else if (seal.checkpoint.origin !== ledger.storeId) fail("forked", "its seal is of another store");
  else if (!seal.signedBy.some((key) => trusted.some(({ vkey }) => vkey === key.vkey)))
    fail(
      "inconclusive",
      `it is signed by ${seal.signedBy[0]?.vkey ?? "a key"}, which nothing outside the store vouches for: compare it with the key you know, and give that with --key`,
    );
  // Statements behind the seal were never acted upon.
  const sealedLines = seal?.kind === "seal" ? seal.checkpoint.size : 0;
  for (const { entry, seq } of entries) if (seq < sealedLines) take(ledger.sessions, entry);
  return ledger;
}

// --- internal ---

function entriesOf(file: string): { entry: LedgerEntry; seq: number }[] {
  const entries: { entry: LedgerEntry; seq: number }[] = [];
  for (const line of readLogLines([file])) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    const entry = decoded?.kind === "event" ? ledgerEntryOf(decoded.event) : undefined;
    if (entry !== undefined) entries.push({ entry, seq: line.seq });
  }
  return entries;
}

function take(sessions: Map<string, SessionStatements>, entry: LedgerEntry): void {
  if (entry.event === "STORE" || entry.event === "KEY") return;
  let session = sessions.get(entry.session_id);
  if (session === undefined) {
    session = { epochs: [], notes: [], erased: new Map() };
    sessions.set(entry.session_id, session);
  }
  if (entry.event === "EPOCH") {
    const key = parseVkey(entry.vkey);
    if (key !== undefined) session.epochs.push({ key, firstSeq: entry.first_seq });
  } else if (entry.event === "SEAL") session.notes.push(entry.note);
  else {
    const leaf = hashFromBase64(entry.leaf);
    if (leaf !== undefined) session.erased.set(entry.erased_seq, leaf);
  }
}

function uniqueKeys(keys: readonly NoteVerifier[]): NoteVerifier[] {
  return keys.filter((key, at) => keys.findIndex(({ vkey }) => vkey === key.vkey) === at);
}
