// Every file and folder name in a store. The map with explanations is in docs/architecture.md.

/** The folder of a store, looked for upwards from the current one. */
export const STORE_DIRECTORY = ".tracekeep";
/** Sealed segments. */
export const ARCHIVE_DIRECTORY = "archive";
/** What makes git leave a store alone. */
export const GITIGNORE = ".gitignore";
/** Locked while a session with an id of the caller's choice is looked up and created. Never renamed, never deleted. */
export const STORE_LOCK = "store.lock";
/** Behind a segment's name: the unfinished last line that is being moved into a RECOVERED event. */
export const TORN_SUFFIX = ".torn";
/** Begins the name of a file that is not complete yet; it is renamed or linked into place. */
export const TEMPORARY_PREFIX = ".tmp-";

export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

/** What the store says of its own life; it never rotates. */
export const LEDGER_FILE = "ledger.jsonl";
/** Locked for the moment in which a process adds to the ledger. Never renamed, never deleted. */
export const LEDGER_LOCK = "ledger.lock";

/** What proves a log, beside its first file: the latest seal, and the leaf hash of every line, 32 bytes each. */
export function evidenceFiles(log: string): { seal: string; leaves: string } {
  const base = log.replace(/\.jsonl$/, "");
  return { seal: `${base}.seal`, leaves: `${base}.leaves` };
}
