import type { Clock } from "../base/clock.ts";
import { parseTimestamp } from "../event/index.ts";

/** A clock that stands still until it is told to move. */
export interface FixedClock extends Clock {
  /** Time passes: both clocks go on by so many milliseconds. */
  advance(ms: number): void;
  /** Somebody sets the wall clock, forwards or back; no time passes. */
  setWall(timestamp: string): void;
}

/**
 * @param timestamp the time it shows, RFC 3339 with an offset
 * @throws RangeError when that is none
 * @example
 * const clock = fixedClock("2026-01-06T22:00:00Z");
 * const recorder = createRecorder({ sink: memorySink(), clock });
 * clock.advance(250);
 */
export function fixedClock(timestamp = "2026-01-06T22:00:00.000Z"): FixedClock {
  let wallMs = instant(timestamp);
  let monotonicMs = 0;
  return {
    wallMs: () => wallMs,
    monotonicMs: () => monotonicMs,
    advance: (ms) => {
      wallMs += ms;
      monotonicMs += ms;
    },
    setWall: (to) => {
      wallMs = instant(to);
    },
  };
}

// --- internal ---

function instant(timestamp: string): number {
  const timeMs = parseTimestamp(timestamp);
  if (timeMs === undefined) throw new RangeError(`fixedClock: not RFC 3339 with an offset: ${timestamp}`);
  return timeMs;
}
