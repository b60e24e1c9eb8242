// One question, asked with Tracekeep. Prints the answer and what it cost.
import { statSync } from "node:fs";

import { openReader } from "../../../dist/lib/read.js";

const { question, file, since, session, again = 0 } = JSON.parse(process.argv[2]);
// A folder is a store, whose index is used.
const reader = openReader(statSync(file).isDirectory() ? { dir: file } : { paths: [file] });
const times = [];
let answer;
for (let count = 0; count <= again; count++) {
  const startMs = performance.now();
  answer = await ask();
  times.push(performance.now() - startMs);
}
console.log(JSON.stringify({ answer, times, peakKb: process.resourceUsage().maxRSS }));

async function ask() {
  switch (question) {
    case "types":
      return (await reader.count()).event_counts;
    case "errors":
      return (await reader.count({ severity: "ERROR" })).events;
    case "agent":
      return (await reader.count({ agent: "Tester-*" })).events;
    case "session":
      return (await reader.count({ session })).event_counts;
    case "text":
      return (await reader.count({ text: "needle-in-haystack" })).events;
    case "last": {
      let seqs = 0;
      for await (const { seq } of reader.events({ event: "ERROR", last: 100 })) seqs += seq;
      return seqs;
    }
    default:
      return Math.round(((await reader.cost({ event: "MODEL_RESPONSE", since })).cost_usd ?? 0) * 1e6);
  }
}
