// Chunks through one channel, in this process alone: as fast as they go, or at a steady pace as models make them.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import { memoryMb } from "../../append/child/measure.mjs";
import { CHANNELS } from "./channels.mjs";

const WORDS = ["The", " build", " is", " green", ",", " and", " all", " tests", " pass", ".\n"];
const CHUNKS_A_TURN = 500;

const { name, directory, perSecond, forMs, chunks } = JSON.parse(process.argv[2]);
const channel = await CHANNELS[name](directory);
const openMb = memoryMb().now;
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const beginMs = performance.now();
const before = process.cpuUsage();
const sent = perSecond === undefined ? await flood() : await paced();
delay.disable();
const got = await channel.finish();
const seconds = (performance.now() - beginMs) / 1_000;
const { user, system } = process.cpuUsage(before);
if (got.some((count) => count !== sent)) throw new Error(`${name}: ${sent} sent, got ${got.join(" and ")}`);
console.log(
  JSON.stringify({
    perSecond: sent / seconds,
    cpuUs: (user + system) / sent,
    delayP99Ms: delay.percentile(99) / 1e6,
    openMb,
    peakMb: memoryMb().peak,
    dropped: channel.dropped?.() ?? NaN,
  }),
);

async function flood() {
  for (let at = 0; at < chunks; at++) {
    channel.write(WORDS[at % WORDS.length]);
    if (at % CHUNKS_A_TURN === CHUNKS_A_TURN - 1) await turn();
  }
  return chunks;
}

async function paced() {
  let at = 0;
  for (let nowMs = beginMs; nowMs - beginMs < forMs; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - beginMs) / 1_000) * perSecond);
    while (at < due) channel.write(WORDS[at++ % WORDS.length]);
    await sleep(1);
  }
  return at;
}
