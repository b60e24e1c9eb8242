// Entries go to the streams of their sessions by themselves. `distribute` is for those who want to know.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();
console.log("nothing to do:", await logger.distribute({ finite: true }));
logger.logChunk("Hello ", "s1");
logger.logChunk("there ", "s2");
console.log("distributed:", await logger.distribute({ finite: true }));

const stop = new AbortController();
const going = logger.distribute({ signal: stop.signal });
setTimeout(() => stop.abort(), 20);
await going;
console.log("cancelled");
