// One session's log against everything that is known of it.

import path from "node:path";

import { decodeLine, openNote, parseCheckpoint, parseVkey } from "../format/index.ts";
import type { Checkpoint, NoteVerifier } from "../format/index.ts";
import { isProcessAlive } from "../store/disk/process.ts";
import type { ProcessIdentity } from "../store/disk/process.ts";
import { evidenceFiles } from "../store/layout.ts";
import { readFirstLine } from "../store/reading/line-reader.ts";
import { readLogLines } from "../store/reading/log-lines.ts";
import { openSeal } from "../store/sealing/seal-file.ts";
import { sessionOrigin } from "../store/sealing/statements.ts";
import { judge } from "./judge.ts";
import type { Ledger, SessionStatements } from "./ledger.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { walkIntactLog, walkLog } from "./walk.ts";
import type { WalkInput } from "./walk.ts";

export interface SessionFiles {
  id: string;
  /** Its log's files, in order. */
  files: readonly string[];
  /** The seal beside it, as it was before the ledger was read. */
  note: string | undefined;
  /** Why that cannot be read. */
  noteFault?: string | undefined;
}

export function checkSession(
  session: SessionFiles,
  ledger: Ledger | undefined,
  anchors: readonly string[],
): LogVerdict {
  const [first = ""] = session.files;
  const name = path.basename(first);
  const statements = ledger?.sessions.get(session.id) ?? NO_STATEMENTS;
  const { seals, problem } = sealsOf(session, statements, ledger, anchors);
  let epoch = new EpochWatch();
  const input: WalkInput = {
    files: session.files,
    leaves: evidenceFiles(first).leaves,
    seals,
    erased: statements.erased,
    deleted: statements.deleted,
    onLine: (buffer, start, end) => epoch.see(buffer, start, end),
  };
  let walk = walkIntactLog(input);
  if (walk === undefined) {
    epoch = new EpochWatch();
    walk = walkLog(input);
  }
  const row = judge({ name, sessionId: session.id, files: session.files, seals, walk, isOpen: epoch.isOpen });
  if (problem !== undefined && isFine(row.verdict)) return { ...row, ...problem };
  if (seals.length > 0 || !isFine(row.verdict)) return row;
  const { key } = epoch;
  if (key === undefined) return { ...row, verdict: "inconclusive", reason: "it was recorded without seals" };
  if (ledger !== undefined && !isNamedBy(ledger, session.id, key)) {
    const reason = `it was recorded in another store, as ${key.name}, whose seals of it are not here`;
    return { ...row, verdict: "inconclusive", reason };
  }
  return row;
}

/** Whether a session's log says that it is sealed: in this store, when there is a ledger that says which it is. */
export function announcesSeals({ id, files }: SessionFiles, ledger: Ledger | undefined): boolean {
  const line = readFirstLine(files[0] ?? "");
  const decoded = line === undefined ? undefined : decodeLine(line);
  const key = decoded?.kind === "event" ? keyIn(decoded.event) : undefined;
  return key !== undefined && (ledger === undefined || isNamedBy(ledger, id, key));
}

/** The row of a session that the ledger knows and that is not there. */
export function missingSession(id: string, { notes, deleted }: SessionStatements): LogVerdict {
  const sealed = Math.max(0, ...notes.map((note) => checkpointOf(note)?.size ?? 0));
  const lines = deleted.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  if (lines > 0 && lines >= sealed) {
    const reason = `its ${lines} lines were deleted by the retention policy`;
    return { name: id, verdict: "ok", lines: 0, sealed, first_bad_line: null, reason };
  }
  const reason = `the ledger knows session ${id} with ${sealed} sealed lines, and its log is not there`;
  return { name: id, verdict: "missing", lines: 0, sealed, first_bad_line: null, reason };
}

/** What a note says, whoever signed it. */
export function checkpointOf(note: string): Checkpoint | undefined {
  const opened = openNote(note, []);
  return opened.kind === "note" ? parseCheckpoint(opened.text) : undefined;
}

/** The session that a seal is of, by its own account; undefined when it is of no session. */
export function sealedSession(note: string): string | undefined {
  const [, name] = checkpointOf(note)?.origin.split("/") ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

// --- internal ---

const NO_STATEMENTS: SessionStatements = { epochs: [], notes: [], erased: new Map(), deleted: [] };

type Problem = { verdict: Verdict; reason: string };

function isFine(verdict: Verdict): boolean {
  return verdict === "ok" || verdict === "ok-open" || verdict === "unsealed-tail";
}

/** What was sealed of the session, by keys that hold; and what is wrong with the seal beside it. */
function sealsOf(
  { id, note, noteFault, files }: SessionFiles,
  statements: SessionStatements,
  ledger: Ledger | undefined,
  anchors: readonly string[],
): { seals: Checkpoint[]; problem?: Problem | undefined } {
  if (ledger === undefined)
    return note === undefined
      ? { seals: [] }
      : { seals: [], problem: { verdict: "inconclusive", reason: "the ledger with its keys is missing" } };
  const origin = sessionOrigin(ledger.storeId, id);
  const seals = statements.notes
    .map(checkpointOf)
    .filter((each): each is Checkpoint => each?.origin === origin);
  // Each with its signatures: the next writer seals what it finds in the ledger.
  const notes = new Set(note === undefined ? statements.notes : [...statements.notes, note]);
  const announced = lazily(() => announcedEpochs(files));
  const problems = [...notes].map((each) => problemOf(each, origin, statements, ledger, announced));
  if (noteFault !== undefined) problems.push({ verdict: "inconclusive", reason: noteFault });
  const problem =
    problems.find((each) => each !== undefined && each.verdict !== "inconclusive") ??
    problems.find((each) => each !== undefined);
  const checkpoint = note === undefined || problem !== undefined ? undefined : checkpointOf(note);
  if (checkpoint !== undefined) seals.push(checkpoint);
  for (const anchor of anchors) {
    const opened = openSeal(anchor, ledger.keys);
    if (opened.kind === "seal" && opened.checkpoint.origin === origin) seals.push(opened.checkpoint);
  }
  return { seals, problem };
}

/** A seal takes two signatures: the store's, and that of the epoch in which it was made. */
function problemOf(
  note: string,
  origin: string,
  { epochs }: SessionStatements,
  ledger: Ledger,
  announced: () => SessionStatements["epochs"],
): Problem | undefined {
  const { keys, trusted, row } = ledger;
  const opened = openSeal(note, [...keys, ...epochs.map(({ key }) => key)]);
  if (opened.kind === "bad") return { verdict: "edited", reason: `its seal does not hold: ${opened.reason}` };
  const { checkpoint, signedBy } = opened;
  const has = (known: readonly NoteVerifier[]): boolean =>
    known.some(({ vkey }) => signedBy.some((key) => key.vkey === vkey));
  if (checkpoint.origin !== origin)
    return { verdict: "forked", reason: `its seal is of another log, ${checkpoint.origin}` };
  if (!has(keys)) return { verdict: "edited", reason: "its seal is not signed by the store's key" };
  const at = epochs.findIndex(({ key }) => signedBy.includes(key));
  const epoch = epochs[at];
  // A writer that dies when it has sealed for the first time may not have told the ledger; it has told the log.
  if (epoch === undefined && epochs !== announced()) {
    const all = announced();
    const known = epochs.every(({ key }) => all.some((each) => each.key.vkey === key.vkey));
    if (known && all.some(({ key }) => openSeal(note, [key]).kind === "seal"))
      return problemOf(note, origin, { ...NO_STATEMENTS, epochs: all }, ledger, announced);
  }
  if (epoch === undefined)
    return row.verdict === "ok" || row.verdict === "inconclusive"
      ? { verdict: "forked", reason: "its seal is signed by a key that the ledger does not know" }
      : {
          verdict: "inconclusive",
          reason: "the ledger, which was tampered with, does not know the key of its seal",
        };
  const end = epochs[at + 1]?.firstSeq ?? Infinity;
  if (checkpoint.size <= epoch.firstSeq || checkpoint.size > end)
    return { verdict: "forked", reason: "its seal is signed by the key of another epoch" };
  if (trusted.length > 0 && !has(trusted))
    return {
      verdict: "inconclusive",
      reason: "it was sealed by another key of the store, from before it was moved: give that with --key",
    };
  return undefined;
}

/** The keys that a log says it is sealed by, and from where on. */
function announcedEpochs(files: readonly string[]): SessionStatements["epochs"] {
  const epochs: SessionStatements["epochs"] = [];
  for (const line of readLogLines(files)) {
    if (!("bytes" in line) || !BEGINS_EPOCH.test(line.bytes.toString("latin1", 0, 24))) continue;
    const decoded = decodeLine(line.bytes);
    const key = decoded.kind === "event" ? keyIn(decoded.event) : undefined;
    if (key !== undefined) epochs.push({ key, firstSeq: line.seq });
  }
  return epochs;
}

/** Whether a key is one of those that the store gives to the session. A ledger without its first key tells none apart. */
function isNamedBy({ storeId }: Ledger, sessionId: string, { name }: NoteVerifier): boolean {
  return storeId === "" || name === sessionOrigin(storeId, sessionId);
}

/** The key that START or RESUMED names. */
function keyIn({ seal_key: vkey }: Record<string, unknown>): NoteVerifier | undefined {
  return typeof vkey === "string" ? parseVkey(vkey) : undefined;
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const BEGINS_EPOCH = /^\{"event":"(?:START|RESUMED)"/;

/** Follows the epochs of a log by the first bytes of its lines. */
class EpochWatch {
  #begin: Buffer | undefined;
  #ended = false;

  see(buffer: Buffer, start: number, end: number): void {
    this.#ended = false;
    const letter = buffer[start + TYPE_AT];
    if (letter !== E && letter !== R && letter !== S) return;
    const type = buffer.toString("latin1", start + TYPE_AT, Math.min(end, start + TYPE_AT + 8));
    this.#ended = type.startsWith('END"');
    if (type.startsWith('START"') || type === 'RESUMED"')
      this.#begin = Buffer.from(buffer.subarray(start, end));
  }

  /** Whether whoever wrote it last is at work. */
  get isOpen(): boolean {
    const begin = this.#event();
    return (
      !this.#ended && begin !== undefined && isProcessAlive(begin as unknown as ProcessIdentity) === true
    );
  }

  /** What the writer said that it would seal by. */
  get key(): NoteVerifier | undefined {
    const begin = this.#event();
    return begin && keyIn(begin);
  }

  #event(): Record<string, unknown> | undefined {
    const decoded = this.#begin === undefined ? undefined : decodeLine(this.#begin);
    return decoded?.kind === "event" ? decoded.event : undefined;
  }
}

/** Behind `{"event":"`. */
const TYPE_AT = 10;
const [E, R, S] = Buffer.from("ERS");
