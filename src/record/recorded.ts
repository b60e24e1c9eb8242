// What becomes of one event, and the receipt for whoever wants to wait for it.

import type { TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import type { LeftOut } from "../sinks/sink.ts";
import type { Receipt } from "./receipt.ts";

/** How recording one event went. */
export interface Recorded {
  id: string;
  /** Its way to its durability; undefined when it was not taken, or when nobody asked. */
  ticket: Pending | undefined;
  error: TracekeepError | undefined;
  /** The event as sinks got it, where there are sinks. */
  event?: Event | undefined;
  /** A sink left it out on purpose. */
  leftOut?: LeftOut | undefined;
}

/** An event on its way. */
export interface Pending {
  readonly seq: number;
  /** Resolves to `value()` once it has reached its durability. A rejection that nobody awaits is harmless. */
  settledAs: <T>(value: () => T) => Promise<T>;
}

/** The receipt of an event that a log has taken or refused. A rejection that nobody awaits is harmless. */
export function receiptOf(
  { id, ticket, error }: Recorded,
  sessionId: string,
  durability: Receipt["durability"],
): Promise<Receipt> {
  const receipt = (): Receipt => ({ sessionId, seq: ticket?.seq ?? -1, id, durability });
  if (ticket !== undefined) return ticket.settledAs(receipt);
  if (error === undefined) return Promise.resolve(receipt());
  const refused = Promise.reject<Receipt>(error);
  refused.catch(() => undefined);
  return refused;
}
