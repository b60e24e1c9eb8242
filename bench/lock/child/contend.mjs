// One of several processes that want the same lock: takes it again and again, and tells how long it waited each time.

import * as fs from "node:fs";

import { LOCKS } from "./locks.mjs";

const { lock, directory, forMs, pauseMs } = JSON.parse(process.argv[2]);
const LINE = Buffer.alloc(300, "x");

let withLock;
try {
  withLock = await LOCKS[lock](`${directory}/contended.lock`);
} catch (error) {
  // It may not have been sent yet when the call returns.
  await new Promise((resolve) => process.send({ skipped: String(error.message).split("\n")[0] }, resolve));
  process.exit();
}
const data = fs.openSync(`${directory}/data`, "a");
await withLock(() => undefined);
process.send({ ready: true });
await new Promise((resolve) => process.once("message", resolve));

const waitsMs = [];
for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
  const askedMs = performance.now();
  await withLock(() => {
    waitsMs.push(performance.now() - askedMs);
    fs.writeSync(data, LINE);
  });
  await new Promise((resolve) =>
    pauseMs > 0 ? setTimeout(resolve, Math.random() * 2 * pauseMs) : setImmediate(resolve),
  );
}
process.send({ waitsMs: Float64Array.from(waitsMs) }, () => process.disconnect());
