// Async write, flush and close around a bounded queue. Sinks can be used without a recorder, too: they take any event
// and its line, for example to copy a log elsewhere.

import { readFile, writeFile } from "node:fs/promises";

import type { Event } from "tracekeep";
import { encodeEvent } from "tracekeep/format";
import { asyncBufferedSink, asyncJsonlSink } from "tracekeep/sinks";
import { testEvents } from "tracekeep/testing";

await writeFile(
  "source.jsonl",
  testEvents(5)
    .map(({ line }) => line)
    .join(""),
);

{
  await using sink = asyncBufferedSink(asyncJsonlSink("events.jsonl"));
  for (const line of (await readFile("source.jsonl", "utf8")).trimEnd().split("\n")) {
    const event = JSON.parse(line) as Event;
    await sink.write(event, encodeEvent(event));
  }
  await sink.flush();
  console.log(`${sink.deliveredEvents} delivered`);
}

console.log((await readFile("events.jsonl", "utf8")) === (await readFile("source.jsonl", "utf8")));
