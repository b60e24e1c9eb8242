// Tracekeep, from the built package.

import * as fs from "node:fs";
import path from "node:path";

import { openStore } from "../../../dist/index.js";
import { countLines } from "./contender.mjs";

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const OURS = {
  tracekeep: contender({}),
  "tracekeep, redaction and seals off": contender({ redaction: { mode: "off" }, seals: false }),
};

/** @param {import("../../../dist/index.js").StoreOptions} options */
export function openSession(dir, options) {
  const store = openStore({
    dir,
    onFault: (error) => {
      throw error;
    },
    ...options,
  });
  return store.startSession({ agent: "Claude-Orch-Prime-20260106-c614" });
}

/** Events that the caller recorded: all lines of the session's files but the first of each, START or SEGMENT. */
export function countEvents(session) {
  const directory = path.dirname(session.file);
  const name = path.basename(session.file).replace(/(\.\d+)?\.jsonl$/, "");
  const files = fs
    .readdirSync(directory)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith(".jsonl"));
  return files.reduce((events, file) => events + countLines(path.join(directory, file)) - 1, 0);
}

// --- internal ---

/** @returns {import("./contender.mjs").Contender} */
function contender(options) {
  return {
    takes: "draft",
    open: async (directory) => {
      const session = openSession(path.join(directory, "store"), { durability: "os", ...options });
      return {
        append: (draft) => void session.log(draft),
        finish: () => session.flush(),
        count: () => countEvents(session),
      };
    },
  };
}
