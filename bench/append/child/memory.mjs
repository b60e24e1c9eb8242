// A long session at "os", 100 events a turn, and the memory of the process while it goes on: a process of its own,
// started by memory.ts.
//
//   node memory.mjs '{"events":10000000,"directory":"…"}'

import path from "node:path";

import { memoryMb } from "./measure.mjs";
import { countEvents, openSession } from "./ours.mjs";
import { makeWorkload } from "./workload.mjs";

const PER_TURN = 100;
const SAMPLES = 40;

const { events, directory } = JSON.parse(process.argv[2]);
const { drafts } = makeWorkload("small");
const session = openSession(path.join(directory, "store"), { durability: "os" });
const residentMb = [];

const startMs = performance.now();
for (let count = 0; count < events; count += PER_TURN) {
  for (let event = 0; event < PER_TURN; event++) session.log(drafts[(count + event) % drafts.length]);
  if (count % (events / SAMPLES) === 0) residentMb.push(memoryMb().now);
  await new Promise(setImmediate);
}
session.flush();
const seconds = (performance.now() - startMs) / 1000;
const written = countEvents(session);
if (written !== events) throw new Error(`${events} events were logged, and ${written} are in the file`);
process.stdout.write(
  JSON.stringify({ eventsPerSecond: events / seconds, residentMb, peakMb: memoryMb().peak }),
);
