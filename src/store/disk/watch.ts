// Notices that something changed in a folder. The kernel tells it within a millisecond (inotify); because it does not
// tell everything everywhere (network file systems, exhausted limits), the folder is also looked at now and then.

import * as fs from "node:fs";

/** How often to look when the kernel tells changes, and when it does not. */
const SAFETY_INTERVAL_MS = 1_000;
const POLL_INTERVAL_MS = 100;

export class FolderWatch {
  readonly #dir: string;
  readonly #onChange: (name: string | undefined) => void;
  #watcher: fs.FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Keeps the process alive until it is closed: somebody waits.
   *
   * @param onChange called with the name of the file that changed; with undefined when any of them may have
   */
  constructor(dir: string, onChange: (name: string | undefined) => void) {
    this.#dir = dir;
    this.#onChange = onChange;
    this.#watch();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  // --- internal ---

  #watch(): void {
    try {
      this.#watcher = fs.watch(this.#dir, (_, name) => this.#onChange(name ?? undefined));
      this.#watcher.on("error", () => this.#poll());
      this.#every(SAFETY_INTERVAL_MS);
    } catch {
      // No more watches to be had (`fs.inotify.max_user_watches`), or a file system without them.
      this.#poll();
    }
  }

  #poll(): void {
    this.close();
    this.#every(POLL_INTERVAL_MS);
  }

  #every(intervalMs: number): void {
    this.#timer = setInterval(() => this.#onChange(undefined), intervalMs);
  }
}
