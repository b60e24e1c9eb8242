// What nothing can be faster than, and the least that one would write by hand.

import * as fs from "node:fs";
import path from "node:path";

import { countLines } from "./contender.mjs";

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const FLOORS = {
  "JSON.stringify alone": {
    takes: "event",
    open: async () => {
      let count = 0;
      return {
        append: (event) => {
          if (JSON.stringify(event).length > 0) count++;
        },
        finish: () => undefined,
        count: () => count,
      };
    },
  },
  "fs.writeSync per line": {
    takes: "event",
    open: async (directory) => {
      const file = path.join(directory, "log");
      const fd = fs.openSync(file, "a");
      return {
        append: (event) => void fs.writeSync(fd, `${JSON.stringify(event)}\n`),
        finish: () => undefined,
        count: () => countLines(file),
      };
    },
  },
};
