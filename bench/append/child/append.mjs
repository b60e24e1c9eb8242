// One contender appending for a while: a process of its own, started by rounds.ts.
//
//   node append.mjs '{"contender":"pino async","workload":"small","perTurn":100,"warmUpMs":300,"forMs":400,"directory":"…"}'

import * as fs from "node:fs";
import path from "node:path";

import { Skipped } from "./contender.mjs";
import { DATABASES } from "./databases.mjs";
import { FLOORS } from "./floors.mjs";
import { LOGGERS } from "./loggers.mjs";
import { memoryMb, timed, Times } from "./measure.mjs";
import { OURS } from "./ours.mjs";
import { makeWorkload } from "./workload.mjs";

const { contender: name, workload, perTurn, warmUpMs, forMs, directory } = JSON.parse(process.argv[2]);
const contender = { ...OURS, ...LOGGERS, ...DATABASES, ...FLOORS }[name];
const { drafts, events } = makeWorkload(workload);
const input = contender.takes === "draft" ? drafts : events;

try {
  // Into logs of their own that are finished first: what they leave in a queue is not paid for later. Into two of them,
  // because what was compiled for one log only is compiled anew with the second.
  await run("warm-up-1", warmUpMs / 2);
  await run("warm-up-2", warmUpMs / 2);
  const figures = await run("log", contender.queues === true ? forMs / 4 : forMs);
  process.stdout.write(JSON.stringify(figures));
} catch (error) {
  if (!(error instanceof Skipped)) throw error;
  process.stdout.write(JSON.stringify({ skipped: error.message }));
}

async function run(folder, milliseconds) {
  const own = path.join(directory, folder);
  fs.mkdirSync(own);
  const recorder = await contender.open(own);
  const times = new Times(milliseconds);
  const { seconds, cpuUs } = await timed(async () => {
    await appendFor(milliseconds, recorder, times);
    await recorder.finish();
  });
  const written = await recorder.count();
  if (written !== times.count) {
    throw new Error(`${name} was given ${times.count} events, and ${written} are in its file`);
  }
  const [callP50Ns, callP999Ns] = times.percentiles(0.5, 0.999);
  return {
    eventsPerSecond: times.count / seconds,
    callP50Ns,
    callP999Ns,
    cpuUs: cpuUs / times.count,
    peakRssMb: memoryMb().peak,
  };
}

/** `perTurn` appends in each turn of the event loop, turn after turn. */
function appendFor(milliseconds, { append, endOfTurn }, times) {
  const endMs = performance.now() + milliseconds;
  let next = 0;
  return new Promise((resolve, reject) => {
    function turn() {
      let beforeMs = performance.now();
      if (beforeMs >= endMs) return resolve();
      for (let event = 0; event < perTurn; event++) {
        append(input[next]);
        if (++next === input.length) next = 0;
        const afterMs = performance.now();
        times.add(afterMs - beforeMs);
        beforeMs = afterMs;
      }
      const waiting = endOfTurn?.();
      if (waiting === undefined) setImmediate(turn);
      else waiting.then(() => setImmediate(turn), reject);
    }
    turn();
  });
}
