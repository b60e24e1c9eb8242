// Sessions begun under an id of the caller's choice, by many processes: looking whether the id is taken, and taking it,
// are one step under the store's lock.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../base/errors.ts";
import { waitForLock } from "../store/disk/lock.ts";
import { FILE_MODE, STORE_LOCK } from "../store/layout.ts";
import type { SessionCatalog } from "../store/session/catalog.ts";

export class Creations {
  readonly #dir: string;
  readonly #catalog: SessionCatalog;
  /** Length of the lock file when this process last held it. */
  #seen = -1;

  constructor(dir: string, catalog: SessionCatalog) {
    this.#dir = dir;
    this.#catalog = catalog;
  }

  /**
   * Runs `create` for an id that must not be there.
   *
   * @throws TracekeepError `SESSION_EXISTS`
   */
  ofNew<T>(id: string, create: () => T): T {
    return this.underLock(() => {
      if (this.#catalog.find(id) === undefined) return create();
      throw new TracekeepError("SESSION_EXISTS", `there is a session "${id}" already`, {
        path: this.#dir,
        hint: "go on with it by openSession(id), or choose another id",
      });
    });
  }

  /**
   * Runs `create` under the store's lock, with a catalog that knows every session. The lock file grows by a byte for
   * each creation: while it is as long as this process left it, nobody else has created one, and looking through the
   * folder again (10 ms at 10,000 sessions) can be saved.
   */
  underLock<T>(create: () => T): T {
    const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW } = fs.constants;
    const file = path.join(this.#dir, STORE_LOCK);
    let fd: number;
    try {
      fd = fs.openSync(file, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, FILE_MODE);
    } catch (error) {
      throw ioError("open", file, error);
    }
    const isWithin = held.has(file);
    try {
      // Whoever hears of a fault in here may begin a session of its own for it: this thread would wait for itself.
      if (!isWithin) waitForLock(fd);
      held.add(file);
      const creations = fs.fstatSync(fd).size;
      if (creations !== this.#seen) this.#catalog.refresh();
      // Counted before it is done: a creation that fails costs others a look, one that is missed would cost an id.
      countCreation(fd, file);
      this.#seen = creations + 1;
      return create();
    } finally {
      if (!isWithin) held.delete(file);
      fs.closeSync(fd);
    }
  }
}

// --- internal ---

/** Locks that this thread has. */
const held = new Set<string>();

function countCreation(fd: number, file: string): void {
  try {
    fs.writeSync(fd, ".");
  } catch (error) {
    throw ioError("write to", file, error);
  }
}
