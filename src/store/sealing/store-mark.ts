// What proves that nothing has become of the sessions that were over when an index was folded, without looking at each
// of their files (docs/adr/0020): no file has come, gone or been put in another's place since, or the folder would tell;
// and no session has been gone on with, or the ledger would name it.

import * as fs from "node:fs";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { checksum32 } from "../../base/hash.ts";
import { decodeLine } from "../../format/index.ts";
import { ARCHIVE_DIRECTORY, LEDGER } from "../layout.ts";
import { readLines } from "../reading/line-reader.ts";
import { READ_FLAGS } from "../reading/whole-file.ts";

/** How far the ledger had been written, and what the end of that looked like. */
export interface LedgerMark {
  bytes: number;
  tail: number;
}

export interface StoreMark {
  /** Absent in a store without a ledger, which proves nothing. */
  ledger?: LedgerMark | undefined;
  /** When the store's folder and its archive were last changed, in nanoseconds; absent when a change just then would not show. */
  folders?: string | undefined;
}

/** What has happened to a store since it was marked. */
export interface StoreChanges {
  /** Names of files are what they were, and so are all files that the ledger does not speak of. */
  sameFiles: boolean;
  /** Sessions that the ledger has named since. */
  named: ReadonlySet<string>;
}

/** To be taken before anything is read that it is to vouch for. */
export function markLedger(dir: string): LedgerMark | undefined {
  return withLedger(dir, (fd) => {
    const end = lastLineEnd(fd, fs.fstatSync(fd).size);
    return { bytes: end, tail: tailAt(fd, end) };
  });
}

/**
 * To be taken before the folders are listed. Times of files go by the ticks of a clock, so it waits for the tick of the last
 * change to be over, up to 50 ms; undefined where a tick takes longer.
 */
export async function markFolders(dir: string): Promise<string | undefined> {
  for (let tries = 0; tries < 3; tries++) {
    const { text, changedMs, isCoarse } = foldersOf(dir);
    const ageMs = Date.now() - changedMs;
    if (ageMs > (isCoarse ? COARSE_TICK_MS : TICK_MS)) return text;
    if (isCoarse || ageMs < 0) return undefined;
    await setTimeout(TICK_MS);
  }
  return undefined;
}

/** Undefined when nothing can be told: there is no ledger, or another one, or too much of it to be read. */
export function changesSince(dir: string, mark: StoreMark): StoreChanges | undefined {
  const { ledger, folders } = mark;
  // Where nobody kept a ledger, nobody has taken anything into one; but then anybody may have written.
  if (ledger === undefined && !fs.existsSync(path.join(dir, LEDGER)))
    return { sameFiles: false, named: new Set() };
  // Before the ledger: what is changed in between is named there, or comes after this look.
  const now = foldersOf(dir).text;
  const named = ledger === undefined ? undefined : sessionsNamedSince(dir, ledger);
  return named && { sameFiles: folders === now, named };
}

// --- internal ---

/** Twice the longest tick of Linux (`CONFIG_HZ_100`). */
const TICK_MS = 20;
/** File systems without fractions of a second. */
const COARSE_TICK_MS = 2_500;
const TAIL_BYTES = 1024;
/** Reading more takes longer than looking at the sessions. */
const MAX_LEDGER_BYTES: number = 8 * 1024 * 1024;

function foldersOf(dir: string): { text: string; changedMs: number; isCoarse: boolean } {
  const times = [dir, path.join(dir, ARCHIVE_DIRECTORY)].map((folder) => {
    const stat = fs.statSync(folder, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? 0n : stat.mtimeNs;
  });
  const latest = times.reduce((left, right) => (left > right ? left : right));
  const isCoarse = times.some((time) => time > 0n && time % 1_000_000_000n === 0n);
  return { text: times.join(" "), changedMs: Number(latest / 1_000_000n), isCoarse };
}

function sessionsNamedSince(dir: string, mark: LedgerMark): Set<string> | undefined {
  const grown = withLedger(dir, (fd) => {
    const { size } = fs.fstatSync(fd);
    const isSame = size >= mark.bytes && tailAt(fd, mark.bytes) === mark.tail;
    return isSame ? size - mark.bytes : undefined;
  });
  if (grown === undefined || grown > MAX_LEDGER_BYTES) return undefined;
  const named = new Set<string>();
  if (grown === 0) return named;
  for (const line of readLines(path.join(dir, LEDGER), { fromOffset: mark.bytes })) {
    const decoded = "bytes" in line ? decodeLine(line.bytes) : undefined;
    if (decoded?.kind === "event") named.add(decoded.event.session_id);
    // What is being written at this moment is of no session that had been written to before.
    else if (decoded?.kind !== "torn") return undefined;
  }
  return named;
}

function withLedger<T>(dir: string, look: (fd: number) => T): T | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path.join(dir, LEDGER), READ_FLAGS);
    return look(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function tailAt(fd: number, end: number): number {
  const bytes = Buffer.alloc(Math.min(TAIL_BYTES, end));
  return checksum32(bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, end - bytes.length)));
}

/** Where the last whole line ends; 0 when that is far from the end of the file. */
function lastLineEnd(fd: number, size: number): number {
  const bytes = Buffer.alloc(Math.min(64 * TAIL_BYTES, size));
  const from = size - bytes.length;
  const newline = bytes.subarray(0, fs.readSync(fd, bytes, 0, bytes.length, from)).lastIndexOf(0x0a);
  return newline < 0 ? 0 : from + newline + 1;
}
