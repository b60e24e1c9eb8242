// A store keeps the log. Sinks beside it get each event once the log has it, as the very bytes.

import { readFile } from "node:fs/promises";

import { openStore } from "tracekeep";
import { asyncBufferedSink, asyncJsonlSink, memorySink } from "tracekeep/sinks";

const latest = memorySink({ maxEvents: 100 });
await using copy = asyncBufferedSink(asyncJsonlSink("copy.jsonl"));
const store = openStore({ dir: ".tracekeep", sinks: [latest, copy] });
const session = store.startSession({ agent: "reviewer" });
session.toolCall("bash", { command: "npm test" }).result({ exit_code: 0 });
session.end();

console.log(latest.events.map(({ event }) => event));
await copy.flush();
console.log((await readFile("copy.jsonl", "utf8")) === (await readFile(session.file, "utf8")));
