// Stores that one might keep events in instead of a log file.

import path from "node:path";

import { load, Skipped } from "./contender.mjs";

const EVENTS_PER_TRANSACTION = 100;

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const DATABASES = {
  "SQLite NORMAL, one a transaction": sqlite("NORMAL", 1),
  "SQLite NORMAL, 100 a transaction": sqlite("NORMAL", EVENTS_PER_TRANSACTION),
  "SQLite FULL, one a transaction": sqlite("FULL", 1),
  "SQLite FULL, 100 a transaction": sqlite("FULL", EVENTS_PER_TRANSACTION),
  "hypercore, one an append": hypercore(1),
  "hypercore, 100 an append": hypercore(EVENTS_PER_TRANSACTION),
};

/** A table of events in WAL mode, without any index: the most that SQLite can do. */
export async function openDatabase(file, synchronous) {
  const { default: Database } = await load("better-sqlite3");
  let database;
  try {
    database = new Database(file);
  } catch (error) {
    throw new Skipped(`better-sqlite3 was not built: ${String(error.message).split("\n")[0]}`);
  }
  database.pragma("journal_mode = WAL");
  database.pragma(`synchronous = ${synchronous}`);
  database.exec("CREATE TABLE events (seq INTEGER PRIMARY KEY, event TEXT, timestamp TEXT, body TEXT)");
  const statement = database.prepare("INSERT INTO events (event, timestamp, body) VALUES (?, ?, ?)");
  return {
    insert: (event) => void statement.run(event.event, event.timestamp, JSON.stringify(event)),
    begin: database.prepare("BEGIN"),
    commit: database.prepare("COMMIT"),
    count: () => database.prepare("SELECT count(*) AS events FROM events").get().events,
  };
}

// --- internal ---

/** @returns {import("./contender.mjs").Contender} */
function sqlite(synchronous, batch) {
  return {
    takes: "event",
    open: async (directory) => {
      const { insert, begin, commit, count } = await openDatabase(path.join(directory, "db"), synchronous);
      if (batch === 1) return { append: insert, finish: () => undefined, count };
      let pending = 0;
      const finish = () => {
        if (pending > 0) commit.run();
        pending = 0;
      };
      const append = (event) => {
        if (pending === 0) begin.run();
        insert(event);
        if (++pending === batch) finish();
      };
      return { append, finish, count };
    },
  };
}

/** @returns {import("./contender.mjs").Contender} */
function hypercore(batch) {
  return {
    takes: "event",
    open: async (directory) => {
      const { default: Hypercore } = await load("hypercore");
      const core = new Hypercore(path.join(directory, "core"));
      await core.ready();
      let blocks = [];
      let appended;
      const flush = () => {
        if (blocks.length > 0) appended = core.append(blocks);
        blocks = [];
      };
      return {
        append: (event) => {
          blocks.push(Buffer.from(JSON.stringify(event)));
          if (blocks.length === batch) flush();
        },
        // Its appends are done one after the other, so the last one stands for all.
        endOfTurn: () => appended,
        finish: () => {
          flush();
          return appended;
        },
        count: () => core.length,
      };
    },
  };
}
