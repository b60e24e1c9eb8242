// The calls that begin a subscription.

import type { Clock } from "../../base/clock.ts";
import { TracekeepError } from "../../base/errors.ts";
import { hubOf } from "../../live/index.ts";
import type { LiveEvent } from "../../live/index.ts";
import { ReadReport } from "../lines/report.ts";
import { storedText } from "../scan/segment-reader.ts";
import { resolveSession } from "../scan/session-logs.ts";
import { listSessions } from "../sessions/session-index.ts";
import { checkSubscribeOptions } from "./subscribe-options.ts";
import type { SubscribeOptions } from "./subscribe-options.ts";
import { Subscription } from "./subscription.ts";

/** An event of a log together with its line as it is stored, its `\n` included. */
export interface FollowedLine {
  event: LiveEvent;
  text: string;
}

/** @throws TypeError, RangeError for bad options; TracekeepError when the store cannot be read */
export function subscribeEvents(
  dir: string,
  clock: Clock,
  options: SubscribeOptions,
): Subscription<LiveEvent> {
  return subscribe(dir, clock, options, (event) => event);
}

/** The same with the stored lines. @throws TypeError, RangeError, TracekeepError */
export function subscribeLines(
  dir: string,
  clock: Clock,
  options: SubscribeOptions,
): Subscription<FollowedLine> {
  return subscribe(dir, clock, options, (event, bytes) => ({
    event,
    text: typeof bytes === "string" ? bytes : storedText(bytes),
  }));
}

// --- internal ---

function subscribe<T>(
  dir: string,
  clock: Clock,
  options: SubscribeOptions,
  valueOf: (event: LiveEvent, bytes: Buffer | string) => T,
): Subscription<T> {
  const checked = checkSubscribeOptions(options, clock.wallMs());
  const session = checked.session === undefined ? undefined : sessionIdOf(dir, checked.session);
  return new Subscription(dir, hubOf(dir), session, checked, valueOf);
}

/** A name that no session has yet is the id of one to come. */
function sessionIdOf(dir: string, name: string): string {
  const sessions = listSessions(dir, new ReadReport());
  try {
    return resolveSession(sessions, name).session.sessionId;
  } catch (error) {
    const isAmbiguous = sessions.some(({ sessionId }) => name !== "" && sessionId.startsWith(name));
    if (!(error instanceof TracekeepError) || isAmbiguous) throw error;
    return name;
  }
}
