// What the store holds of the transcripts already. An import has no other memory than the logs themselves: every
// imported event says where it came from (`source`), and the last one of a file says how far that file was read.

import type { EventSource } from "../event/index.ts";
import { findFromEnd, readLines } from "../store/reading/line-reader.ts";
import { isSuperseded, SessionCatalog } from "../store/session/catalog.ts";
import { isInSpool } from "../store/session/spool.ts";
import { KeyTable } from "./key-table.ts";
import { Removals } from "./removals.ts";
import type { SkippedBytes } from "./report.ts";
import { isPromptKey, readStamp } from "./stamp.ts";
import type { Stamp } from "./stamp.ts";

/** What of a session came from one file. */
interface Held {
  events: number;
  gaps: SkippedBytes[];
}

export class Holdings {
  readonly #importers: ReadonlySet<string>;
  readonly #catalog: SessionCatalog;
  readonly #removals: Removals | undefined;
  /** By file, the sessions that were last added to from it. Read when it is first asked for. */
  #lastSources: Map<string, { session: string; source: EventSource }[]> | undefined;
  /** Which session holds a call, as an index into `#holders`. */
  #calls: KeyTable | undefined;
  readonly #holders: string[] = [];
  readonly #holderIndex = new Map<string, number>();

  /**
   * Looks at the beginning of every session log: about 11 µs each.
   *
   * @param importers names of the importers, which are the origins of imported sessions
   * @param again whether what was deleted or erased counts as never having been there
   */
  constructor(storeDir: string, importers: readonly string[], { again = false }: { again?: boolean } = {}) {
    this.#importers = new Set(importers);
    this.#removals = again ? undefined : new Removals(storeDir);
    this.#catalog = new SessionCatalog(storeDir).refresh();
  }

  /**
   * How a session's events got into the store: "recorded", an importer's name, or "" when the log no longer says;
   * undefined when the session is not there.
   */
  originOf(session: string): string | undefined {
    const first = this.#catalog.sessions.get(session)?.[0];
    return first === undefined ? undefined : (first.origin ?? "");
  }

  /** Whether a session that is not there was deleted by the retention policy. */
  wasDeleted(session: string): boolean {
    return this.#removals?.isDeleted(session) === true && !this.#catalog.sessions.has(session);
  }

  /** Whether an event was in the store and is erased. */
  wasErased(session: string, source: EventSource): boolean {
    return this.#removals?.isErased(session, source) === true;
  }

  /** Takes in a session that was just started. */
  add(path: string): void {
    this.#catalog.add(path);
  }

  /**
   * The sessions that were last added to from this file, and how far it was read into each. The first call looks at the
   * end of every imported session: about 50 µs each.
   */
  lastSources(file: string): readonly { session: string; source: EventSource }[] {
    this.#lastSources ??= this.#readLastSources();
    return this.#lastSources.get(file) ?? [];
  }

  /**
   * The last source in a session's log, as it is on the disk now: of one file, i.e. how far it was read into the
   * session, or of any. Reads the log backwards.
   */
  lastSourceOf(session: string, file?: string): EventSource | undefined {
    for (const log of this.#catalog.filesOf(session).toReversed()) {
      const source = findFromEnd(log.path, (line) => {
        const stamped = readStamp(line).source;
        return file === undefined || stamped?.file === file ? stamped : undefined;
      });
      if (source !== undefined) return source;
    }
    return undefined;
  }

  /** The events of a session, by {@link sourceKeyOf}. Reads the whole session. */
  eventsOf(session: string): KeyTable {
    const keys = new KeyTable();
    for (const { source } of this.#stamps(session)) {
      const key = source === undefined ? undefined : sourceKeyOf(source);
      if (key !== undefined) keys.add(key);
    }
    return keys;
  }

  /**
   * The calls of a session that another witness told of: transcripts where `file` is a spool file, and the other way
   * round. Reads the whole session.
   */
  witnessedBeside(file: string, session: string): KeyTable {
    const keys = new KeyTable();
    for (const { source, copyKey } of this.#stamps(session)) {
      if (copyKey === undefined || source === undefined) continue;
      if (isInSpool(source.file) !== isInSpool(file)) keys.add(copyKey);
    }
    return keys;
  }

  /**
   * What of a session came from a file: how many events, and what could not be read. Reads the whole session, about
   * 0.5 GB/s, stepwise.
   */
  *heldFrom(file: string, session: string): Generator<void, Held, undefined> {
    const held: Held = { events: 0, gaps: [] };
    for (const { source, gap } of this.#stamps(session)) {
      if (source?.file !== file) continue;
      if (held.events++ % STEP_EVENTS === 0) yield;
      if (gap === undefined) continue;
      held.gaps.push({ file, from: source.offset, to: source.offset + gap.bytes, reason: gap.reason });
    }
    return held;
  }

  /** Reads which session holds which call from every imported session, about 0.5 GB/s, stepwise. Once is enough. */
  *readCalls(): Generator<void, void, undefined> {
    if (this.#calls !== undefined) return;
    this.#calls = new KeyTable();
    let events = 0;
    for (const session of this.#catalog.sessions.keys()) {
      if (!this.#isImported(session)) continue;
      const holder = this.#indexOf(session);
      for (const { copyKey, copyOf } of this.#stamps(session)) {
        const isOwn = copyKey !== undefined && copyOf === undefined && !isPromptKey(copyKey);
        if (isOwn) this.#calls.add(copyKey, holder);
        if (++events % STEP_EVENTS === 0) yield;
      }
    }
  }

  /** The session that holds a call, as far as {@link readCalls} and {@link hold} know. */
  holderOf(copyKey: string): string | undefined {
    const holder = this.#calls?.get(copyKey);
    return holder === undefined ? undefined : this.#holders[holder];
  }

  /** Remembers that a call was written to a session, unless another session has it. */
  hold(copyKey: string, session: string): void {
    this.#calls?.add(copyKey, this.#indexOf(session));
  }

  // --- internal ---

  #readLastSources(): Map<string, { session: string; source: EventSource }[]> {
    const sources = new Map<string, { session: string; source: EventSource }[]>();
    for (const session of this.#catalog.sessions.keys()) {
      const source = this.#isImported(session) ? this.lastSourceOf(session) : undefined;
      if (source !== undefined) pushTo(sources, source.file, { session, source });
    }
    return sources;
  }

  #isImported(session: string): boolean {
    const origin = this.originOf(session);
    return origin === "" || (origin !== undefined && this.#importers.has(origin));
  }

  #indexOf(session: string): number {
    const known = this.#holderIndex.get(session);
    if (known !== undefined) return known;
    this.#holderIndex.set(session, this.#holders.length);
    return this.#holders.push(session) - 1;
  }

  *#stamps(session: string): Generator<Stamp, void, undefined> {
    const files = this.#catalog.filesOf(session);
    for (const [index, file] of files.entries()) {
      const next = files[index + 1];
      for (const line of readLines(file.path)) {
        if ("bytes" in line && !isSuperseded(line.bytes, next)) yield readStamp(line.bytes);
      }
    }
  }
}

/** Names an event in all copies of its file: its record's own id, and which of that record's events it is. */
export function sourceKeyOf(source: { id?: string; part?: number }): string | undefined {
  return source.id === undefined ? undefined : `${source.id} ${source.part ?? "last"}`;
}

// --- internal ---

/** As many events are looked at in one step. */
const STEP_EVENTS = 10_000;

function pushTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
