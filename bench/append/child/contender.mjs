// What a contender is, and what all of them share.

import * as fs from "node:fs";

/**
 * @typedef {object} Recorder One instance of a contender, writing into a folder of its own.
 * @property {(event: object) => void} append
 * @property {(() => Promise<unknown> | undefined)=} endOfTurn What has to be waited for before the next turn.
 * @property {() => unknown} finish Resolves when everything appended is in the file.
 * @property {() => number | Promise<number>} count How many events are in the file, looked up there after `finish`.
 */

/**
 * @typedef {object} Contender
 * @property {"draft" | "event"} takes See workload.mjs.
 * @property {boolean=} queues It takes events many times faster than it writes them, so it gets them for a shorter time.
 * @property {(directory: string) => Promise<Recorder>} open
 */

/** This contender cannot run on this machine. */
export class Skipped extends Error {}

/** Loads a package that may not have been installed or built. */
export async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    throw new Skipped(`${name} does not load: ${String(error.message).split("\n")[0]}`);
  }
}

/** Number of lines in a file, in constant memory. */
export function countLines(file) {
  const fd = fs.openSync(file, "r");
  const chunk = Buffer.allocUnsafe(1 << 20);
  let lines = 0;
  for (let read = fs.readSync(fd, chunk); read > 0; read = fs.readSync(fd, chunk)) {
    const bytes = chunk.subarray(0, read);
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  }
  fs.closeSync(fd);
  return lines;
}
