// Records some 3 MB of texts, secrets and awkward characters among them: more than it takes for WebAssembly to be started.
//
//   node long-texts.mjs STORE

import { openStore } from "../../dist/lib/index.js";

const EVENTS = 800;
const store = openStore({ dir: process.argv[2] });
const session = store.startSession({ id: "s", agent: "a" });
// Put together, so that no file of this project holds a secret.
const secret = ["sk", "ant", "api03", "Ab3dEf6hIj9lMn2pQr5tUv8x".repeat(4)].join("-");
for (let n = 0; n < EVENTS; n++) {
  const filler = `A "quoted" line, C:\\path, a tab\t and line ${n}\n`.repeat(n === 700 ? 3_000 : 80);
  const odd = n % 7 === 0 ? "✅ \u0007 \u2028 \u007f" : "";
  session.log({ event: "NOTE", n, text: `${filler}${odd}${n % 5 === 0 ? ` token: ${secret} ` : ""}end` });
  if (n % 20 === 0) await new Promise(setImmediate);
}
session.end();
store.close();
process.stdout.write(secret);
