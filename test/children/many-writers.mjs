// What the processes of shared-log.process.test.ts do. Runs the built package.

import { openSharedLog, openStore, updateFile, withFileLock } from "../../dist/lib/index.js";

const [job, file, ...args] = process.argv.slice(2);
const told = (message) => new Promise((resolve) => process.send(message, resolve));
const stopped = new Promise((resolve) => process.once("message", resolve));
const stopping = new AbortController();
void stopped.then(() => stopping.abort());

const jobs = {
  /** Appends batches until it is stopped, and says which receipts it got. Each seventh line is long. */
  async shared() {
    const log = openSharedLog(file, { id: `writer ${args[0]}`, handleSignals: false });
    for (let round = 0; !stopping.signal.aborted; round++) {
      const message = "x".repeat(round % 7 === 0 ? 200_000 : round * 10);
      const durability = round % 2 === 0 ? "os" : "fsync";
      const draft = { event: "CHECKPOINT", message };
      const receipts = await Promise.all([0, 1, 2].map(() => log.append(draft, { durability })));
      await told({ receipts });
    }
    await log.close();
  },
  async hold() {
    await withFileLock(file, async () => {
      await told({ holding: true });
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });
  },
  async lock() {
    await withFileLock(file, () => told({ locked: true }), { timeoutMs: Number(args[0]) });
  },
  async count() {
    for (let round = 0; round < Number(args[0]); round++) {
      await updateFile(file, (text = "0") => String(Number(text) + 1));
    }
  },
  async session() {
    const store = openStore({ dir: file });
    const [id, how] = args;
    const session =
      how === "wait"
        ? await store.openSessionWhenFree(id, { timeoutMs: 20_000 })
        : store.openOrStartSession({ id });
    await session.append({ event: "CHECKPOINT" });
    await told({ open: true });
    await stopped;
    store.close();
  },
};

try {
  await jobs[job]();
} catch (error) {
  await told({ code: error.code, message: error.message });
}
process.disconnect();
