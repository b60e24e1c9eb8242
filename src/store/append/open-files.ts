// The files of this process that are open for appending: whoever handles the end of the process writes them out, a read
// sees what was logged before it, and one whose name has been deleted is noticed.

import { dirname } from "node:path";

/** What these three need of a file. */
export interface Flushable {
  readonly path: string;
  /** Hands the kernel what is buffered. */
  flush: () => void;
  /** The same, and to the medium what was promised to be there. */
  settle: () => void;
  /** Bytes in the file, and looking whether it still has a name; absent where whoever writes looks by itself. */
  readonly writtenBytes?: number;
  checkPresence?: () => void;
}

/** Asked of a file that has been written to since: a system call, which is too much for each write. */
const CHECK_PRESENCE_EVERY_MS = 1_000;

/** By file: how long it was when it was last looked for. */
const checkedBytes = new Map<Flushable, number | undefined>();
let timer: NodeJS.Timeout | undefined;

/** Every file that is open for appending. */
export function openFiles(): Iterable<Flushable> {
  return checkedBytes.keys();
}

export function addOpenFile(file: Flushable): void {
  checkedBytes.set(file, file.writtenBytes);
  timer ??= setInterval(checkPresences, CHECK_PRESENCE_EVERY_MS).unref();
}

export function removeOpenFile(file: Flushable): void {
  checkedBytes.delete(file);
  if (checkedBytes.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** Hands the kernel what files of a folder have buffered, so that a read in this process sees what was logged. */
export function flushOpenFiles(directory: string): void {
  for (const file of openFiles()) {
    if (dirname(file.path) !== directory) continue;
    try {
      file.flush();
    } catch {
      // The fault has been told to onFault and will be said in the log; it is no error of the reader's.
    }
  }
}

// --- internal ---

function checkPresences(): void {
  for (const [file, bytes] of checkedBytes) {
    if (file.writtenBytes === bytes) continue;
    checkedBytes.set(file, file.writtenBytes);
    file.checkPresence?.();
  }
}
