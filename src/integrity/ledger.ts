// What the ledger says, as far as it holds: the store's keys, and for each session its keys, its seals and what of it
// was erased.

import * as fs from "node:fs";
import path from "node:path";

import { decodeLine, hashFromBase64, openNote, parseVkey } from "../format/index.ts";
import type { Checkpoint, Hash, NoteVerifier } from "../format/index.ts";
import { evidenceFiles, LEDGER } from "../store/layout.ts";
import { readLogLines } from "../store/reading/log-lines.ts";
import { openSeal, readNote } from "../store/sealing/seal-file.ts";
import { deletionText, erasureText, sessionOrigin, statementOf } from "../store/sealing/statements.ts";
import type { Statement } from "../store/sealing/statements.ts";
import { judge } from "./judge.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { walkIntactLog, walkLog } from "./walk.ts";

/** What the ledger says of one session. */
export interface SessionStatements {
  epochs: { key: NoteVerifier; firstSeq: number }[];
  /** Signed notes, oldest first. */
  notes: string[];
  /** Leaves of erased lines, by `seq`. */
  erased: Map<number, Hash>;
  /** Lines that the retention policy deleted, first and last `seq`. */
  deleted: { from: number; to: number }[];
}

export interface Ledger {
  row: LogVerdict;
  storeId: string;
  /** Keys that the ledger names as the store's. */
  keys: NoteVerifier[];
  /** Of those, or besides them, the ones that are known from outside. */
  trusted: readonly NoteVerifier[];
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
  const file = path.join(dir, LEDGER);
  if (!fs.existsSync(file)) return undefined;
  const files = evidenceFiles(file);
  // Before the lines: a ledger that grows meanwhile has all that its seal covers.
  const note = readNote(files.seal);
  const statements = statementsIn(file);
  const keys = statements
    .map(({ statement }) => (statement.event === "STORE_KEY" ? parseVkey(statement.vkey) : undefined))
    .filter((key) => key !== undefined);
  const ledger: Ledger = {
    row: { name: LEDGER, verdict: "missing", lines: 0, sealed: 0, first_bad_line: null, reason: "" },
    storeId: keys[0]?.name ?? "",
    keys: keys.filter(({ name }) => name === keys[0]?.name),
    trusted: [],
    sessions: new Map(),
    note,
  };
  const trusted = pinned(ledger.storeId);
  ledger.trusted = trusted;
  const known = uniqueKeys([...trusted, ...ledger.keys]);
  const seal = note === undefined ? undefined : openSeal(note, known);
  const seals: Checkpoint[] = seal?.kind === "seal" ? [seal.checkpoint] : [];
  for (const anchor of anchors) {
    const opened = openSeal(anchor, known);
    if (opened.kind === "seal" && opened.checkpoint.origin === ledger.storeId) seals.push(opened.checkpoint);
  }
  const input = { files: [file], leaves: files.leaves, seals, erased: new Map<number, Hash>() };
  const walk = walkIntactLog(input) ?? walkLog(input);
  ledger.row = judge({ name: LEDGER, sessionId: undefined, files: [file], seals, walk, isOpen: false });
  const fail = (verdict: Verdict, reason: string): void => {
    if (ledger.row.verdict === "ok" || ledger.row.verdict === "unsealed-tail")
      ledger.row = { ...ledger.row, verdict, reason };
  };
  if (seal === undefined) {
    // Its first writer seals it before it seals anything else. Where no key is named, nobody wanted seals.
    if (statements.some(({ statement }) => statement.event !== "STORE_KEY"))
      fail("missing", "its seal is missing");
  } else if (seal.kind === "bad") fail("edited", `its seal does not hold: ${seal.reason}`);
  else if (seal.checkpoint.origin !== ledger.storeId) fail("forked", "its seal is of another store");
  else if (!seal.signedBy.some((key) => trusted.some(({ vkey }) => vkey === key.vkey)))
    fail(
      "inconclusive",
      `it is signed by ${seal.signedBy[0]?.vkey ?? "a key"}, which nothing outside the store vouches for: compare it with the key you know, and give that with --key`,
    );
  // Behind the seal anybody may have put a key; everything else that is stated there carries signatures of its own.
  const sealedLines = seal?.kind === "seal" ? seal.checkpoint.size : Infinity;
  ledger.keys = ledger.keys.filter(({ vkey }) =>
    statements.some(
      ({ statement, seq }) => statement.event === "STORE_KEY" && statement.vkey === vkey && seq < sealedLines,
    ),
  );
  for (const { statement } of statements) take(ledger, statement);
  return ledger;
}

// --- internal ---

function statementsIn(file: string): { statement: Statement; seq: number }[] {
  const statements: { statement: Statement; seq: number }[] = [];
  for (const line of readLogLines([file])) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    const statement = decoded?.kind === "event" ? statementOf(decoded.event) : undefined;
    if (statement !== undefined) statements.push({ statement, seq: line.seq });
  }
  return statements;
}

function take(ledger: Ledger, statement: Statement): void {
  if (statement.event === "STORE_KEY") return;
  let session = ledger.sessions.get(statement.session_id);
  if (session === undefined) {
    session = { epochs: [], notes: [], erased: new Map(), deleted: [] };
    ledger.sessions.set(statement.session_id, session);
  }
  if (statement.event === "EPOCH") {
    const key = parseVkey(statement.vkey);
    if (key !== undefined) session.epochs.push({ key, firstSeq: statement.first_seq });
  } else if (statement.event === "SEAL") session.notes.push(statement.note);
  else if (statement.event === "SEGMENT_DELETED") {
    const { session_id, first_seq: from, last_seq: to, sha256, note } = statement;
    const opened = openNote(note, ledger.keys);
    const text = deletionText(sessionOrigin(ledger.storeId, session_id), from, to, sha256);
    if (opened.kind === "note" && opened.signedBy.length > 0 && opened.text === text)
      session.deleted.push({ from, to });
  } else {
    const { session_id, erased_seq, note } = statement;
    const leaf = hashFromBase64(statement.leaf);
    // Whoever can write to the disk can write this, too; not sign it.
    const opened = openNote(note, ledger.keys);
    const text = erasureText(sessionOrigin(ledger.storeId, session_id), erased_seq, statement.leaf);
    if (leaf !== undefined && opened.kind === "note" && opened.signedBy.length > 0 && opened.text === text)
      session.erased.set(erased_seq, leaf);
  }
}

function uniqueKeys(keys: readonly NoteVerifier[]): NoteVerifier[] {
  return keys.filter((key, at) => keys.findIndex(({ vkey }) => vkey === key.vkey) === at);
}
