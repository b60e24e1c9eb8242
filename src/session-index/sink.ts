// Keeps the index up to date as a store is written, at Sentinel's moments: start, every so many events, anomaly, end.

import { checkOptionNames, integerOption } from "../base/options.ts";
import { SessionIndexer } from "../read/index.ts";
import type { Sink } from "../sinks/sink.ts";

export interface SessionIndexSinkOptions {
  /** A session is looked at again after so many events, from 1. Default 50. */
  everyEvents?: number | undefined;
}

/**
 * A sink for `openStore({ sinks })`: each update reads what was added to the session and appends one line to the index,
 * however many sessions there are.
 *
 * @param dir the store's folder
 * @example const store = openStore({ dir, sinks: [sessionIndexSink(dir)] });
 */
export function sessionIndexSink(dir: string, options: SessionIndexSinkOptions = {}): Sink {
  checkOptionNames("sessionIndexSink", options, ["everyEvents"]);
  const bounds = { min: 1, max: 1_000_000, default: 50 };
  const every = integerOption("sessionIndexSink", "everyEvents", options.everyEvents, bounds);
  const indexer = new SessionIndexer(dir);
  const since = new Map<string, number>();
  return {
    write: (event) => {
      const { event: type, session_id: id } = event;
      const count = (since.get(id) ?? 0) + 1;
      const isDue = count >= every || MOMENTS.has(type);
      since.set(id, isDue ? 0 : count);
      if (isDue) indexer.update(id, type === "START" ? event : undefined);
      if (type !== "END") return;
      indexer.forget(id);
      since.delete(id);
    },
  };
}

// --- internal ---

const MOMENTS: ReadonlySet<string> = new Set(["START", "RESUMED", "ANOMALY_DETECTED", "END"]);
