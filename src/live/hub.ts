// Where what is recorded in this process meets who watches it here. Nothing is kept: an event goes to those who listen
// at that moment, and each of them has its own bounded buffer. The logs are the history.

import type { Event } from "../event/index.ts";
import type { VolatileEvent } from "./events.ts";

/** Somebody who listens. Called in the turn of whoever records, so these do no more than take note, and never throw. */
export interface HubListener {
  /** The only session wanted; undefined for all of them. */
  readonly session: string | undefined;
  /** Whether text that is not on disk yet is wanted too. */
  readonly wantsVolatile: boolean;
  /** An event that its log has handed to the kernel, and its line. */
  take(event: Event, line: string): void;
  takeVolatile(event: VolatileEvent): void;
}

export class LiveHub {
  /** By session; `undefined` holds those who want all. */
  readonly #listeners = new Map<string | undefined, Set<HubListener>>();

  /** Whether anybody listens to a session. When not, its events need not even be made. */
  hears(sessionId: string): boolean {
    return this.#listeners.size > 0 && (this.#listeners.has(undefined) || this.#listeners.has(sessionId));
  }

  /** The same for text that is in no log yet. */
  hearsVolatile(sessionId: string): boolean {
    for (const key of [undefined, sessionId]) {
      for (const listener of this.#listeners.get(key) ?? []) if (listener.wantsVolatile) return true;
    }
    return false;
  }

  add(listener: HubListener): void {
    const others = this.#listeners.get(listener.session);
    if (others === undefined) this.#listeners.set(listener.session, new Set([listener]));
    else others.add(listener);
  }

  /** Does nothing for one that does not listen. */
  remove(listener: HubListener): void {
    const others = this.#listeners.get(listener.session);
    if (others?.delete(listener) === true && others.size === 0) this.#listeners.delete(listener.session);
  }

  /** How many listen. */
  get size(): number {
    let size = 0;
    for (const listeners of this.#listeners.values()) size += listeners.size;
    return size;
  }

  /** Hands over an event that is in its log. */
  publish(event: Event, line: string): void {
    for (const listener of this.#listeners.get(undefined) ?? []) listener.take(event, line);
    for (const listener of this.#listeners.get(event.session_id) ?? []) listener.take(event, line);
  }

  /** Hands over what is in no log. */
  publishVolatile(event: VolatileEvent): void {
    for (const key of [undefined, event.session_id]) {
      for (const listener of this.#listeners.get(key) ?? []) {
        if (listener.wantsVolatile) listener.takeVolatile(event);
      }
    }
  }
}

const hubs = new Map<string, LiveHub>();

/**
 * The hub of a store in this process: writers and readers of one folder have the same.
 *
 * @param dir the store's folder, absolute
 */
export function hubOf(dir: string): LiveHub {
  const known = hubs.get(dir);
  if (known !== undefined) return known;
  const hub = new LiveHub();
  hubs.set(dir, hub);
  return hub;
}
