// Where the store is: named, in TRACEKEEP_DIR, or the nearest `.tracekeep` upwards that belongs to this user. A store
// of another user is never taken: its owner could read, or steer, what is recorded.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import {
  ARCHIVE_DIRECTORY,
  DIRECTORY_MODE,
  FILE_MODE,
  GITIGNORE,
  KEYS_DIRECTORY,
  LEDGER,
  SPOOL_DIRECTORY,
  STORE_DIRECTORY,
} from "../layout.ts";

export interface StorePlace {
  /** The store's folder itself. Default: `TRACEKEEP_DIR`, else the nearest `.tracekeep` upwards from `cwd`. */
  dir?: string | undefined;
  /** Where to look from. Default: the current folder. */
  cwd?: string | undefined;
  /** Environment. Default: that of the process. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The store of the user rather than of a project, `$XDG_STATE_HOME/tracekeep`: where hooks record that were installed
 * for everything the user does. Undefined without a home folder.
 */
export function userStore(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { XDG_STATE_HOME: state = "", HOME: home = "" } = env;
  // The XDG base directory specification has relative paths ignored.
  if (path.isAbsolute(state)) return path.join(state, "tracekeep");
  return path.isAbsolute(home) ? path.join(home, ".local", "state", "tracekeep") : undefined;
}

/** Where hooks record that were installed for the user: the project's store where there is one, else the user's. */
export function findOrCreateUserStore(place: StorePlace = {}): string {
  const nearest = namedStore(place) ?? nearestStore(path.resolve(place.cwd ?? process.cwd()));
  return findOrCreateStore({ ...place, dir: nearest ?? userStore(place.env ?? process.env) });
}

/**
 * The folder of an existing store: one named, the project's, or the user's own.
 *
 * @throws TracekeepError `NO_STORE`, with what to do; `BAD_STORE` when it is not a folder of this user
 */
export function findStore(place: StorePlace = {}): string {
  const named = namedStore(place);
  if (named !== undefined) {
    checkStore(named);
    if (isForeign(named)) throw noStore(named);
    return named;
  }
  const found = nearestStore(path.resolve(place.cwd ?? process.cwd()));
  if (found !== undefined) return found;
  const own = userStore(place.env ?? process.env);
  // The folder is there as soon as anything was sealed: keys are in it, too.
  if (own !== undefined && hasSigns(own)) {
    checkStore(own);
    return own;
  }
  throw new TracekeepError("NO_STORE", `no ${STORE_DIRECTORY} here or in a folder above`, {
    path: path.resolve(place.cwd ?? process.cwd()),
    hint: "name one with --dir or TRACEKEEP_DIR; recording or importing something creates one",
  });
}

/**
 * The folder of the store, created when there is none: at the root of the git work tree, else in the current folder.
 *
 * @throws TracekeepError when it cannot be created, or is not a folder of this user
 */
export function findOrCreateStore(place: StorePlace = {}): string {
  const store = namedStore(place) ?? nearestOrNewStore(path.resolve(place.cwd ?? process.cwd()));
  try {
    fs.mkdirSync(store, { recursive: true, mode: DIRECTORY_MODE });
    checkStore(store);
    const ignore = path.join(store, GITIGNORE);
    // Asked first: every hook call comes by here, and a failing call costs it ten times as much.
    if (!fs.existsSync(ignore) && !isForeign(store)) writeOnce(ignore, IGNORE_ALL);
  } catch (error) {
    throw error instanceof TracekeepError ? error : ioError("create the store", store, error);
  }
  return store;
}

// --- internal ---

const IGNORE_ALL = "*\n";
const LOG_NAME = /\.jsonl(?:\.gz)?$/;

function namedStore({ dir, cwd, env }: StorePlace): string | undefined {
  const named = dir ?? (env ?? process.env)["TRACEKEEP_DIR"];
  if (named === undefined || named === "") return undefined;
  // The current folder may have been deleted, as that of an agent's work tree is; only relative names need it.
  return path.isAbsolute(named) ? path.resolve(named) : path.resolve(cwd ?? process.cwd(), named);
}

function nearestOrNewStore(from: string): string {
  return nearestStore(from) ?? path.join(gitRoot(from) ?? from, STORE_DIRECTORY);
}

function nearestStore(from: string): string | undefined {
  for (let directory = from; ; directory = path.dirname(directory)) {
    const candidate = path.join(directory, STORE_DIRECTORY);
    const stat = fs.lstatSync(candidate, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true && isOwn(stat)) return candidate;
    if (directory === path.dirname(directory)) return undefined;
  }
}

function checkStore(store: string): void {
  let stat: fs.Stats | undefined;
  try {
    stat = fs.lstatSync(store, { throwIfNoEntry: false });
  } catch (error) {
    throw ioError("look at the store", store, error);
  }
  if (stat === undefined) throw noStore(store);
  if (stat.isSymbolicLink() || !stat.isDirectory()) {
    throw new TracekeepError(
      "BAD_STORE",
      `${store} is ${stat.isSymbolicLink() ? "a symbolic link" : "not a folder"}`,
      {
        path: store,
        hint: "name the folder itself with --dir or TRACEKEEP_DIR",
      },
    );
  }
  if (!isOwn(stat)) {
    throw new TracekeepError("BAD_STORE", `${store} belongs to another user (uid ${stat.uid})`, {
      path: store,
      hint: "use a store of your own: --dir or TRACEKEEP_DIR",
    });
  }
}

/** What shows that a folder is a store: anything that one has from the beginning, or logs, e.g. in a copy of one. */
function hasSigns(dir: string): boolean {
  if (fs.existsSync(path.join(dir, LEDGER)) || fs.existsSync(path.join(dir, SPOOL_DIRECTORY))) return true;
  if (readText(path.join(dir, GITIGNORE)) === IGNORE_ALL) return true;
  return [dir, path.join(dir, ARCHIVE_DIRECTORY)].some((each) =>
    namesIn(each).some((name) => LOG_NAME.test(name)),
  );
}

/** A folder with other things in it and no sign of a store, e.g. a project's: none of them may be hidden from git. */
function isForeign(dir: string): boolean {
  return !hasSigns(dir) && namesIn(dir).some((name) => name !== KEYS_DIRECTORY);
}

function noStore(dir: string): TracekeepError {
  const inside = path.join(dir, STORE_DIRECTORY);
  const hint = fs.existsSync(inside)
    ? `did you mean ${inside}?`
    : "recording or importing something creates one";
  return new TracekeepError("NO_STORE", `there is no store at ${dir}`, { path: dir, hint });
}

function isOwn(stat: fs.Stats): boolean {
  return process.getuid === undefined || stat.uid === process.getuid();
}

function gitRoot(from: string): string | undefined {
  for (let directory = from; ; directory = path.dirname(directory)) {
    // A work tree has a `.git` folder, a linked one a `.git` file.
    if (fs.existsSync(path.join(directory, ".git"))) return directory;
    if (directory === path.dirname(directory)) return undefined;
  }
}

function namesIn(dir: string): string[] {
  try {
    return fs.readdirSync(dir);
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function writeOnce(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text, { flag: "wx", mode: FILE_MODE });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
