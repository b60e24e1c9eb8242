// Exports into files. Each appears under its name when it is complete and on the medium, so whoever exports again never
// loses the earlier file to a crash half-way.

import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { SessionExport } from "./export.ts";
import type { ExportOptions, ExportReport } from "./export.ts";
import type { ExportFormat } from "./format.ts";
import type { Reader, SessionEntry } from "../read/index.ts";

/** An export, and the files it wrote. */
export interface FilesReport extends ExportReport {
  files: string[];
}

/**
 * Writes each session to a file of its own, `YYYY/MM/DD/session_<id>` under a folder, by the UTC day of the session's
 * start: a session over midnight is one file. Characters of an id that do not belong into a file's name are written as
 * `%XX`.
 *
 * @throws TypeError, RangeError; TracekeepError when something cannot be read or written
 * @example await exportFiles(openReader(), json(), "backup");
 */
export async function exportFiles(
  reader: Reader,
  format: ExportFormat,
  directory: string,
  options: ExportOptions = {},
): Promise<FilesReport> {
  // One writer a file, also for formats that could go on behind one another.
  const exported = new SessionExport(reader, { ...format, oneSession: true }, options);
  const nameOf = (session: SessionEntry): string =>
    path.join(directory, exportFileName(session, format.extension));
  return writeFiles(exported, nameOf);
}

/**
 * Writes sessions to one file.
 *
 * @throws as {@link exportFiles} does; TracekeepError `BAD_EVENT` when the format holds one session and there are several
 * @example await exportFile(openReader(), markdown(), "deploy.md", { sessions: ["deploy-42"] });
 */
export async function exportFile(
  reader: Reader,
  format: ExportFormat,
  file: string,
  options: ExportOptions = {},
): Promise<FilesReport> {
  const exported = new SessionExport(reader, format, options);
  let first: SessionEntry | undefined;
  return writeFiles(exported, (session) => {
    first ??= session;
    if (format.oneSession && session !== first) throw severalSessions(format);
    return file;
  });
}

/** Where a session goes under a folder of exports. @example "2026/01/06/session_deploy-42.json" */
export function exportFileName(
  { session_id: id, started_at: start }: SessionEntry,
  extension: string,
): string {
  // Half a character has no place in a file's name either.
  const whole = id.replaceAll(/\p{Surrogate}/gu, "\ufffd");
  const encoded = encodeURIComponent(whole).replaceAll(/[.!'()*~]/g, percent);
  // Longer names than 255 bytes do not exist.
  const isExact = whole === id && encoded.length <= MAX_NAME;
  const name = isExact ? encoded : `${encoded.slice(0, MAX_NAME)}-${digest(id)}`;
  const day = start === null ? ["undated"] : start.slice(0, 10).split("-");
  return path.join(...day, `session_${name}${extension}`);
}

// --- internal ---

const MAX_NAME = 160;

async function writeFiles(
  exported: SessionExport,
  nameOf: (session: SessionEntry) => string,
): Promise<FilesReport> {
  const files: string[] = [];
  let file: NewFile | undefined;
  try {
    for await (const { session, text } of exported) {
      const name = nameOf(session);
      if (file?.path !== name) {
        file?.complete();
        file = new NewFile(name);
        files.push(name);
      }
      file.write(text);
    }
    file?.complete();
  } catch (error) {
    file?.abandon();
    throw error;
  }
  return { ...exported.report, files };
}

/** What a format of one session a file says to several. */
function severalSessions({ name }: ExportFormat): TracekeepError {
  return new TracekeepError("BAD_EVENT", `${name} is one document a session, and there are several`, {
    hint: "name one session, or a folder for the documents",
  });
}

/** A file in the making, beside the place that it will have. */
class NewFile {
  readonly path: string;
  readonly #temporary: string;
  #fd: number | undefined;
  #waiting = "";

  constructor(file: string) {
    this.path = file;
    const folder = path.dirname(file);
    this.#temporary = path.join(folder, `.tmp-${randomBytes(8).toString("hex")}`);
    this.#do(() => {
      // What is complete takes the place of what has the name, and a device or a link would be gone.
      if (fs.lstatSync(file, { throwIfNoEntry: false })?.isFile() === false)
        throw new Error("it is there already, and no regular file");
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      // What was recorded is the user's own, as the logs are.
      this.#fd = fs.openSync(this.#temporary, "wx", 0o600);
    });
  }

  write(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length >= BUFFER_CHARACTERS) this.#flush();
  }

  complete(): void {
    this.#flush();
    this.#do(() => {
      fs.fsyncSync(this.#fd ?? -1);
      this.#close();
      fs.renameSync(this.#temporary, this.path);
      syncFolder(path.dirname(this.path));
    });
  }

  /** Leaves what is under the name as it is. */
  abandon(): void {
    this.#close();
    fs.rmSync(this.#temporary, { force: true });
  }

  // --- internal ---

  #flush(): void {
    this.#do(() => fs.writeFileSync(this.#fd ?? -1, this.#waiting));
    this.#waiting = "";
  }

  #close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #do(what: () => void): void {
    try {
      what();
    } catch (error) {
      throw ioError("write", this.path, error);
    }
  }
}

const BUFFER_CHARACTERS: number = 256 * 1024;

/** Makes a rename in it durable. */
function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function digest(id: string): string {
  return createHash("sha256").update(Buffer.from(id, "utf16le")).digest("hex").slice(0, 16);
}
