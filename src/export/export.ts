// Sessions of a store, chosen and filtered as reads are, through a format into text.

import { checkOptionNames } from "../base/options.ts";
import type { EventFilter, Reader, ReadReport, SessionEntry, StoredLine } from "../read/index.ts";
import type { ExportFormat, FormatWriter } from "./format.ts";

/** Which sessions, and which of their events: see `EventFilter`. `last` counts in each of the sessions that are named, else in all together. */
export interface ExportOptions extends Omit<EventFilter, "session" | "after"> {
  /** Ids, unambiguous beginnings of ids, or agents (the latest session of each). Default: all sessions. */
  sessions?: readonly string[] | undefined;
  /** Without names: also sessions in which nothing happened between START and END. Default false. */
  empty?: boolean | undefined;
}

/** A part of what an export gives. */
export interface ExportedText {
  session: SessionEntry;
  text: string;
}

/** What an export did. */
export interface ExportReport {
  sessions: number;
  events: number;
  /** Events that the format has no place for. */
  left_out: number;
  /** Of each read it took: what could not be read. */
  reads: ReadReport[];
}

/**
 * The text of an export, piece by piece and in constant memory; its report is complete once it has been read. With a
 * filter, sessions without such an event are left out.
 *
 * @example
 * const exported = new SessionExport(openReader(), markdown(), { sessions: ["deploy-42"] });
 * for await (const { session, text } of exported) await send(session.session_id, text);
 */
export class SessionExport implements AsyncIterable<ExportedText> {
  readonly report: ExportReport = { sessions: 0, events: 0, left_out: 0, reads: [] };
  readonly #reader: Reader;
  readonly #format: ExportFormat;
  readonly #sessions: readonly string[] | undefined;
  readonly #empty: boolean;
  readonly #filter: EventFilter;

  /** @throws TypeError, RangeError for options that cannot be understood, or a reader that is not of a store */
  constructor(reader: Reader, format: ExportFormat, options: ExportOptions = {}) {
    checkOptionNames("export", options, OPTIONS);
    if (reader.dir === "") throw new TypeError("export: only sessions of a store can be exported");
    const { sessions, empty = false, ...filter } = options;
    this.#reader = reader;
    this.#format = format;
    this.#sessions = sessions;
    this.#empty = empty;
    this.#filter = filter;
    // A filter that cannot be understood is refused here rather than half-way.
    reader.events(filter);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ExportedText, void, undefined> {
    let session: SessionEntry | undefined;
    let writer: FormatWriter | undefined;
    for await (const [own, line] of this.#lines()) {
      if (own !== session) {
        if (session !== undefined && writer !== undefined && this.#format.oneSession) {
          yield { session, text: this.#end(writer) };
          writer = undefined;
        }
        session = own;
        writer ??= this.#format.writer();
        this.report.sessions++;
        yield { session, text: writer.begin(session) };
      }
      this.report.events++;
      const text = writer?.put(line) ?? "";
      if (text !== "") yield { session, text };
    }
    if (session !== undefined && writer !== undefined) yield { session, text: this.#end(writer) };
  }

  // --- internal ---

  #end(writer: FormatWriter): string {
    const text = writer.end();
    this.report.left_out += writer.leftOut ?? 0;
    return text;
  }

  async *#lines(): AsyncGenerator<[SessionEntry, StoredLine], void, undefined> {
    const reader = this.#reader;
    const filter = this.#filter;
    const sessions = this.#sessions;
    const known = new Map<string, SessionEntry>();
    if (sessions === undefined) {
      const { agent, signal } = filter;
      const listed = reader.sessions({ agent, signal, empty: this.#empty });
      for await (const session of listed) known.set(session.session_id, session);
    } else {
      for (const name of sessions) {
        const { session } = reader.session(name);
        known.set(session.session_id, session);
      }
    }
    // Asking for each of many sessions would look through the store as often.
    const reads =
      sessions === undefined
        ? [reader.lines(filter)]
        : [...known.keys()].map((session) => reader.lines({ ...filter, session }));
    for (const lines of reads) {
      for await (const line of lines) {
        const session = known.get(line.event.session_id);
        if (session !== undefined) yield [session, line];
      }
      this.report.reads.push(lines.report);
    }
  }
}

// --- internal ---

// prettier-ignore
const OPTIONS = [
  "sessions", "empty", "event", "agent", "severity", "since", "until", "text", "where", "predicate", "last", "signal", "onProgress",
] as const satisfies readonly (keyof ExportOptions)[];
