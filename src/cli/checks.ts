// What `doctor` looks at. Every check only reads.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import { tryLock } from "../store/disk/lock.ts";
import { leftTemporaryFiles } from "../store/disk/temporary-file.ts";
import { DIRECTORY_MODE, FILE_MODE, GITIGNORE, LEDGER, TORN_SUFFIX } from "../store/layout.ts";
import { policyName } from "../store/lifecycle/policy.ts";
import { readSettings } from "../store/lifecycle/settings.ts";
import { lastRunMs } from "../store/lifecycle/trusted-clock.ts";
import { readLastLine } from "../store/reading/line-reader.ts";
import { SessionCatalog } from "../store/session/catalog.ts";
import { findStore } from "../store/session/find.ts";
import type { StorePlace } from "../store/session/find.ts";

export interface Check {
  name: string;
  ok: boolean;
  about: string;
  /** What to do about it. */
  hint?: string;
}

/** Below this much free space a session may soon be refused. */
const LOW_SPACE_BYTES: number = 256 * 1024 * 1024;

/** File systems on which locks or syncs promise less: `f_type` of statfs(2). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE"],
]);

export function runChecks(place: StorePlace): Check[] {
  const checks = [checkNode(), checkPlatform()];
  let store: string;
  try {
    store = findStore(place);
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    return [...checks, { name: "store", ok: false, about: error.message, ...hint }];
  }
  const catalog = new SessionCatalog(store).refresh();
  return [
    ...checks,
    { name: "store", ok: true, about: `${store}, ${catalog.sessions.size} session logs` },
    checkModes(store),
    checkLocks(store),
    checkFileSystem(store),
    checkSpace(store),
    checkLeftovers(store),
    ...checkLogs(catalog),
    checkRetention(store),
    { name: "redaction", ok: true, about: "on for everything that is recorded or imported" },
  ];
}

// --- internal ---

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    name: "node",
    ok,
    about: process.version,
    ...(ok ? {} : { hint: "tracekeep needs Node 20.19 or newer" }),
  };
}

function checkPlatform(): Check {
  const ok = process.platform === "linux" || process.platform === "darwin";
  const about = `${process.platform} ${process.arch}`;
  return { name: "platform", ok, about, ...(ok ? {} : { hint: "reading works here, writing does not" }) };
}

function checkRetention(store: string): Check {
  const name = "retention";
  try {
    const { retention, legal_hold: held } = readSettings(store);
    const policy = policyName(retention);
    const hold =
      held === true
        ? ", all of it under legal hold"
        : held.length > 0
          ? `, ${held.length} sessions under legal hold`
          : "";
    if (policy === "keep") return { name, ok: true, about: `everything is kept: no policy is chosen${hold}` };
    const { rotation_schedule: schedule } = retention;
    const lastMs = lastRunMs(path.join(store, LEDGER));
    const last =
      lastMs === undefined ? "not enforced yet" : `last enforced ${new Date(lastMs).toISOString()}`;
    return { name, ok: true, about: `policy ${policy}, ${schedule}, ${last}${hold}` };
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return { name, ok: false, about: error.message, hint: error.hint ?? "" };
  }
}

function checkModes(store: string): Check {
  const wrong = wrongModes(store);
  const [first] = wrong;
  if (first === undefined) return { name: "permissions", ok: true, about: "only you can use the store" };
  return {
    name: "permissions",
    ok: false,
    about: `${wrong.length} of its files can be reached by others, or not by you, e.g. ${first.file}`,
    hint: first.isOurs ? "tracekeep doctor --fix" : `sudo chown -R "$(id -un)" '${store}'`,
  };
}

/** Gives what is this user's in the store the mode that it should have. */
export function fixModes(store: string): void {
  wrongModes(store, ({ file, isOurs, mode }) => {
    if (isOurs) fs.chmodSync(file, mode);
  });
}

interface WrongMode {
  file: string;
  isOurs: boolean;
  /** What it should be. */
  mode: number;
}

/** Files of the store that others can reach, or that their owner cannot read and write. Links are left alone. */
function wrongModes(store: string, onWrong?: (file: WrongMode) => void): WrongMode[] {
  const wrong: WrongMode[] = [];
  const look = (file: string): void => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined || (!stat.isFile() && !stat.isDirectory())) return;
    const mode = stat.isDirectory() ? DIRECTORY_MODE : FILE_MODE;
    const isOurs = process.getuid === undefined || stat.uid === process.getuid();
    // Some files may not be written to on purpose, e.g. what is archived.
    const needed = stat.isDirectory() ? DIRECTORY_MODE : 0o400;
    if (!isOurs || (stat.mode & 0o077) !== 0 || (stat.mode & needed) !== needed) {
      wrong.push({ file, isOurs, mode });
      onWrong?.({ file, isOurs, mode });
    }
    if (!stat.isDirectory()) return;
    try {
      for (const name of fs.readdirSync(file)) look(path.join(file, name));
    } catch {
      // It is among the wrong ones then.
    }
  };
  look(store);
  return wrong;
}

function checkLocks(store: string): Check {
  // Nobody else ever locks this file, so trying it disturbs no writer.
  const file = path.join(store, GITIGNORE);
  if (!fs.existsSync(file)) return { name: "locks", ok: true, about: "not tried" };
  const fd = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW);
  try {
    tryLock(fd);
    return { name: "locks", ok: true, about: "the file system takes locks" };
  } catch (error) {
    const about = error instanceof Error ? error.message : String(error);
    return { name: "locks", ok: false, about, hint: "keep the store on a local file system" };
  } finally {
    fs.closeSync(fd);
  }
}

function checkFileSystem(store: string): Check {
  const network = NETWORK_FILE_SYSTEMS.get(fs.statfsSync(store).type);
  if (network === undefined) return { name: "file system", ok: true, about: "local" };
  return {
    name: "file system",
    ok: false,
    about: `${network}: a sync may promise less than it says, and locks may not reach other machines`,
    hint: "keep the store on a local disk and copy it from there",
  };
}

function checkSpace(store: string): Check {
  const { bavail, bsize } = fs.statfsSync(store);
  const freeBytes = bavail * bsize;
  const about = `${Math.floor(freeBytes / 1024 / 1024).toLocaleString("en")} MiB free`;
  const ok = freeBytes >= LOW_SPACE_BYTES;
  return {
    name: "disk space",
    ok,
    about,
    ...(ok ? {} : { hint: "events are refused when the disk is full: free some space" }),
  };
}

function checkLeftovers(store: string): Check {
  const name = "leftovers";
  const left = leftTemporaryFiles(store);
  const [first] = left;
  if (first === undefined) return { name, ok: true, about: "none" };
  const files = left.length === 1 ? "an unfinished file" : `${left.length} unfinished files`;
  return {
    name,
    ok: false,
    about: `${files} of writers that died, e.g. ${first}; nothing in them is not elsewhere`,
    hint: "tracekeep doctor --fix",
  };
}

function checkLogs(catalog: SessionCatalog): Check[] {
  const checks: Check[] = catalog.skipped.map(({ file, reason }) => ({
    name: "session log",
    ok: false,
    about: `${file}: ${reason}`,
    hint: "it is left as it is and not read; move it elsewhere if it does not belong here",
  }));
  for (const [sessionId, files] of catalog.sessions) {
    // Only the last one is written to; what stands at the ends of the others is for readers to tell.
    const last = files.at(-1);
    if (last === undefined || last.archived) continue;
    const { path: file } = last;
    if (readLastLine(file).tailBytes === 0 && !fs.existsSync(file + TORN_SUFFIX)) continue;
    checks.push({
      name: "session log",
      ok: false,
      about: `${file} ends in an unfinished line: its writer is just writing, or died`,
      hint: `the next writer heals it: tracekeep append --session '${sessionId}' < /dev/null`,
    });
  }
  return checks;
}
