// Producers that each wait until their event would survive a loss of power before they record the next: a process of
// its own, started by rounds.ts.
//
//   node durable.mjs '{"contender":"tracekeep","producers":64,"warmUpMs":1000,"forMs":500,"directory":"…"}'

import { Skipped } from "./contender.mjs";
import { DURABLE } from "./durable-contenders.mjs";
import { memoryMb, timed, Times } from "./measure.mjs";
import { makeWorkload } from "./workload.mjs";

const { contender: name, producers, warmUpMs, forMs, directory } = JSON.parse(process.argv[2]);
const { takes, open } = DURABLE[name];
const { drafts, events } = makeWorkload("small");
const input = takes === "draft" ? drafts : events;
const WARM_UP_PRODUCERS = 64;
let next = 0;

try {
  const recorder = await open(directory);
  // With many producers, so that what is measured has been compiled: a disk may let one of them have 200 events a second.
  const warmUp = await appendFor(warmUpMs, recorder, Math.max(producers, WARM_UP_PRODUCERS));
  const { value: times, seconds, cpuUs } = await timed(() => appendFor(forMs, recorder, producers));
  const written = await recorder.count();
  if (written !== warmUp.count + times.count) {
    throw new Error(
      `${name} has acknowledged ${warmUp.count + times.count} events, and ${written} are in its file`,
    );
  }
  const [p50Ns, p99Ns] = times.percentiles(0.5, 0.99);
  const eventsPerSecond = times.count / seconds;
  process.stdout.write(
    JSON.stringify({ eventsPerSecond, p50Ns, p99Ns, cpuUs: cpuUs / times.count, peakRssMb: memoryMb().peak }),
  );
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  process.stdout.write(JSON.stringify({ skipped: error.message }));
}

async function appendFor(milliseconds, { append }, count) {
  const times = new Times(milliseconds);
  const endMs = performance.now() + milliseconds;
  const produce = async () => {
    for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
      await append(input[next++ % input.length]);
      times.add(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: count }, produce));
  return times;
}
