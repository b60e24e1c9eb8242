// The everyday way in: a scope that is a session, a function that is a tool, and one lazy session for a program that
// just wants to log.

import path from "node:path";

import { checkOptionNames, describe } from "../base/options.ts";
import { isPromiseLike } from "../base/promises.ts";
import type { EventDraft } from "../event/index.ts";
import { currentSession, runInSession } from "./context.ts";
import { SESSION_OPTIONS } from "./options.ts";
import type { SessionOptions, StoreOptions } from "./options.ts";
import { endHeard } from "./session.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";
import type { Store } from "./store.ts";

/** Options of a session together with the store it goes into: an open one, or where to find it. */
export interface RunOptions extends SessionOptions {
  /**
   * An open store; or options of one, such as `{ dir }`, which is opened for this session and closed when it and those
   * started in it are over (6 ms). Default: inside of a session, that session's; else the store found from the current folder,
   * created when there is none.
   */
  store?: Store | StoreOptions | undefined;
}

/**
 * Starts a session in the default store (or `options.store`). End it with `session.end()`, or let `await using` do it.
 *
 * @throws TypeError, RangeError for bad options; TracekeepError when the store cannot be used
 */
export function startSession(options: RunOptions = {}): Session {
  checkOptionNames("startSession", options, ["store", ...SESSION_OPTIONS]);
  const { store, ...sessionOptions } = options;
  if (store === undefined) {
    const around = currentSession();
    if (around !== undefined) return around.startSibling(sessionOptions);
    return (defaultStore ??= openStore()).startSession(sessionOptions);
  }
  if (typeof store !== "object" || store === null) {
    throw new TypeError(
      `startSession: store must be a store, or options such as { dir }, got ${describe(store)}`,
    );
  }
  if ("startSession" in store) return store.startSession(sessionOptions);
  return openStore(store).startOwnSession(sessionOptions);
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
  if (typeof action !== "function")
    throw new TypeError(`withSession: action must be a function, got ${describe(action)}`);
  const session = startSession(options);
  let value: T;
  try {
    value = await runInSession(session, () => action(session));
  } catch (error) {
    endHeard(session, "ERROR", { error });
    throw error;
  }
  endHeard(session, "NORMAL");
  return value;
}

/**
 * Wraps a function so that each call is recorded as a tool call with its result or error, in the current session.
 *
 * @param name what the tool is called; default: the function's name
 * @throws TypeError for what is no function, or one without a name that is given none
 * @example
 * const readPage = traced("read_page", async (url: string) => (await fetch(url)).text());
 * const add = traced(function add(a: number, b: number) { return a + b; });
 */
export function traced<A extends unknown[], R>(name: string, tool: (...args: A) => R): (...args: A) => R;
export function traced<A extends unknown[], R>(tool: (...args: A) => R): (...args: A) => R;
export function traced<A extends unknown[], R>(
  nameOrTool: string | ((...args: A) => R),
  given?: (...args: A) => R,
): (...args: A) => R {
  const tool = typeof nameOrTool === "function" && given === undefined ? nameOrTool : given;
  if (typeof tool !== "function")
    throw new TypeError(`traced: the last argument is the function to wrap, got ${describe(tool)}`);
  const name = typeof nameOrTool === "function" ? nameOrTool.name : nameOrTool;
  if (typeof name !== "string" || name === "")
    throw new TypeError('traced: a function without a name needs one: traced("read_page", fn)');
  return (...args: A): R => {
    const call = activeSession()?.toolCall(name, args.length === 1 ? args[0] : args);
    let value: R;
    try {
      value = tool(...args);
    } catch (error) {
      call?.error(error);
      throw error;
    }
    if (!isPromiseLike(value)) {
      call?.result(value);
      return value;
    }
    // What goes back is a promise of its own: a rejection that the caller does not handle must stay unhandled, and
    // listening to the tool's promise would have handled it.
    const recorded = value.then(
      (result) => {
        call?.result(result);
        return result;
      },
      (error: unknown) => {
        call?.error(error);
        throw error;
      },
    );
    return recorded as R;
  };
}

/**
 * Records an event in the current session; outside of one, in a session of this process that begins with its first
 * event (agent: `TRACEKEEP_AGENT`, else the program's name). Returns the event's id at once. Never throws: when there can
 * be no session (the store cannot be written, say), a process warning says so once and the id is empty.
 *
 * @example log({ event: "DECISION", decision: "retry", reason: "timeout" });
 */
export function log(draft: EventDraft): string {
  return activeSession()?.log(draft) ?? "";
}

/** The session that `log` and `traced` record in; undefined when there can be none. */
export function activeSession(): Session | undefined {
  return currentSession() ?? defaultSession();
}

// --- internal ---

let defaultStore: Store | undefined;
let lazySession: Session | undefined;
let defaultFailed = false;

/** The session of this process, or undefined when it cannot be started: recording must not hurt the program. */
function defaultSession(): Session | undefined {
  if (lazySession?.status().open === true) return lazySession;
  if (defaultFailed) return undefined;
  const program = process.argv[1] === undefined ? "node" : path.basename(process.argv[1]);
  try {
    const session = startSession({ agent: process.env["TRACEKEEP_AGENT"] ?? program });
    // A program that ends by itself has ended its session; one that is killed has not.
    process.once("beforeExit", () => endHeard(session, "NORMAL"));
    return (lazySession = session);
  } catch (error) {
    defaultFailed = true;
    const message = error instanceof Error ? error.message : String(error);
    process.emitWarning(`nothing is recorded: ${message}`, { type: "TracekeepWarning" });
    return undefined;
  }
}
