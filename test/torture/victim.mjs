// The process that accidents happen to: records into one session and tells, line by line, what was promised to it.
//
//   node victim.mjs '{"dir":"…","session":"s","durability":"fsync","events":100,"producers":4,"maxBytes":2000}'
//
// Prints {"n","seq","id"} for each event that was acknowledged, {"n","refused"} for each that was not, and {"done"}.
// Nothing is printed before its promise has settled, and what was printed was promised.

import * as fs from "node:fs";
import process from "node:process";

import { openStore } from "../../dist/lib/index.js";

const plan = JSON.parse(process.argv[2]);
const { dir, session: id, durability, events, first = 0, producers = 1, maxBytes = 300 } = plan;

const faults = [];
const store = openStore({
  dir,
  durability,
  ...plan.store,
  onFault: (error) => faults.push(error.code),
});
const session = store.openOrStartSession({ id, agent: "Torture-20260106-c614" });
tell({ file: session.file });

let next = first;
await Promise.all(
  Array.from({ length: producers }, async () => {
    while (next < first + events) {
      const n = next++;
      if (plan.rotateEvery > 0 && n % plan.rotateEvery === plan.rotateEvery - 1) session.rotate();
      try {
        const { seq, id: eventId } = await session.append({ event: "NOTE", n, text: textOf(n) });
        tell({ n, seq, id: eventId });
      } catch (error) {
        tell({ n, refused: error.code ?? String(error) });
      }
      if (plan.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, plan.pauseMs));
    }
  }),
);
if (plan.end !== false) endSession();
tell({ done: true, faults });

/** Where neither its last sync nor that of another file goes well, END is written, and that it may not be on the medium is said. */
function endSession() {
  try {
    session.end();
  } catch (error) {
    if (durability === "fsync" || !error.message.startsWith("cannot sync")) throw error;
  }
}

/** Some are short and some long, by the number, so that whoever reads them can tell what they should be. */
function textOf(n) {
  const length = plan.longEvery > 0 && n % plan.longEvery === 7 ? plan.longBytes : (n * 7919) % maxBytes;
  return String.fromCodePoint(97 + (n % 26)).repeat(length);
}

function tell(what) {
  const line = Buffer.from(`${JSON.stringify(what)}\n`);
  for (let written = 0; written < line.length;) {
    try {
      written += fs.writeSync(1, line, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      // The pipe is full: whoever reads it is not as fast, and would be slower still beside a loop that never rests.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
