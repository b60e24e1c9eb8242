// Which files to import, and in which order.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../base/errors.ts";
import { parseTimestamp } from "../event/index.ts";
import type { JsonObject } from "../event/index.ts";
import type { Importer } from "./importer.ts";
import type { SkippedBytes } from "./report.ts";
import { readHead, readTranscript } from "./transcript.ts";

/** A file that an importer recognises. */
export interface FoundFile {
  path: string;
  importer: Importer;
  bytes: number;
  modifiedMs: number;
  /** Time of its first record that has one. */
  firstMs: number;
}

/**
 * Looks for transcripts in the given files and folders (absolute paths), a file a step. Links are not followed. A file named by the caller that is no
 * transcript is reported; in folders, what is not recognised is passed over, unless it is called as theirs are and was
 * destroyed.
 *
 * The order puts originals before their copies: by the time of the first record, then by when the file was last
 * written to, because a resumed session's file goes on where the one it copied stopped.
 *
 * @param skipped takes what was passed over and why
 * @throws TracekeepError when something named cannot be read
 */
export function* findTranscripts(
  paths: readonly string[],
  importers: readonly Importer[],
  skipped: SkippedBytes[],
): Generator<void, FoundFile[], undefined> {
  const found = new Map<string, FoundFile>();
  const names = [...new Set(importers.map(({ fileNames }) => fileNames ?? JSON_LINES))];
  for (const named of paths) {
    for (const file of filesIn(named, names)) {
      if (found.has(file)) continue;
      yield;
      const transcript = lookInto(file, importers);
      if ("importer" in transcript) found.set(file, transcript);
      else if (file === named || transcript.isLoss) {
        skipped.push({ file, from: 0, to: fs.lstatSync(file).size, reason: transcript.reason });
      }
    }
  }
  return [...found.values()].sort(
    (a, b) => a.firstMs - b.firstMs || a.modifiedMs - b.modifiedMs || (a.path < b.path ? -1 : 1),
  );
}

/** The folders of the importers that are there. */
export function defaultPaths(
  importers: readonly Importer[],
  env: Record<string, string | undefined>,
  home: string,
): string[] {
  return importers
    .flatMap((importer) => importer.defaultRoots(env, home))
    .filter((root) => fs.existsSync(root));
}

/** The file itself, or the files in a folder that have such a name, at any depth, in a stable order. @throws TracekeepError */
export function* filesIn(place: string, names: readonly RegExp[]): Generator<string, void, undefined> {
  let stat: fs.Stats;
  try {
    stat = fs.lstatSync(place);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw ioError("read", place, error);
    throw new TracekeepError("NO_FILE", `there is no file or folder ${place}`, { path: place });
  }
  if (!stat.isDirectory()) {
    yield place;
    return;
  }
  const folders = [place];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(folder)) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) folders.push(file);
      else if (entry.isFile() && names.some((name) => name.test(entry.name))) yield file;
    }
  }
}

/** The first records of a file, and whose recording it is by them. */
export function recognise(
  file: string,
  importers: readonly Importer[],
): { head: JsonObject[]; importer: Importer | undefined } {
  const head = readHead(file, LOOK_BYTES, LOOK_RECORDS);
  return { head, importer: importers.find((candidate) => candidate.recognises(file, head)) };
}

// --- internal ---

const JSON_LINES = /\.jsonl(\.zst)?$/;
/** As much of a file is looked at to tell what it is. */
const LOOK_BYTES = 256 * 1024;
const LOOK_RECORDS = 50;

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    // A session's folder may be cleaned up while its neighbours are read.
    if (systemCode(error) === "ENOENT") return [];
    throw ioError("read the folder", folder, error);
  }
}

/** Why a file cannot be imported. */
interface NoTranscript {
  reason: string;
  /** There was, or is, something in it that is missed. */
  isLoss: boolean;
}

function lookInto(file: string, importers: readonly Importer[]): FoundFile | NoTranscript {
  const stat = fs.lstatSync(file);
  if (stat.isSymbolicLink()) return no("a symbolic link, and those are never followed");
  if (!stat.isFile()) return no("not a file");
  if (file.endsWith(".zst")) return { reason: "compressed with zstd: unpack it first", isLoss: true };
  // Who writes documents truncates the file first; of lines there may be none yet.
  const isDocument = file.endsWith(".json");
  if (stat.size === 0) return { reason: "empty", isLoss: isDocument };
  const { head, importer } = recognise(file, importers);
  if (importer === undefined) {
    if (isDocument && head.length === 0 && isCutOff(file)) {
      return { reason: "cut off before anything in it can be read", isLoss: true };
    }
    const names = importers.map(({ name }) => name);
    return no(`not a transcript of ${names.join(", ").replace(/, ([^,]*)$/, " or $1")}`);
  }
  const modifiedMs = stat.mtimeMs;
  return { path: file, importer, bytes: stat.size, modifiedMs, firstMs: firstTimeOf(head) ?? modifiedMs };
}

function no(reason: string): NoTranscript {
  return { reason, isLoss: false };
}

/** Of a document without a record: whether it does not come to its end. */
function isCutOff(file: string): boolean {
  for (const item of readTranscript(file)) if (item.kind !== "record") return true;
  return false;
}

function firstTimeOf(head: readonly JsonObject[]): number | undefined {
  for (const { timestamp, ts } of head) {
    const time = timestamp ?? ts;
    const timeMs = typeof time === "string" ? parseTimestamp(time) : undefined;
    if (timeMs !== undefined) return timeMs;
  }
  return undefined;
}
