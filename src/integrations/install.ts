// Making Claude Code tell us what it does, and taking that back. The user's settings are changed as little as possible,
// the old file is kept beside them, and what is taken back is, byte for byte, what was there before.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../base/errors.ts";
import { addHooks, commandOf, removeHooks } from "./claude-settings.ts";

export interface InstallOptions {
  /** Folder of Claude Code's settings: `.claude` of a project, or the user's. */
  folder: string;
  /** What a hook runs. */
  command: string;
  /** Text of the `/audit` command. */
  auditCommand: string;
  /** Only say what would change. Default false. */
  dryRun?: boolean | undefined;
}

/** One file, before and after. Undefined: it is not there. */
export interface FileChange {
  file: string;
  before: string | undefined;
  after: string | undefined;
}

export interface Installation {
  /** Files that change; none when there was nothing to do. */
  changes: FileChange[];
  /** The old settings, kept here. */
  kept: string | undefined;
  /** What was left as it is, and why. */
  notes: string[];
}

/**
 * Puts our hooks into the settings and the `/audit` command beside them. Doing it twice changes nothing.
 *
 * @throws TracekeepError `BAD_SETTINGS` when the settings cannot be understood; nothing is changed then
 */
export function install({ folder, command, auditCommand, dryRun }: InstallOptions): Installation {
  const settings = settingsFile(folder);
  const before = readText(settings);
  const after = understood(settings, () => addHooks(before ?? "", command));
  const changes: FileChange[] = before === after ? [] : [{ file: settings, before, after }];
  const notes: string[] = [];
  const audit = auditFile(folder);
  const present = readText(audit);
  if (present === undefined) changes.push({ file: audit, before: undefined, after: auditCommand });
  else if (present !== auditCommand) notes.push(`${audit} is there already, and is left as it is`);
  if (dryRun === true) return { changes, kept: undefined, notes };
  const kept = before === after ? undefined : keepOld(settings, before);
  for (const { file, after: text } of changes) if (text !== undefined) writeText(file, text);
  return { changes, kept, notes };
}

/**
 * Takes our hooks out again. Settings that nobody changed since become, byte for byte, what they were; in others, only
 * what is ours is taken out.
 *
 * @throws TracekeepError `BAD_SETTINGS` when the settings cannot be understood; nothing is changed then
 */
export function uninstall({ folder, auditCommand, dryRun }: Omit<InstallOptions, "command">): Installation {
  const settings = settingsFile(folder);
  const before = readText(settings);
  const changes: FileChange[] = [];
  const command = before === undefined ? undefined : understood(settings, () => commandOf(before));
  if (before !== undefined && command !== undefined) {
    const old = readText(keptFile(settings));
    const isUntouched = attempt(() => addHooks(old ?? "", command)) === before;
    const after = isUntouched ? old : understood(settings, () => removeHooks(before));
    changes.push({ file: settings, before, after });
  }
  const audit = auditFile(folder);
  const notes: string[] = [];
  const present = readText(audit);
  if (present === auditCommand) changes.push({ file: audit, before: present, after: undefined });
  else if (present !== undefined) notes.push(`${audit} is not as it was installed, and is left as it is`);
  if (dryRun === true) return { changes, kept: undefined, notes };
  for (const { file, after } of changes) {
    if (after === undefined) remove(file);
    else writeText(file, after);
  }
  if (changes.some(({ file }) => file === settings)) remove(keptFile(settings));
  if (changes.length > 0) for (const made of [path.dirname(audit), folder]) removeEmpty(made);
  return { changes, kept: undefined, notes };
}

// --- internal ---

/** A dotfile may be a link to where its owner keeps them; then that is the file. */
function settingsFile(folder: string): string {
  const file = path.join(folder, "settings.json");
  try {
    return fs.realpathSync(file);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return file;
    throw ioError("read", file, error);
  }
}

function keptFile(settings: string): string {
  return `${settings}.before-tracekeep`;
}

function auditFile(folder: string): string {
  return path.join(folder, "commands", "audit.md");
}

/** Keeps the settings from before our first change; later ones have our hooks in them. */
function keepOld(settings: string, before: string | undefined): string | undefined {
  const kept = keptFile(settings);
  if (before === undefined) {
    remove(kept);
    return undefined;
  }
  const command = commandOf(before);
  const old = readText(kept);
  if (command !== undefined && attempt(() => addHooks(old ?? "", command)) === before) {
    return old === undefined ? undefined : kept;
  }
  writeText(kept, command === undefined ? before : removeHooks(before), modeOf(settings));
  return kept;
}

/** Text as it is: what is no valid UTF-8 would not come back the same, so it is refused. */
function readText(file: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError("read", file, error);
  }
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) throw badSettings(file, "it is not valid UTF-8");
  return text;
}

function understood<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) throw badSettings(file, error.message);
    throw error;
  }
}

function attempt(make: () => string): string | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function badSettings(file: string, why: string): TracekeepError {
  return new TracekeepError("BAD_SETTINGS", `${file} cannot be changed: ${why}`, {
    path: file,
    hint: "nothing was changed; mend the file, then try again",
  });
}

function modeOf(file: string): number {
  return (fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
}

/** In place when it is complete, so that no other program ever reads half of it. */
function writeText(file: string, text: string, mode: number = modeOf(file)): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(temporary, text, { mode, flush: true });
    fs.renameSync(temporary, file);
  } catch (error) {
    throw ioError("write", file, error);
  }
}

function remove(file: string): void {
  fs.rmSync(file, { force: true });
}

/** A folder in which nothing is left. */
function removeEmpty(folder: string): void {
  try {
    fs.rmdirSync(folder);
  } catch {
    // Something is in it, or it is none.
  }
}
