// Tracekeep, from the built package.

import path from "node:path";

import { openStore } from "../../../dist/index.js";
import { Redactor } from "../../../dist/redact/index.js";
import { countLines } from "./contender.mjs";

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const OURS = {
  tracekeep: { takes: "draft", open },
  // There is no option that switches redaction off, so the benchmark takes it out of the class: everything else is the
  // path as shipped.
  "tracekeep, redaction off": {
    takes: "draft",
    open: (directory) => {
      Redactor.prototype.redact = (body) => body;
      return open(directory);
    },
  },
};

/** @returns {Promise<import("./contender.mjs").Recorder>} */
async function open(directory) {
  const session = openSession(path.join(directory, "store"), "os");
  return {
    append: (draft) => void session.log(draft),
    finish: () => session.flush(),
    count: () => countEvents(session),
  };
}

/** @param {"os" | "interval" | "fsync"} durability */
export function openSession(dir, durability) {
  const store = openStore({
    dir,
    durability,
    onFault: (error) => {
      throw error;
    },
  });
  return store.startSession({ agent: "Claude-Orch-Prime-20260106-c614" });
}

/** Events that the caller recorded: all but START. */
export function countEvents(session) {
  return countLines(session.file) - 1;
}
