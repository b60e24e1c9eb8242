// The everyday way in: a scope that is a session, a function that is a tool, and one lazy session for a program that
// just wants to log.

import path from "node:path";

import type { EventDraft } from "../event/index.ts";
import { currentSession, runInSession } from "./context.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

/** Options of a session together with the store it goes into: an open one, or where to find it. */
export interface RunOptions extends SessionOptions {
  /** Default: the store found from the current folder, created when there is none. */
  store?: Store | StoreOptions | undefined;
}

/**
 * Starts a session in the default store (or `options.store`). End it with `session.end()`, or let `await using` do it.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError when the store cannot be used
 */
export function startSession(options: RunOptions = {}): Session {
  const { store, ...sessionOptions } = options;
  return storeOf(store).startSession(sessionOptions);
}

/**
 * Runs `action` in a session of its own: END says `NORMAL` when it returns, `ERROR` with the error when it throws.
 * Inside, `log`, `traced` and nested `withSession` find the session by themselves; a nested one becomes its child.
 *
 * @example
 * await withSession({ agent: "reviewer" }, async (session) => {
 *   session.userMessage("Is the build green?");
 *   session.agentMessage("Yes.");
 * });
 */
export async function withSession<T>(
  options: RunOptions,
  action: (session: Session) => T | Promise<T>,
): Promise<T> {
  const session = startSession(options);
  try {
    const value = await runInSession(session, () => action(session));
    session.end("NORMAL");
    return value;
  } catch (error) {
    session.end("ERROR", { error });
    throw error;
  }
}

/**
 * Wraps a function so that each call is recorded as a tool call with its result or error, in the current session.
 *
 * @param name what the tool is called; default: the function's name
 * @example const readPage = traced("read_page", async (url: string) => (await fetch(url)).text());
 */
export function traced<A extends unknown[], R>(name: string, tool: (...args: A) => R): (...args: A) => R {
  if (typeof name !== "string" || name === "")
    throw new TypeError("traced: the first argument is the tool's name");
  if (typeof tool !== "function") throw new TypeError("traced: the second argument is the function to wrap");
  return (...args: A): R => {
    const call = (currentSession() ?? defaultSession()).toolCall(name, args.length === 1 ? args[0] : args);
    let value: R;
    try {
      value = tool(...args);
    } catch (error) {
      call.error(error);
      throw error;
    }
    if (!isPromise(value)) {
      call.result(value);
      return value;
    }
    // The promise goes back as it is; recording its outcome must not make a rejection look handled.
    value.then(
      (result) => void call.result(result),
      (error: unknown) => void call.error(error),
    );
    return value;
  };
}

/**
 * Records an event in the current session; outside of one, in a session of this process that begins with its first
 * event (agent: `TRACEKEEP_AGENT`, else the program's name). Returns the event's id at once.
 *
 * @example log({ event: "DECISION", decision: "retry", reason: "timeout" });
 */
export function log(draft: EventDraft): string {
  return (currentSession() ?? defaultSession()).log(draft);
}

// --- internal ---

let defaultStore: Store | undefined;
let lazySession: Session | undefined;

function storeOf(store: Store | StoreOptions | undefined): Store {
  if (store === undefined) return (defaultStore ??= openStore());
  return "startSession" in store ? store : openStore(store);
}

function defaultSession(): Session {
  if (lazySession?.status().open !== true) {
    const program = process.argv[1] === undefined ? "node" : path.basename(process.argv[1]);
    lazySession = startSession({ agent: process.env["TRACEKEEP_AGENT"] ?? program });
    const session = lazySession;
    // A program that ends by itself has ended its session; one that is killed has not.
    process.once("beforeExit", () => session.end());
  }
  return lazySession;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
