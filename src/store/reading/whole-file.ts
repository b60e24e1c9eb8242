// How files of a store are opened for reading; and small ones (settings, states, indexes), which are read whole.

import * as fs from "node:fs";

/**
 * A link could lead anywhere, and opening a FIFO would wait for a writer that never comes. On files of a disk O_NONBLOCK
 * has no effect. (Where a system has no such flag it is undefined, which `|` takes as 0.)
 */
export const READ_FLAGS: number = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/**
 * All that is in a file, which a FIFO or a device is not: it may have no end.
 *
 * @throws the system's error; Error when it is no file
 */
export function readWholeFile(file: string): Buffer {
  const fd = fs.openSync(file, READ_FLAGS);
  try {
    if (!fs.fstatSync(fd).isFile()) throw new Error("it is no regular file");
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
