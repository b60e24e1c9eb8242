// The files of this process that may hold lines which are not written yet.

import { dirname } from "node:path";

export interface UnwrittenLines {
  readonly path: string;
  /** Hands the kernel what can be handed over without waiting for anybody. @throws TracekeepError */
  flush(): void;
  /** Hands over everything, to the medium where more than `os` was promised. @throws TracekeepError */
  settle(): void;
}

/** Whoever handles the end of the process settles them. */
export const openFiles: Set<UnwrittenLines> = new Set();

/** Hands the kernel what files of a folder have buffered, so that a read in this process sees what was logged. */
export function flushOpenFiles(directory: string): void {
  for (const file of openFiles) {
    if (dirname(file.path) !== directory) continue;
    try {
      file.flush();
    } catch {
      // The loss has been told to onFault and will be said by a GAP event; it is no error of the reader's.
    }
  }
}
