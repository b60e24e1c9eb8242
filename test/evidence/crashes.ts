// Writers killed at any moment: what is left never looks like tampering, and all but the newest lines are sealed.

import * as fs from "node:fs";
import path from "node:path";

import { openStore } from "../../src/index.ts";
import { verifyStore } from "../../src/integrity/index.ts";
import { checkFigures } from "../../src/session-index/check.ts";
import { readLogLines } from "../../src/store/reading/log-lines.ts";
import { SEAL_INTERVAL_MS } from "../../src/store/sealing/sealer.ts";
import { SessionCatalog } from "../../src/store/session/catalog.ts";
import { runVictim } from "../torture/victim.ts";
import { FINE, Tally } from "./suite.ts";
import type { Suite } from "./suite.ts";

/** Writers that one session sees, one after the other. */
const WRITERS = 10;
/** A line waits for its seal for the interval, then for a sync and a signature, on a machine that others use as well. */
const SLACK_MS = 2_000;

export const crashes: Suite = {
  name: "crashes",
  about:
    "writers killed at a random moment, 10 on a session, all durabilities: `ok`, `ok-open` or `unsealed-tail`, nothing else; unsealed is at most what came in the seal's interval (1 s); the next writer seals all",
  run: async (folder, share, complain) => {
    const tally = new Tally(complain);
    let oldestMs = 0;
    const sessions = Array.from({ length: 100 * share }, (_, index) => index).values();
    await Promise.all(
      [0, 1].map(async () => {
        for (const index of sessions) {
          const dir = path.join(folder, String(index));
          for (let writer = 0; writer < WRITERS; writer++) {
            const { complaint, unsealedMs } = await crash(dir, index, writer);
            tally.add(complaint);
            oldestMs = Math.max(oldestMs, unsealedMs);
          }
          const store = openStore({ dir });
          store.openOrStartSession({ id: "s" }).end();
          store.close();
          const { verdict } = verifyStore(dir);
          if (verdict !== "ok") tally.add(`session ${index}, gone on with and ended: ${verdict}`);
          for (const { reason } of await checkFigures(dir)) tally.add(`session ${index}: ${reason}`);
          fs.rmSync(dir, { recursive: true });
        }
      }),
    );
    tally.note = `oldest unsealed line: ${Math.round(oldestMs)} ms`;
    return tally;
  },
};

// --- internal ---

async function crash(
  dir: string,
  index: number,
  writer: number,
): Promise<{ complaint: string | undefined; unsealedMs: number }> {
  const what = `session ${index}, writer ${writer}`;
  const begunMs = Date.now();
  let killedMs = 0;
  await runVictim(
    {
      dir,
      session: "s",
      durability: (["os", "interval", "fsync"] as const)[index % 3] ?? "os",
      first: writer * 100_000,
      events: 100_000,
      producers: 1 + (writer % 3) * 4,
      pauseMs: writer % 2 === 0 ? 0 : 5,
      rotateEvery: writer % 5 === 4 ? 37 : 0,
      maxBytes: 2_000,
    },
    {
      during: (child) => {
        // Half of them in the first moments, half when seals have been written.
        const afterMs = writer % 2 === 0 ? Math.random() * 300 : Math.random() * 2_500;
        setTimeout(() => {
          killedMs = Date.now();
          child.kill("SIGKILL");
        }, afterMs);
      },
    },
  );
  if (!fs.existsSync(dir)) return { complaint: undefined, unsealedMs: 0 };
  const { verdict, logs } = verifyStore(dir);
  const row = logs.find(({ name }) => name.startsWith("session"));
  const firstUnsealed = row === undefined ? undefined : timeOfLine(dir, row.sealed);
  // What the writers before it left unsealed is this one's to seal from its beginning on.
  const unsealedMs =
    firstUnsealed === undefined ? 0 : Math.max(0, killedMs - Math.max(firstUnsealed, begunMs));
  if (!FINE.has(verdict)) {
    const found = logs.filter((each) => !FINE.has(each.verdict));
    return { complaint: `${what}: ${JSON.stringify(found)}`, unsealedMs };
  }
  const isLate = unsealedMs > SEAL_INTERVAL_MS + SLACK_MS;
  return { complaint: isLate ? `${what}: unsealed for ${unsealedMs} ms` : undefined, unsealedMs };
}

/** When line `seq` of the session was recorded; undefined when there is none. */
function timeOfLine(dir: string, seq: number): number | undefined {
  const files = new SessionCatalog(dir).refresh().filesOf("s");
  for (const line of readLogLines(files.map(({ path: file }) => file))) {
    if (line.seq < seq || !("bytes" in line) || line.bytes.at(-1) !== 0x0a) continue;
    return Date.parse((JSON.parse(line.bytes.toString()) as { timestamp: string }).timestamp);
  }
  return undefined;
}
