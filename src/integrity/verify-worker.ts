// A thread that checks some of a store's sessions, for parallel.ts.

import { parentPort, workerData } from "node:worker_threads";

import type { Checked, Share } from "./parallel.ts";
import { beginVerification } from "./verify.ts";

const { dir, options, ids } = workerData as Share;
const wanted = new Set(ids);
const { sessions, check } = beginVerification(dir, options);
for (const session of sessions) {
  if (!wanted.has(session.id)) continue;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage([session.id, check(session)] satisfies Checked);
}
