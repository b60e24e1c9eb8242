// Figures of this process.

import * as fs from "node:fs";

const MOST_PER_MS = 4000;

/** Times of single calls. The memory they take grows with their number, and is the same for every contender. */
export class Times {
  #ns;
  #count = 0;

  /** @param {number} forMs how long calls will be timed */
  constructor(forMs) {
    this.#ns = new Float32Array(Math.ceil(forMs * MOST_PER_MS));
  }

  get count() {
    return this.#count;
  }

  add(ms) {
    this.#ns[this.#count++] = ms * 1e6;
  }

  /** @param {number[]} shares e.g. 0.5 and 0.999; returns nanoseconds */
  percentiles(...shares) {
    const sorted = this.#ns.subarray(0, this.#count).toSorted();
    return shares.map(
      (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN,
    );
  }
}

/** Runs `action` and says how long it took and how much processor time, all threads of the process together. */
export async function timed(action) {
  const before = process.cpuUsage();
  const startMs = performance.now();
  const value = await action();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { value, seconds, cpuUs: user + system };
}

/** Resident memory in MB, now and at most. */
export function memoryMb() {
  // process.resourceUsage().maxRSS would be that of the parent when it was larger: Linux hands it on through exec.
  const status = fs.existsSync("/proc/self/status") ? fs.readFileSync("/proc/self/status", "utf8") : "";
  const kilobytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? NaN);
  return { now: kilobytes("VmRSS") / 1000, peak: kilobytes("VmHWM") / 1000 };
}
