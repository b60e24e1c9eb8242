// A session that outlives its process: every run of a job adds to the session of the day.

import { openReader, openStore, TracekeepError } from "tracekeep";

const store = openStore();

for (const run of ["first", "second"]) {
  const session = store.openOrStartSession({ id: "backup-2026-11-22", agent: "backup" });
  session.log({ event: "CHECKPOINT", message: `${run} run` });
  session.close(); // Without an END: the session is not over.
}

const session = store.openSession("backup-2026-11-22");
try {
  store.openSession("backup-2026-11-22");
} catch (error) {
  if (error instanceof TracekeepError) console.log(error.code);
}
session.end();

console.log([...openReader().events({ session: session.id })].map(({ event }) => event).join(" "));
