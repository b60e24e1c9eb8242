// Shows what a model says: marks are left out, and a line ends where a stream or reasoning does.

import { consoleStreamHandler, STREAM_MARKS } from "tracekeep/live";
import { createStreamLog } from "tracekeep/stream-log";

const onChunk = consoleStreamHandler({ write: (text) => process.stdout.write(text) });
await using logger = createStreamLog({ onChunk });
const [start, end] = STREAM_MARKS.stream;
const [think, thought] = STREAM_MARKS.reasoning;
for (const chunk of [start, think, "Is it green?", thought, "It is.", end]) logger.logChunk(chunk, "s1");
