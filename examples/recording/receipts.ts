// Four ways to record an event, from the one that never waits to the one that returns when it would survive a power cut.

import { openStore, TracekeepError } from "tracekeep";

const store = openStore({ onFault: (error) => console.log("heard:", error.code) });
const session = store.startSession({ agent: "deployer" });

const id = session.log({ event: "CHECKPOINT", message: "built" });
console.log("its id is there at once:", id.length > 0);

const { seq, durability } = await session.append({ event: "CHECKPOINT", message: "tested" });
console.log("event", seq, "has reached", durability);

const synced = await session.append({ event: "HUMAN_APPROVAL", status: "yes" }, { durability: "fsync" });
console.log("event", synced.seq, "has reached", synced.durability);

const receipt = session.appendSync({ event: "CHECKPOINT", message: "deployed" }, { durability: "fsync" });
console.log("event", receipt.seq, "has reached", receipt.durability);

session.end();
try {
  await session.append({ event: "CHECKPOINT", message: "too late" });
} catch (error) {
  if (error instanceof TracekeepError) console.log("refused:", error.code, error.hint);
}
store.close();
