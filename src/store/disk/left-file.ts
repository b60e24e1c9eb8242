// A file that was left without being synced, because nobody had been promised more than the kernel. Whoever needs it on
// the medium later asks here: it is synced once, whoever asks, and after that has failed it is never tried again.

import { dirname } from "node:path";

import { ioError, systemCode } from "../../base/errors.ts";
import type { TracekeepError } from "../../base/errors.ts";
import type { Disk } from "./disk.ts";

type Done = (error: TracekeepError | null) => void;

export class LeftFile {
  readonly #disk: Disk;
  readonly #path: string;
  #isNameDurable: boolean;
  /** How its sync went; undefined before that is known. */
  #outcome: TracekeepError | null | undefined;
  #asking: Done[] = [];
  /** While a sync runs off the event loop, a descriptor for one on it, opened before: see open-file.ts. */
  #spareFd: number | undefined;

  constructor(disk: Disk, path: string, isNameDurable: boolean) {
    this.#disk = disk;
    this.#path = path;
    this.#isNameDurable = isNameDurable;
  }

  /** It is known to be on the medium. */
  get isSynced(): boolean {
    return this.#outcome === null;
  }

  /** Has it synced off the event loop. `done` is called at once when the outcome is known. */
  syncSoon(done: Done): void {
    if (this.#outcome !== undefined) return done(this.#outcome);
    this.#asking.push(done);
    if (this.#asking.length > 1) return;
    try {
      const fd = this.#disk.open(this.#path);
      this.#spareFd = this.#openSpare();
      this.#disk.syncSoon(fd, (error) => {
        this.#disk.close(fd);
        if (error !== null || this.#isNameDurable) this.#ended(error);
        else this.#disk.syncDirectorySoon(dirname(this.#path), (cause) => this.#ended(cause));
      });
    } catch (error) {
      this.#ended(error);
    }
  }

  /** Returns when it is on the medium. @throws TracekeepError */
  sync(): void {
    if (this.#outcome === undefined) this.#settle(this.#trySync());
    if (this.#outcome instanceof Error) throw this.#outcome;
  }

  /** A sync that was running when it was left has failed. */
  fail(error: unknown): void {
    this.#outcome = ioError("sync", this.#path, error);
  }

  // --- internal ---

  /** @returns what went wrong, or null */
  #trySync(): unknown {
    try {
      const fd = this.#spareFd ?? this.#disk.open(this.#path);
      try {
        this.#disk.sync(fd);
      } finally {
        if (fd !== this.#spareFd) this.#disk.close(fd);
      }
      if (!this.#isNameDurable) this.#disk.syncDirectory(dirname(this.#path));
      return null;
    } catch (error) {
      return error;
    }
  }

  #openSpare(): number | undefined {
    try {
      return this.#disk.open(this.#path);
    } catch {
      // No descriptors left: then a sync on the event loop opens its own, if it can.
      return undefined;
    }
  }

  #ended(error: unknown): void {
    if (this.#spareFd !== undefined) this.#disk.close(this.#spareFd);
    this.#spareFd = undefined;
    this.#settle(error);
    for (const done of this.#asking.splice(0)) done(this.#outcome ?? null);
  }

  /** What was archived meanwhile was synced there. A failure stays one, whatever is said after it. */
  #settle(error: unknown): void {
    if (this.#outcome instanceof Error) return;
    const isArchived = error !== null && systemCode(error) === "ENOENT";
    this.#outcome = error === null || isArchived ? null : ioError("sync", this.#path, error);
  }
}
