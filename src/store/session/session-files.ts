// Where a session's log is, for whoever works on files and not on events.

import { TracekeepError } from "../../base/errors.ts";
import { SessionCatalog } from "./catalog.ts";

/** Paths of a session's files, in order. @throws TracekeepError `NO_SESSION` */
export function sessionPaths(dir: string, sessionId: string): [string, ...string[]] {
  const [first, ...more] = new SessionCatalog(dir).refresh().filesOf(sessionId);
  if (first === undefined) throw noSession(dir, sessionId);
  return [first.path, ...more.map(({ path }) => path)];
}

export function noSession(dir: string, sessionId: string): TracekeepError {
  return new TracekeepError("NO_SESSION", `there is no session ${sessionId}`, {
    path: dir,
    hint: "list them with: tracekeep sessions",
  });
}
