// The secrets in one file, compressed or not, or in what comes in: JSON Lines are looked at value by value, anything else as text. In constant
// memory.

import * as fs from "node:fs";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import type { JsonObject, JsonValue } from "../event/index.ts";
import type { Redactor } from "../redact/index.ts";
import { LineCursor } from "../store/reading/line-reader.ts";
import { stdinLines } from "./stdin.ts";

export interface Finding {
  file: string;
  /** From 1: where it begins. */
  line: number;
  kind: string;
  fingerprint: string;
}

/** The files below paths, in order: everything but links, keys and what is no file. */
export function* scannedFiles(paths: readonly string[], cwd: string): Generator<string, void, undefined> {
  for (const given of paths) {
    const file = path.resolve(cwd, given);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      const names = fs.readdirSync(file).sort();
      yield* scannedFiles(
        names.filter((name) => !SKIPPED.has(name)),
        file,
      );
    } else if (stat === undefined || stat.isFile()) {
      yield file;
    }
  }
}

/** @throws TracekeepError when it cannot be read, or not to its end; the signal's reason */
export function* scanFile(
  file: string,
  redactor: Redactor,
  signal: AbortSignal,
): Generator<Finding, void, undefined> {
  const scan = new LineScan(file, redactor);
  const lines = new LineCursor(file);
  try {
    while (lines.next()) {
      signal.throwIfAborted();
      // A line over 64 MiB is no text that anybody wrote.
      if (lines.tooLong) continue;
      yield* scan.add(lines.bytes.toString("utf8").replace(/\n$/, ""), lines.line);
    }
    yield* scan.end();
    const [damage] = lines.damage;
    if (damage !== undefined)
      throw new TracekeepError(
        "IO",
        `${file}: from byte ${damage.from} on it could not be read: ${damage.reason}`,
        {
          path: file,
          offset: damage.from,
        },
      );
  } finally {
    lines.close();
  }
}

/** The same of standard input, which is called `-`. */
export async function* scanInput(
  stdin: NodeJS.ReadableStream,
  redactor: Redactor,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, undefined> {
  const scan = new LineScan("-", redactor);
  for await (const { text, line } of stdinLines(stdin, signal)) yield* scan.add(text, line);
  signal.throwIfAborted();
  yield* scan.end();
}

// --- internal ---

const SKIPPED: ReadonlySet<string> = new Set(["node_modules", ".git", "redaction.key"]);

/** Longest stretch of text in which one secret may reach over several lines. */
const WINDOW_CHARACTERS: number = 256 * 1024;
/** Kind and fingerprint of each secret in a line of JSON, as redaction would mark it; undefined for any other text. */
function marksOfRecord(content: string, redactor: Redactor): [string, string][] | undefined {
  if (!content.startsWith("{") && !content.startsWith("[")) return undefined;
  try {
    const value: JsonValue = JSON.parse(content);
    return typeof value === "object" && value !== null ? newMarks(value, redactor) : undefined;
  } catch {
    // No JSON, or nested so deep that nothing can walk it.
    return undefined;
  }
}

function newMarks(record: JsonObject | JsonValue[], redactor: Redactor): [string, string][] {
  const body: JsonObject = Array.isArray(record) ? { record } : record;
  if (redactor.isClean(body)) return [];
  const known = new Map<string, number>();
  for (const mark of marksIn(JSON.stringify(body))) known.set(mark, (known.get(mark) ?? 0) + 1);
  const made = marksIn(JSON.stringify(redactor.redact(body))).filter((mark) => {
    const before = known.get(mark) ?? 0;
    if (before > 0) known.set(mark, before - 1);
    return before === 0;
  });
  return made.map((mark) => mark.split(":") as [string, string]);
}

/** `kind:fingerprint` of each mark. */
function marksIn(json: string): string[] {
  return Array.from(json.matchAll(/\[REDACTED:([a-z0-9-]{1,64}:[0-9a-f]{8})\]/g), ([, mark = ""]) => mark);
}

/** Lines of one file: records are looked at by themselves, text with what stands around it. */
class LineScan {
  readonly #file: string;
  readonly #redactor: Redactor;
  readonly #text: TextWindow;

  constructor(file: string, redactor: Redactor) {
    this.#file = file;
    this.#redactor = redactor;
    this.#text = new TextWindow(file, redactor);
  }

  *add(content: string, line: number): Generator<Finding, void, undefined> {
    const marks = marksOfRecord(content, this.#redactor);
    if (marks === undefined) {
      yield* this.#text.add(content, line);
      return;
    }
    yield* this.#text.end();
    for (const [kind, fingerprint] of marks) yield { file: this.#file, line, kind, fingerprint };
  }

  end(): Generator<Finding, void, undefined> {
    return this.#text.end();
  }
}

/** Lines of text, gathered because a private key stands on several. */
class TextWindow {
  readonly #file: string;
  readonly #redactor: Redactor;
  #text = "";
  #firstLine = 0;

  constructor(file: string, redactor: Redactor) {
    this.#file = file;
    this.#redactor = redactor;
  }

  *add(content: string, line: number): Generator<Finding, void, undefined> {
    if (this.#text === "") this.#firstLine = line;
    this.#text += `${content}\n`;
    if (this.#text.length < WINDOW_CHARACTERS) return;
    // What begins in the second half may go on behind it, and is looked at again with what follows.
    const cut = this.#text.lastIndexOf("\n", WINDOW_CHARACTERS / 2) + 1 || this.#text.length;
    const rest = this.#text.slice(cut);
    const lines = this.#text.slice(0, cut).split("\n").length - 1;
    yield* this.#findings(cut);
    this.#text = rest;
    this.#firstLine += lines;
  }

  *end(): Generator<Finding, void, undefined> {
    yield* this.#findings(this.#text.length);
    this.#text = "";
  }

  /** Of the secrets that begin before `end`. */
  *#findings(end: number): Generator<Finding, void, undefined> {
    let line = this.#firstLine;
    let counted = 0;
    for (const { rule: kind, start, end: secretEnd } of this.#redactor.find(this.#text)) {
      if (start >= end) return;
      line += this.#text.slice(counted, start).split("\n").length - 1;
      counted = start;
      const fingerprint = this.#redactor.fingerprint(this.#text.slice(start, secretEnd));
      yield { file: this.#file, line, kind, fingerprint };
    }
  }
}
