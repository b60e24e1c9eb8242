// What a real file system does when its disk gives out: a write-back error that the kernel reports once, no more inodes,
// a file system that becomes read-only.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { openStore } from "../../../src/index.ts";
import type { Session } from "../../../src/index.ts";
import { mountImage, mountThin, mountTmpfs } from "../mounts.ts";
import { inspect } from "../oracle.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import type { Promised } from "../victim.ts";

export const brokenDisks: Suite = {
  name: "broken disks",
  about:
    "a real write-back error (a thin image whose disk is full), inodes used up, a file system made read-only; then all is well again",
  run: async (context) => {
    for (let round = 0; round < (context.size === "quick" ? 1 : 20); round++) {
      await failWriteBack(context, round);
      await useUpInodes(context, round);
      await makeReadOnly(context, round);
    }
  },
};

// --- internal ---

const MIB: number = 1024 * 1024;

/** The image is larger than the memory disk that it lies on, so blocks cannot be written back once that is full. */
async function failWriteBack({ scratch, tally }: SuiteContext, round: number): Promise<void> {
  const mount = await mountThin(scratch, 12, 64);
  try {
    const recording = record(path.join(mount.dir, "store"), "fsync", { segmentBytes: 256 * MIB });
    recording.offer(5, 1_000);
    await recording.settled();
    // More than there is room for, but not more than the image says it has.
    recording.offer(14, MIB);
    await sleep(1_500);
    const { failedWrites } = recording.session.status();
    if (failedWrites === 0) tally.fault(`round ${round}: no sync failed, so nothing was tried`);
    mount.makeRoom();
    await recording.finish();
    const findings = inspect(recording.dir, "s", recording.promised);
    const missing = recording.offered() - findings.present.size;
    if (missing !== findings.gapCount)
      tally.fault(`write-back, round ${round}: ${missing} missing, GAP says ${findings.gapCount}`);
    tally.add(findings, recording.promised.length, `write-back error, round ${round}`);
  } finally {
    await mount.unmount();
  }
}

async function useUpInodes({ scratch, tally }: SuiteContext, round: number): Promise<void> {
  const mount = mountTmpfs(scratch, "size=8m,nr_inodes=16");
  try {
    const recording = record(path.join(mount.dir, "store"), "os", { segmentBytes: 4_096 });
    const others: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      recording.offer(10, 700);
      await sleep(1);
      if (turn === 2) {
        try {
          for (;;) {
            const other = path.join(mount.dir, `other-${others.length}`);
            fs.writeFileSync(other, "");
            others.push(other);
          }
        } catch {
          // There are no more.
        }
      }
      if (turn === 7) for (const other of others) fs.rmSync(other);
    }
    await recording.finish();
    tally.add(
      inspect(recording.dir, "s", recording.promised),
      recording.promised.length,
      `inodes, round ${round}`,
    );
    if (recording.promised.length !== recording.offered())
      tally.fault(`inodes, round ${round}: ${recording.promised.length} of ${recording.offered()} recorded`);
  } finally {
    await mount.unmount();
  }
}

async function makeReadOnly({ scratch, tally }: SuiteContext, round: number): Promise<void> {
  const mount = mountImage(scratch, "ext4", 16);
  const aside = path.join(scratch, `aside-${round}`);
  try {
    const recording = record(path.join(mount.dir, "store"), "fsync", { spill: { directory: aside } });
    recording.offer(20, 500);
    await recording.settled();
    // The kernel does this by itself when it finds its file system damaged.
    spawnSync("mount", ["-o", "remount,abort", mount.dir]);
    recording.offer(20, 500);
    await sleep(50);
    if (!recording.session.status().degraded) tally.fault(`read-only, round ${round}: it was not noticed`);
    recording.close();
    mount.crash();
    // Everything that waited lies in the spill file, and the next writer takes it in.
    const store = openStore({ dir: recording.dir, spill: { directory: aside }, onFault: () => undefined });
    store.close();
    const findings = inspect(recording.dir, "s", recording.promised);
    if (findings.present.size !== recording.offered())
      tally.fault(`read-only, round ${round}: ${findings.present.size} of ${recording.offered()} are there`);
    tally.add(findings, recording.promised.length, `read-only, round ${round}`);
  } finally {
    await mount.unmount();
  }
}

interface Recording {
  dir: string;
  session: Session;
  promised: Promised[];
  offered: () => number;
  offer: (events: number, bytes: number) => void;
  /** Resolves when the fate of all that was offered is known. */
  settled: () => Promise<void>;
  close: () => void;
  /** Waits until the outage is over, and ends the session. */
  finish: () => Promise<void>;
}

function record(dir: string, durability: "os" | "fsync", options: object): Recording {
  const spill = { retryMinMs: 5, retryMaxMs: 20, bytes: 64 * MIB };
  const merged = { spill, ...options } as { spill: object };
  const store = openStore({
    dir,
    durability,
    onFault: () => undefined,
    ...options,
    spill: { ...spill, ...merged.spill },
  });
  const session = store.startSession({ id: "s", agent: "torture" });
  const promised: Promised[] = [];
  const receipts: Promise<unknown>[] = [];
  return {
    dir,
    session,
    promised,
    offered: () => receipts.length,
    offer: (events, bytes) => {
      for (let each = 0; each < events; each++) {
        const n = receipts.length;
        const text = "x".repeat(bytes);
        receipts.push(
          session.append({ event: "NOTE", n, text }).then(
            ({ seq, id }) => promised.push({ n, seq, id }),
            () => undefined,
          ),
        );
      }
    },
    settled: async () => void (await Promise.allSettled(receipts)),
    close: () => {
      try {
        store.close();
      } catch {
        // Told by onFault; what waits is in the spill file.
      }
    },
    finish: async () => {
      while (session.status().degraded) await sleep(5);
      session.end();
      store.close();
      await Promise.allSettled(receipts);
    },
  };
}
