// The journal of the session index: whoever closes or changes a session adds a line of what it adds up to, and whoever
// folds the index takes them all into a snapshot. A line that is lost costs a read and changes no answer.

import * as fs from "node:fs";
import path from "node:path";

import { systemCode } from "../../base/errors.ts";
import { readIndexFile } from "../disk/index-file.ts";
import { DIRECTORY_MODE, FILE_MODE, INDEX_DIRECTORY, INDEX_JOURNAL, INDEX_SNAPSHOT } from "../layout.ts";

/** The lines of it, oldest first; none when there is no journal, or when it cannot be read. */
export function readJournal(dir: string): string[] {
  return readIndexFile(dir, INDEX_JOURNAL)?.toString("utf8").split("\n").slice(0, -1) ?? [];
}

/** Empties the journal: what is in it is in the snapshot. Lines added in this very moment are lost. */
export function emptyJournal(dir: string): void {
  try {
    // Those who add to it have it open, and go on at its beginning.
    const { O_WRONLY, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    const flags = O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK;
    fs.closeSync(fs.openSync(path.join(dir, INDEX_DIRECTORY, INDEX_JOURNAL), flags));
  } catch {
    // There is none.
  }
}

/** Every session is looked at again until the index is folded. */
export function removeSnapshot(dir: string): void {
  try {
    fs.unlinkSync(path.join(dir, INDEX_DIRECTORY, INDEX_SNAPSHOT));
  } catch {
    // There is none; or nothing can be done here, and then nothing can be recorded either.
  }
}

/** Adds lines. It keeps the file open between them, so that a line costs about 3 µs however many there are. */
export class IndexJournal {
  readonly #file: string;
  #fd: number | undefined;
  #checkedMs = -Infinity;

  /** @param dir the store's folder; nothing is opened before the first line */
  constructor(dir: string) {
    this.#file = path.join(dir, INDEX_DIRECTORY, INDEX_JOURNAL);
  }

  /**
   * @param line with its `\n`
   * @throws what `fs` throws: the index is what it was, and no answer is wrong
   */
  append(line: string): void {
    if (this.#fd !== undefined) this.#checkName(this.#fd);
    this.#fd ??= this.#open();
    fs.writeSync(this.#fd, line);
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  // --- internal ---

  /** Whoever deletes an index has a new journal soon; looking for that at each line would be half of what a line costs. */
  #checkName(fd: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs < CHECK_INTERVAL_MS) return;
    this.#checkedMs = nowMs;
    if (fs.fstatSync(fd).nlink === 0) this.close();
  }

  #open(): number {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
    const open = (): number => fs.openSync(this.#file, flags, FILE_MODE);
    try {
      return open();
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      // Not the store's folder itself: it may have been taken away.
      fs.mkdirSync(path.dirname(this.#file), { mode: DIRECTORY_MODE });
      return open();
    }
  }
}

// --- internal ---

const CHECK_INTERVAL_MS = 1_000;
