// How soon the first chunk of a stream is with a subscriber: in turns of the event loop in the process that records it,
// and in milliseconds in another process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { openStore, subscribe } from "../../../dist/index.js";

const { directory, watch } = JSON.parse(process.argv[2]);
if (watch === true) await sayWhenItCame(directory);
else {
  const turns = await turnsHere(`${directory}/here`);
  console.log(JSON.stringify({ turns, acrossMs: await msAcross(`${directory}/across`) }));
}

async function turnsHere(dir) {
  const session = openStore({ dir, durability: "os" }).startSession();
  await sleep(50);
  const events = subscribe({ dir });
  const seen = { given: false };
  void events.next().then(() => (seen.given = true));
  await sleep(50);
  session.stream().write("Hello");
  let turns = 0;
  for (; !seen.given; turns++) await turn();
  await events.return();
  session.end();
  return turns;
}

async function msAcross(dir) {
  const session = openStore({ dir, durability: "os" }).startSession();
  const input = JSON.stringify({ directory: dir, watch: true });
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), input], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await sleep(200);
  const startMs = performance.timeOrigin + performance.now();
  session.stream().write("Hello");
  const [text] = await once(child.stdout, "data");
  session.end();
  await once(child, "close");
  return Number(String(text)) - startMs;
}

/** In the other process. */
async function sayWhenItCame(dir) {
  const events = subscribe({ dir });
  const next = events.next();
  console.log("ready");
  await next;
  console.log(performance.timeOrigin + performance.now());
  await events.return();
}
