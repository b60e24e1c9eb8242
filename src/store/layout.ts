// Every file and folder name in a store. The map with explanations is in docs/architecture.md.

/** The folder of a store, looked for upwards from the current one. */
export const STORE_DIRECTORY = ".tracekeep";
/** Sealed segments. */
export const ARCHIVE_DIRECTORY = "archive";
/** What is derived from the logs; it may be deleted at any time. */
export const INDEX_DIRECTORY = "index";
/** In it: what each session adds up to, a line each. */
export const SUMMARIES_FILE = "summaries.jsonl";
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
