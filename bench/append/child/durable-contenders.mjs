// Ways to know that an event is on the medium. Here `append` resolves once it is, and `finish` has nothing left to do.

import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { countLines } from "./contender.mjs";
import { openDatabase } from "./databases.mjs";
import { countEvents, openSession } from "./ours.mjs";

const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const DURABLE = {
  tracekeep: {
    takes: "draft",
    open: async (directory) => {
      const session = openSession(path.join(directory, "store"), { durability: "fsync" });
      return { append: (draft) => session.append(draft), count: () => countEvents(session) };
    },
  },
  "SQLite FULL, one a transaction": {
    takes: "event",
    open: async (directory) => {
      const { insert, count } = await openDatabase(path.join(directory, "db"), "FULL");
      return { append: async (event) => insert(event), count };
    },
  },
  "SQLite FULL, group commit": {
    takes: "event",
    open: async (directory) => {
      const { insert, begin, commit, count } = await openDatabase(path.join(directory, "db"), "FULL");
      let waiting = [];
      // All that was appended in a turn of the event loop is one transaction. The commit blocks the loop, so the next
      // group is as large as there are producers.
      const commitGroup = () => {
        const group = waiting;
        waiting = [];
        begin.run();
        for (const { event } of group) insert(event);
        commit.run();
        for (const { resolve } of group) resolve();
      };
      const append = (event) =>
        new Promise((resolve) => {
          if (waiting.length === 0) setImmediate(commitGroup);
          waiting.push({ event, resolve });
        });
      return { append, count };
    },
  },
  "write + fdatasync each": {
    takes: "event",
    open: async (directory) => {
      const file = path.join(directory, "log");
      const fd = fs.openSync(file, "a");
      const append = async (event) => {
        await write(fd, `${JSON.stringify(event)}\n`);
        await fdatasync(fd);
      };
      return { append, count: () => countLines(file) };
    },
  },
};
