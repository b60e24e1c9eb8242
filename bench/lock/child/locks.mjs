// Ways to let one process at a time into a critical section. Each gets a function that has to be run inside.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import { promisify } from "node:util";

/** From the benchmark's own package, which may not be installed. */
const load = async (name) => (await import(name)).default;

/** @type {Record<string, (file: string) => Promise<(inside: () => void) => Promise<void>>>} */
export const LOCKS = {
  "Tracekeep withFileLock": async (file) => {
    const { withFileLock } = await import("../../../dist/index.js");
    return (inside) => withFileLock(file, inside, { timeoutMs: 60_000 });
  },
  // The kernel keeps the queue; each waiter takes one of the process's four file threads, and cannot give up.
  "flock by fs-ext": async (file) => {
    const fsExt = await load("fs-ext");
    const flock = promisify(fsExt.flock);
    return async (inside) => {
      const fd = fs.openSync(file, "a+");
      await flock(fd, "ex");
      try {
        inside();
      } finally {
        fs.closeSync(fd);
      }
    };
  },
  // As a shell script does it: a process for each time. What is inside is done by that process's end.
  "flock(1)": async (file) => async (inside) => {
    await promisify(execFile)("flock", [file, "true"]);
    inside();
  },
  "proper-lockfile": async (file) => {
    const lockfile = await load("proper-lockfile");
    fs.closeSync(fs.openSync(file, "a"));
    return async (inside) => {
      // Its own default is not to wait at all; this looks again after 1 to 20 ms, for as long as it takes.
      const retries = { forever: true, minTimeout: 1, maxTimeout: 20, randomize: true };
      const release = await lockfile.lock(file, { retries });
      try {
        inside();
      } finally {
        await release();
      }
    };
  },
};
