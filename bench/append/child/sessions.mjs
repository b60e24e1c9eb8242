// Many sessions in one process, each waiting for its own disk: is any of them, or anyone else who needs a file, left to
// wait for the others? A process of its own, started by rounds.ts.
//
//   node sessions.mjs '{"sessions":64,"forMs":1500,"directory":"…"}'

import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { openStore } from "../../../dist/index.js";
import { Times } from "./measure.mjs";
import { countEvents } from "./ours.mjs";
import { makeWorkload } from "./workload.mjs";

/** One session has this many producers, all others one: a busy neighbour is what fairness is about. */
const BUSY_PRODUCERS = 64;

const { sessions: sessionCount, forMs, directory } = JSON.parse(process.argv[2]);
const { drafts } = makeWorkload("small");
const store = openStore({ dir: path.join(directory, "store"), durability: "fsync" });
const sessions = Array.from({ length: sessionCount }, (_, index) => {
  const times = new Times(forMs);
  return {
    session: store.startSession({ agent: `agent-${index}` }),
    times,
    producers: index === 0 ? BUSY_PRODUCERS : 1,
  };
});
const unrelatedFile = path.join(directory, "unrelated");
fs.writeFileSync(unrelatedFile, "");

const idle = await statFor(forMs);
const endMs = performance.now() + forMs;
const [loaded] = await Promise.all([statFor(forMs), ...sessions.map(appendFor)]);
for (const { session, times } of sessions) {
  const written = countEvents(session);
  if (written !== times.count) throw new Error(`${times.count} events acknowledged, ${written} in the file`);
}

const p99Ns = sessions.map(({ times }) => times.percentiles(0.99)[0]).toSorted((a, b) => a - b);
process.stdout.write(
  JSON.stringify({
    eventsPerSecond: sessions.reduce((sum, { times }) => sum + times.count, 0) / (forMs / 1000),
    medianP99Ns: p99Ns[p99Ns.length >> 1],
    worstP99Ns: p99Ns.at(-1),
    idleStatP99Ns: idle.percentiles(0.99)[0],
    loadedStatP99Ns: loaded.percentiles(0.99)[0],
  }),
);

async function appendFor({ session, times, producers }) {
  let next = 0;
  const produce = async () => {
    for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
      await session.append(drafts[next++ % drafts.length]);
      times.add(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: producers }, produce));
}

/** Somebody else's use of the thread pool: a stat every millisecond or so. */
async function statFor(milliseconds) {
  const times = new Times(milliseconds);
  for (const statEndMs = performance.now() + milliseconds; performance.now() < statEndMs; await sleep(1)) {
    const startMs = performance.now();
    await fs.promises.stat(unrelatedFile);
    times.add(performance.now() - startMs);
  }
  return times;
}
