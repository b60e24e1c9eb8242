// Which session the running code belongs to. It follows promises and callbacks (AsyncLocalStorage), so two agents in
// one process never write into each other's session.

import { AsyncLocalStorage } from "node:async_hooks";

import type { Session } from "./session.ts";

const sessions = new AsyncLocalStorage<Session>();

/** The session of the innermost `withSession` around the running code. */
export function currentSession(): Session | undefined {
  return sessions.getStore();
}

/** Runs `action` with `session` as the current one. */
export function runInSession<T>(session: Session, action: () => T): T {
  return sessions.run(session, action);
}
