// Recorded once, run again without the world: the second run asks neither model nor tools, and gets the same answers.
// Then the code changes, and the run fails at the very call that changed.

import { openStore } from "tracekeep";
import { openCassette } from "tracekeep/replay";
import type { Cassette } from "tracekeep/replay";

/** The world: a model and a tool. */
let calls = 0;
const ask = async ({ prompt }: { model: string; prompt: string }): Promise<string> =>
  `${++calls}: ${prompt.toUpperCase()}`;
const weather = async (city: string): Promise<{ city: string; degrees: number }> => {
  if (city === "Nowhere") throw new RangeError("there is no such city");
  return { city, degrees: 10 + ++calls };
};

/** The agent. It does not know whether it is live. */
async function agent(cassette: Cassette, city: string): Promise<string> {
  const model = cassette.model(ask);
  const tool = cassette.tool("weather", weather);
  const plan = await model({ model: "m-1", prompt: "which cities?" });
  const found = await Promise.all([tool("Oslo"), tool(city)]);
  const failed = await tool("Nowhere").catch((error: unknown) => String(error));
  return JSON.stringify([plan, found, failed]);
}

const session = openStore().startSession({ id: "run-1", agent: "forecaster" });
const live = await agent(openCassette({ mode: "record-new", record: session }), "Rome");
session.end();
const before = calls;

const cassette = openCassette({ session: "run-1" });
const again = await agent(cassette, "Rome");
console.log(again === live, calls === before, cassette.status);

try {
  await agent(openCassette({ session: "run-1" }), "Roma");
} catch (error) {
  console.log(String(error));
}
