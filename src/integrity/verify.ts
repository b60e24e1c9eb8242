// Verifies a store or one of its logs: offline, without writing anything, in constant memory.

import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames } from "../base/options.ts";
import { parseVkey } from "../format/index.ts";
import type { NoteVerifier } from "../format/index.ts";
import { evidenceFiles, LEDGER } from "../store/layout.ts";
import { readStoreSigner } from "../store/sealing/keys.ts";
import { openSeal, readNote, readSeal } from "../store/sealing/seal-file.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import { noSession } from "../store/session/session-files.ts";
import { judge } from "./judge.ts";
import { readLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import {
  announcesSeals,
  checkpointOf,
  checkSession,
  missingSession,
  sealedSession,
} from "./session-check.ts";
import type { SessionFiles } from "./session-check.ts";
import { checkStamps } from "./stamps.ts";
import type { StampVerdict } from "./stamps.ts";
import { worstVerdict } from "./verdict.ts";
import type { LogVerdict, Verdict } from "./verdict.ts";
import { walkIntactLog, walkLog } from "./walk.ts";

export interface VerifyOptions {
  /** Only this session (and the ledger, which it rests on). Default: all. */
  session?: string | undefined;
  /** Public key of the store, as `name+id+base64`, known from elsewhere. Default: this user's own key, when it has one. */
  key?: string | undefined;
  /** Older seals, of the ledger or of sessions: what they cover must still be there. Default: none. */
  since?: readonly string[] | undefined;
  /** Certificates of timestamp authorities, as PEM, for the time stamps in the store. Default: their chain is not checked. */
  authorities?: string | undefined;
  /** Environment, for the place of the user's own key. Default: that of the process. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called before each log. */
  onProgress?: ((done: number, total: number, name: string) => void) | undefined;
  /** Ends it by throwing the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface StoreVerdict {
  /** The worst of all. */
  verdict: Verdict;
  logs: LogVerdict[];
  /**
   * What the ledger's seal rests on: the key that was given, this user's own, or a key that only the store itself names,
   * which proves nothing.
   */
  trust: "given" | "own" | "none";
  /** The store's public key, to be noted elsewhere; undefined for a store that was never sealed. */
  key: string | undefined;
  /** The ledger's latest seal: kept elsewhere, it proves later that everything since only grew. */
  anchor: string | undefined;
  /** The time stamps that were attached to the store. */
  stamps: StampVerdict[];
}

const OPTIONS = ["session", "key", "since", "authorities", "env", "onProgress", "signal"] as const;

/**
 * What was done to a store's logs since they were sealed. Costs are in bench/verify.ts.
 *
 * @param dir the store's folder
 * @throws TypeError, RangeError for bad options; TracekeepError when something cannot be read
 * @example
 * const { verdict, logs } = verifyStore(".tracekeep");
 * for (const { name, reason } of logs) if (reason !== "") console.log(name, reason);
 */
export function verifyStore(dir: string, options: VerifyOptions = {}): StoreVerdict {
  return finishVerification(beginVerification(dir, options), options);
}

/** A verification whose sessions may be checked anywhere, each by itself. @internal */
export interface Verification {
  sessions: readonly SessionFiles[];
  check: (session: SessionFiles) => LogVerdict;
  /** @param rows what was found out about the sessions, in their order */
  conclude: (rows: readonly LogVerdict[]) => StoreVerdict;
}

/** Checks the sessions one after the other. @internal */
export function finishVerification(
  { sessions, check, conclude }: Verification,
  { signal, onProgress }: VerifyOptions,
): StoreVerdict {
  const rows = sessions.map((session, at) => {
    signal?.throwIfAborted();
    onProgress?.(at, sessions.length, path.basename(session.files[0] ?? ""));
    return check(session);
  });
  return conclude(rows);
}

/** @internal */
export function beginVerification(dir: string, options: VerifyOptions): Verification {
  checkOptionNames("verifyStore", options, OPTIONS);
  const { session: only, since = [] } = options;
  const pinned = pinnedKeys(options);
  const catalog = new SessionCatalog(dir).refresh();
  const sessions = sessionFiles(catalog, only);
  if (only !== undefined && sessions.length === 0 && readLedger(dir, pinned, [])?.sessions.has(only) !== true)
    throw noSession(dir, only);
  const stamps = checkStamps(dir, options.authorities);
  const stamped = stamps.filter(({ verdict }) => verdict.reason === "").map(({ note }) => note);
  const ledger = readLedger(dir, pinned, [...since, ...stamped]);
  const conclude = (rows: readonly LogVerdict[]): StoreVerdict => {
    const logs = [
      ...ledgerRow(ledger, sessions),
      ...rows,
      ...missing(catalog, ledger, sessions, only),
      ...strays(catalog, sessions, only),
      ...lost(since, ledger, sessions),
    ];
    const isTrusted = ledger?.note !== undefined && openSeal(ledger.note, ledger.trusted).kind === "seal";
    return {
      verdict: worstVerdict(logs.map(({ verdict }) => verdict)),
      logs,
      trust: !isTrusted ? "none" : options.key === undefined ? "own" : "given",
      key: ledger?.keys[0]?.vkey,
      anchor: ledger?.note,
      stamps: stamps.map((stamp) => ofStore(stamp, ledger)),
    };
  };
  const check = (session: SessionFiles): LogVerdict => {
    try {
      return checkSession(session, ledger, since);
    } catch (error) {
      // One that cannot be read keeps nobody from hearing of the others.
      if (!(error instanceof TracekeepError)) throw error;
      return emptyRow(path.basename(session.files[0] ?? ""), "inconclusive", error.message);
    }
  };
  return { sessions, check, conclude };
}

/**
 * What was done to one log, by the seal beside its first file and the store's public key alone: without the store, its
 * ledger or this user's key. A rollback of log and seal together, a key that had no say, and erasures are the ledger's to
 * tell: with {@link verifyStore}.
 *
 * @param files the log's files, in order
 * @param key the store's public key, as `name+id+base64`
 * @throws RangeError when the key is none; TracekeepError when something cannot be read
 * @example verifyLog(["session_20260106_c614.jsonl"], key).verdict; // "ok"
 */
export function verifyLog(files: readonly string[], key: string): LogVerdict {
  const [first = ""] = files;
  const verifier = keyFrom("verifyLog", key);
  const name = path.basename(first);
  const { seal: sealFile, leaves } = evidenceFiles(first);
  const seal = readSeal(sealFile, [verifier]);
  if (seal === undefined) return emptyRow(name, "missing", "its seal is not there");
  if (seal.kind === "bad") return emptyRow(name, "edited", `its seal does not hold: ${seal.reason}`);
  const input = { files, leaves, seals: [seal.checkpoint], erased: new Map<number, string>() };
  const walk = walkIntactLog(input) ?? walkLog(input);
  const sessionId = sealedSession(seal.note);
  return judge({ name, sessionId, files, seals: input.seals, walk, isOpen: false });
}

// --- internal ---

function ledgerRow(ledger: Ledger | undefined, sessions: readonly SessionFiles[]): LogVerdict[] {
  if (ledger?.note !== undefined) return [ledger.row];
  // Before a log that is sealed begins, its writer has made the ledger and sealed that.
  const isRobbed = sessions.some((session) => session.note !== undefined || announcesSeals(session, ledger));
  if (ledger !== undefined)
    return [isRobbed ? { ...ledger.row, verdict: "missing", reason: "its seal is missing" } : ledger.row];
  const reason = "logs were sealed, and the ledger that vouches for their keys is not there";
  return isRobbed ? [emptyRow(LEDGER, "missing", reason)] : [];
}

/** A time stamp of a seal that is none of this store's proves nothing about it. */
function ofStore(
  { verdict, note }: { verdict: StampVerdict; note: string },
  ledger: Ledger | undefined,
): StampVerdict {
  const seal = openSeal(note, [...(ledger?.trusted ?? []), ...(ledger?.keys ?? [])]);
  if (verdict.reason !== "" || (seal.kind === "seal" && seal.checkpoint.origin === ledger?.storeId))
    return verdict;
  return { ...verdict, reason: "what was stamped is no seal of this store" };
}

function keyFrom(owner: string, key: string): NoteVerifier {
  const verifier = parseVkey(key);
  if (verifier !== undefined) return verifier;
  throw new RangeError(`${owner}: key must be name+id+base64 of an Ed25519 key, got "${key.slice(0, 80)}"`);
}

function pinnedKeys({ key, env }: VerifyOptions): (storeId: string) => NoteVerifier[] {
  if (key !== undefined) {
    const verifier = keyFrom("verifyStore", key);
    return () => [verifier];
  }
  return (storeId) => {
    // A ledger that was tampered with may name anything.
    const own = /^[\w-]+$/.test(storeId) ? readStoreSigner(storeId, env) : undefined;
    return own === undefined ? [] : [own.verifier];
  };
}

/**
 * The logs by session; each with its seal, read before the ledger and the lines, so that both have all it covers. The
 * seal beside a log also says whose log it is, when its first line was changed to say something else.
 */
function sessionFiles(catalog: SessionCatalog, only: string | undefined): SessionFiles[] {
  const sessions = new Map<string, SessionFiles & { files: string[] }>();
  const add = (file: string, id: string | undefined): void => {
    const { note, noteFault } = noteBeside(file);
    const sealedId = note === undefined ? undefined : sealedSession(note);
    const of = sealedId ?? id;
    if (of === undefined || (only !== undefined && of !== only)) return;
    const session = sessions.get(of);
    if (session === undefined) sessions.set(of, { id: of, files: [file], note, noteFault });
    else {
      session.files.push(file);
      session.note ??= note;
    }
  };
  for (const log of [...catalog.sessions.values()].flat()) add(log.path, log.sessionId);
  for (const { file, reason } of catalog.skipped) if (!isCopy(reason)) add(file, undefined);
  return [...sessions.values()];
}

function noteBeside(file: string): Pick<SessionFiles, "note" | "noteFault"> {
  try {
    return { note: readNote(evidenceFiles(file).seal) };
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return { note: undefined, noteFault: error.message };
  }
}

function isCopy(reason: string): boolean {
  return reason.startsWith("it holds the same part");
}

/** Sessions that the ledger knows and the folder does not. */
function missing(
  catalog: SessionCatalog,
  ledger: Ledger | undefined,
  checked: readonly SessionFiles[],
  only: string | undefined,
): LogVerdict[] {
  if (ledger === undefined) return [];
  // One that was started meanwhile is in the ledger already.
  const present = new Set(catalog.refresh().logs.map(({ sessionId }) => sessionId));
  for (const { id } of checked) present.add(id);
  return [...ledger.sessions]
    .filter(([id]) => !present.has(id) && (only === undefined || id === only))
    .map(([id, statements]) => missingSession(id, statements));
}

/** Files that look like logs and are none, or hold the same part of a session as another. */
function strays(
  catalog: SessionCatalog,
  checked: readonly SessionFiles[],
  only: string | undefined,
): LogVerdict[] {
  if (only !== undefined) return [];
  const known = new Set(checked.flatMap(({ files }) => files));
  return catalog.skipped
    .filter(({ file }) => !known.has(file))
    .map(({ file, reason }) =>
      emptyRow(path.basename(file), isCopy(reason) ? "forked" : "inconclusive", reason),
    );
}

/** Seals that were to be grown from, and are of no log that is here. */
function lost(
  since: readonly string[],
  ledger: Ledger | undefined,
  checked: readonly SessionFiles[],
): LogVerdict[] {
  const ids = new Set(checked.map(({ id }) => id));
  return since.flatMap((note) => {
    const checkpoint = checkpointOf(note);
    if (checkpoint === undefined) return [emptyRow("--since", "inconclusive", "this is not a seal")];
    const { origin } = checkpoint;
    const id = sealedSession(note);
    if (id === undefined ? origin !== ledger?.storeId : !origin.startsWith(`${ledger?.storeId ?? ""}/`))
      return [emptyRow(origin, "missing", "the seal is of another store, or this store was replaced")];
    if (id !== undefined && !ids.has(id))
      return [emptyRow(id, "missing", "the seal is of a session that is not there")];
    return [];
  });
}

function emptyRow(name: string, verdict: Verdict, reason: string): LogVerdict {
  return { name, verdict, lines: 0, sealed: 0, first_bad_line: null, reason };
}
