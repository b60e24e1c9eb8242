// A model's stream is passed on to the user while it is recorded, and watched from elsewhere meanwhile.

import { startSession, subscribe } from "tracekeep";
import { ChunkView } from "tracekeep/live";

/** Stands for the text stream of any SDK. */
async function* model(): AsyncGenerator<string> {
  for (const chunk of ["<think>", "hm", "</think>", "The build", " is green."])
    yield await Promise.resolve(chunk);
}

const session = startSession({ agent: "reviewer" });

async function watch(): Promise<void> {
  const view = new ChunkView();
  for await (const event of subscribe({ session: session.id, volatile: true })) {
    for (const { event: type, text } of view.read(event)) console.log(type, text);
  }
}

const watching = watch();
let answer = "";
for await (const chunk of session.stream({ fields: { model: "m" } }).tee(model())) answer += chunk;
session.end();
await watching;
console.log(answer);
