// The reasoning of one session, up to its end mark. What others say meanwhile is left to their readers.

import { createStreamLog } from "tracekeep/stream-log";

await using logger = createStreamLog();
for (const chunk of ["<think>", "Let me ", "see.", "</think>", "Yes."]) logger.logChunk(chunk, "s1");
logger.logChunk("something else", "s2");

for await (const message of logger.pop("s1")) console.log(message);
