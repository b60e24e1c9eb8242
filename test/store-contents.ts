// What a store holds, for tests that compare stores: read by hand, line by line, not by the code under test.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import type { Event } from "../src/event/index.ts";

/** The events of every session of a store, by session id. */
export function eventsIn(dir: string): Map<string, Event[]> {
  const sessions = new Map<string, Event[]>();
  for (const name of readdirSync(dir).filter(
    (file) => file.startsWith("session_") && file.endsWith(".jsonl"),
  )) {
    const lines = readFileSync(path.join(dir, name), "utf8").split("\n").slice(0, -1);
    const events = lines.map((line): Event => JSON.parse(line));
    const id = events[0]?.session_id ?? name;
    sessions.set(id, [...(sessions.get(id) ?? []), ...events]);
  }
  for (const [id, events] of sessions) {
    // The files of one log come in any order here; their numbers say which.
    events.sort((left, right) => left.seq - right.seq);
    events.forEach(({ seq }, index) => {
      if (seq !== index) throw new Error(`session ${id}: event ${index} has number ${seq}`);
    });
  }
  return sessions;
}

/**
 * What was imported, without what differs from run to run: ids, salts, numbers, the recorder's own events, and times
 * that were inferred. By session id; two stores with equal contents hold the same recordings.
 */
export function importedIn(dir: string): Map<string, object[]> {
  const contents = new Map<string, object[]>();
  for (const [id, events] of eventsIn(dir)) {
    const imported = events.filter(({ source }) => source !== undefined);
    contents.set(
      id,
      imported.map(({ id: _id, salt: _salt, seq: _seq, timestamp, ...event }) =>
        event.time_inferred === true ? event : { timestamp, ...event },
      ),
    );
  }
  return new Map([...contents].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
