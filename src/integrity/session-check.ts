// One session's log against everything that is known of it.

import path from "node:path";

import { decodeLine, openNote, parseCheckpoint } from "../format/index.ts";
import type { Checkpoint, NoteVerifier } from "../format/index.ts";
import { sessionOrigin } from "../store/sealer.ts";
import { isProcessAlive } from "../store/process.ts";
import type { ProcessIdentity } from "../store/process.ts";
import { evidenceFiles } from "../store/layout.ts";
import { openSeal } from "../store/seal-file.ts";
import { judge } from "./judge.ts";
import type { Ledger, SessionStatements } from "./ledger.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { walkLog } from "./walk.ts";

export interface SessionFiles {
  id: string;
  /** Its log's files, in order. */
  files: readonly string[];
  /** The seal beside it, as it was before the ledger was read. */
  note: string | undefined;
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
  const epoch = new EpochWatch();
  const walk = walkLog({
    files: session.files,
    leaves: evidenceFiles(first).leaves,
    seals,
    erased: statements.erased,
    onLine: (line) => epoch.see(line),
  });
  const row = judge({ name, sessionId: session.id, files: session.files, seals, walk, isOpen: epoch.isOpen });
  if (problem !== undefined && isFine(row.verdict)) return { ...row, ...problem };
  if (seals.length === 0 && isFine(row.verdict) && !epoch.hasKey)
    return { ...row, verdict: "inconclusive", reason: "it was recorded without seals" };
  return row;
}

/** The row of a session that the ledger knows and that is not there. */
export function missingSession(id: string, { notes }: SessionStatements): LogVerdict {
  const sealed = Math.max(0, ...notes.map((note) => checkpointOf(note)?.size ?? 0));
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

const NO_STATEMENTS: SessionStatements = { epochs: [], notes: [], erased: new Map() };

type Problem = { verdict: Verdict; reason: string };

function isFine(verdict: Verdict): boolean {
  return verdict === "ok" || verdict === "ok-open" || verdict === "unsealed-tail";
}

/** What was sealed of the session, by keys that hold; and what is wrong with the seal beside it. */
function sealsOf(
  { id, note }: SessionFiles,
  statements: SessionStatements,
  ledger: Ledger | undefined,
  anchors: readonly string[],
): { seals: Checkpoint[]; problem?: Problem | undefined } {
  if (ledger === undefined)
    return note === undefined
      ? { seals: [] }
      : { seals: [], problem: { verdict: "inconclusive", reason: "the ledger with its keys is missing" } };
  const origin = sessionOrigin(ledger.storeId, id);
  // They stand in the ledger, under its seal; of each only what it says is needed, and of the last its signature.
  const seals = statements.notes
    .map(checkpointOf)
    .filter((each): each is Checkpoint => each?.origin === origin);
  const last = statements.notes.at(-1);
  let problem = last === undefined ? undefined : problemOf(last, origin, statements, ledger);
  if (note !== undefined) {
    problem ??= problemOf(note, origin, statements, ledger);
    const checkpoint = checkpointOf(note);
    if (problem === undefined && checkpoint !== undefined) seals.push(checkpoint);
  }
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
  { keys, row }: Ledger,
): Problem | undefined {
  const opened = openSeal(note, [...keys, ...epochs.map(({ key }) => key)]);
  if (opened.kind === "bad") return { verdict: "edited", reason: `its seal does not hold: ${opened.reason}` };
  const { checkpoint, signedBy } = opened;
  const has = (known: readonly NoteVerifier[]): boolean => known.some((key) => signedBy.includes(key));
  if (checkpoint.origin !== origin)
    return { verdict: "forked", reason: `its seal is of another log, ${checkpoint.origin}` };
  if (!has(keys)) return { verdict: "edited", reason: "its seal is not signed by the store's key" };
  const at = epochs.findIndex(({ key }) => signedBy.includes(key));
  const epoch = epochs[at];
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
  return undefined;
}

/** Follows the epochs of a log by the first bytes of its lines. */
class EpochWatch {
  #begin: Buffer | undefined;
  #ended = false;

  see(line: Buffer): void {
    const type = line.toString("latin1", TYPE_AT, TYPE_AT + 8);
    this.#ended = type.startsWith('END"');
    if (type.startsWith('START"') || type === 'RESUMED"') this.#begin = Buffer.from(line);
  }

  /** Whether whoever wrote it last is at work. */
  get isOpen(): boolean {
    const begin = this.#event();
    return (
      !this.#ended && begin !== undefined && isProcessAlive(begin as unknown as ProcessIdentity) === true
    );
  }

  /** Whether the writer said that it would seal. */
  get hasKey(): boolean {
    return this.#event()?.["seal_key"] !== undefined;
  }

  #event(): Record<string, unknown> | undefined {
    const decoded = this.#begin === undefined ? undefined : decodeLine(this.#begin);
    return decoded?.kind === "event" ? decoded.event : undefined;
  }
}

/** Behind `{"event":"`. */
const TYPE_AT = 10;
