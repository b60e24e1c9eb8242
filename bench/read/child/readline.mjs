// The same with what comes to mind first: readline and JSON.parse.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

const { question, file, since } = JSON.parse(process.argv[2]);
const startMs = performance.now();
const types = {};
const last = [];
let [count, money] = [0, 0];
for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
  const event = JSON.parse(line);
  if (question === "types") types[event.event] = (types[event.event] ?? 0) + 1;
  else if (question === "errors") count += event.severity === "ERROR" ? 1 : 0;
  else if (question === "agent") count += event.agent_id.startsWith("Tester-") ? 1 : 0;
  else if (question === "text") count += line.includes("needle-in-haystack") ? 1 : 0;
  else if (question === "last") {
    if (event.event === "ERROR") last.push(event.seq);
    if (last.length > 100) last.shift();
  } else if (event.event === "MODEL_RESPONSE" && event.timestamp >= since) money += event.cost_usd;
}
if (question === "last") count = last.reduce((sum, seq) => sum + seq, 0);
const answer = question === "types" ? types : question === "money" ? Math.round(money * 1e6) : count;
console.log(
  JSON.stringify({ answer, ms: performance.now() - startMs, peakKb: process.resourceUsage().maxRSS }),
);
