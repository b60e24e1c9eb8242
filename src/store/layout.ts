// Every file and folder name in a store. The map with explanations is in docs/architecture.md.

import path from "node:path";

/** The folder of a store, looked for upwards from the current one. */
export const STORE_DIRECTORY = ".tracekeep";
/** In the user's own store: what seals are signed with. */
export const KEYS_DIRECTORY = "keys";
/** Sealed segments. */
export const ARCHIVE_DIRECTORY = "archive";
/** Seals of the ledger that a timestamp authority has stamped, each with its time stamp. */
export const STAMPS_DIRECTORY = "stamps";
/** Retention, rotation and legal hold. */
export const SETTINGS_FILE = "settings.json";
/** Locked by whoever enforces the retention policy. Never renamed, never deleted. */
export const RETENTION_LOCK = "retention.lock";
/** The key under which redaction names the secrets of this store. */
export const REDACTION_KEY = "redaction.key";
/** What short-lived hook processes appended, until it is folded into sessions. */
export const SPOOL_DIRECTORY = "spool";
/** In the spool: how much of each of its files is folded. Derived; without it everything is looked at again. */
export const SPOOL_STATE = "folded.json";
/** Behind a spool file's name: it is folded and ended, and on its way out. */
export const SPOOL_ASIDE_SUFFIX = ".aside";
/** What is derived from the logs; it may be deleted at any time. */
export const INDEX_DIRECTORY = "index";
/** In it: which sessions there are and what each adds up to, as it was when the index was folded. */
export const INDEX_SNAPSHOT = "sessions.jsonl";
/** In it: what sessions add up to that were changed since then, a line each. */
export const INDEX_JOURNAL = "journal.jsonl";
/** Which events the sessions of the snapshot have. */
export const INDEX_TALLY = "sessions.tally";
/** Sentinel's index of the sessions. Derived: it may be deleted at any time. */
export const SESSION_INDEX = "session_index.json";
/** In it, behind a segment's name: its block index. */
export const BLOCKS_SUFFIX = ".blocks";
/** What makes git leave a store alone. */
export const GITIGNORE = ".gitignore";
/** Locked while a session with an id of the caller's choice is looked up and created. Never renamed, never deleted. */
export const STORE_LOCK = "store.lock";
/** The store's shared log of its own life. */
export const LEDGER = "ledger.jsonl";
/** Behind a shared log's name: its lock file. Never renamed, never deleted. */
export const LOCK_SUFFIX = ".lock";
/** Behind a segment's name: the unfinished last line that is being moved into a RECOVERED event. */
export const TORN_SUFFIX = ".torn";
/** Begins the name of a file that is not complete yet; it is renamed or linked into place. */
export const TEMPORARY_PREFIX = ".tmp-";
/** Begins the name of a file of events that could not be written, in a folder of the caller's choice. */
export const SPILL_PREFIX = "tracekeep-spill-";

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

/** What proves a log, beside its first file: the latest seal, and the leaf hash of every line, 32 bytes each. */
export function evidenceFiles(log: string): { seal: string; leaves: string } {
  const directory = path.dirname(log);
  const base = path.join(
    path.basename(directory) === ARCHIVE_DIRECTORY ? path.dirname(directory) : directory,
    path.basename(log).replace(/\.gz$/, "").replace(SEGMENT_NAME, ""),
  );
  return { seal: `${base}.seal`, leaves: `${base}.leaves` };
}

/** Where a segment may lie once it is archived. @example archivedPaths("a.jsonl")[0] // "archive/a.0000.jsonl.gz" */
export function archivedPaths(segment: string): string[] {
  const number = String(segmentNumber(segment)).padStart(4, "0");
  const name = path.basename(segment).replace(SEGMENT_NAME, `.${number}.jsonl`);
  return [`${name}.gz`, name].map((each) => path.join(path.dirname(segment), ARCHIVE_DIRECTORY, each));
}

/** Number of the segment that a session's log has under this name: 0 for the first, whose name has none. */
export function segmentNumber(file: string): number {
  return Number(SEGMENT_NAME.exec(file)?.[1] ?? 0);
}

/** Path of the first segment of the same log, whose name says where its evidence is. */
export function firstSegmentPath(file: string): string {
  return file.replace(SEGMENT_NAME, ".jsonl");
}

/** Path of another segment of the same log. @example segmentPath("a.jsonl", 2) // "a.0002.jsonl" */
export function segmentPath(file: string, segment: number): string {
  const number = segment === 0 ? "" : `.${String(segment).padStart(4, "0")}`;
  return file.replace(SEGMENT_NAME, `${number}.jsonl`);
}

/** Where a segment was, or would be, outside the archive. @example livePath("archive/a.0000.jsonl.gz") // "a.jsonl" */
export function livePath(file: string): string {
  const directory = path.dirname(file);
  if (path.basename(directory) !== ARCHIVE_DIRECTORY) return file;
  const name = path.basename(file, ".gz").replace(/\.0000\.jsonl$/, ".jsonl");
  return path.join(path.dirname(directory), name);
}

/** Name of a segment in the archive; there the first one has a number, too. */
export function archivedName(file: string, compressed: boolean): string {
  const stem = path.basename(file, ".jsonl");
  const numbered = /\.\d{4,9}$/.test(stem) ? stem : `${stem}.0000`;
  return `${numbered}.jsonl${compressed ? ".gz" : ""}`;
}

/** Whether a store may have a file or folder of this name: somebody may keep other things beside it. */
export function isOurName(name: string): boolean {
  return OWN_NAMES.has(name) || LOG_NAME.test(name) || name.startsWith(TEMPORARY_PREFIX);
}

// --- internal ---

const OWN_NAMES: ReadonlySet<string> = new Set([
  ARCHIVE_DIRECTORY,
  INDEX_DIRECTORY,
  KEYS_DIRECTORY,
  SPOOL_DIRECTORY,
  STAMPS_DIRECTORY,
  GITIGNORE,
  REDACTION_KEY,
  RETENTION_LOCK,
  SESSION_INDEX,
  SESSION_INDEX + LOCK_SUFFIX,
  SETTINGS_FILE,
  STORE_LOCK,
]);
/** Logs, and what lies beside them: seals, leaves, locks, unfinished lines. */
const LOG_NAME = /\.(?:jsonl(?:\.gz|\.lock|\.torn)?|seal|leaves)$/;

const SEGMENT_NAME = /(?:\.(\d{4,9}))?\.jsonl$/;
