// Which file is synced next. Node runs file operations on four threads that the whole program shares, so a process with
// many sessions that synced them all at once would leave none for anybody else. Three run at a time; the others wait
// in the order in which they asked, and what is written to them meanwhile goes with their turn.

/** Syncs running at the same time, of all files together. */
const MAX_RUNNING = 3;

export interface Syncable {
  /** Begins a sync and calls `done` when it has ended, well or not. */
  beginSync(done: () => void): void;
}

const waiting = new Set<Syncable>();
let running = 0;

/** Gives a file its turn as soon as one is free. Asking again while it waits changes nothing. */
export function requestSync(file: Syncable): void {
  waiting.add(file);
  startWaiting();
}

/** Takes a file out of the queue: it was synced in another way, or is closed. */
export function withdrawSync(file: Syncable): void {
  waiting.delete(file);
}

// --- internal ---

function startWaiting(): void {
  for (const file of waiting) {
    if (running >= MAX_RUNNING) return;
    waiting.delete(file);
    running++;
    file.beginSync(() => {
      running--;
      startWaiting();
    });
  }
}
