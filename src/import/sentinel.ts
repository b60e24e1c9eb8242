// Sentinel's sessions: `.claude/audit/session_YYYYMMDD_<hex>.jsonl`, and those that it moved to `archive/`, compressed or
// not. A file is a session, under the file's name, as when it is read in place.
//
// A line whose caller gave no time has that of the machine's clock, without an offset.

import path from "node:path";

import { checkOptionNames, textOption } from "../base/options.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft, JsonObject } from "../event/index.ts";
import type { ImportedSession, Importer, TranscriptFile, Translated, Translator } from "./importer.ts";
import { textIn, without } from "./json.ts";
import { readerOfTimes, readerOfZone } from "./zone.ts";

export interface SentinelOptions {
  /**
   * Zone of times without an offset: `local`, `UTC`, `+09:00`, `America/Sao_Paulo`. Without one, files that have such
   * times are refused.
   */
  zone?: string | undefined;
}

/**
 * The importer of Sentinel's sessions.
 *
 * @throws TypeError, RangeError for a zone that does not exist
 * @example await importSessions(store, { importers: [sentinel({ zone: "local" })], paths: [".claude/audit"] });
 */
export function sentinel(options: SentinelOptions = {}): Importer {
  checkOptionNames("sentinel", options, ["zone"]);
  const zone = textOption("sentinel", "zone", options.zone);
  const readNaive = zone === undefined ? undefined : readerOfZone(zone);
  return {
    name: "sentinel",
    fileNames: FILE_NAME,
    // Each project has its own.
    defaultRoots: () => [],
    recognises: (file, head) =>
      FILE_NAME.test(path.basename(file)) && head.some((record) => isTheirs(record)),
    translator: (file) => new TraceTranslator(file, readNaive),
  };
}

// --- internal ---

const FILE_NAME = /^session_\d{8}_[^.]+\.jsonl(\.gz)?$/;

/** Ours have the same names, and their session's id on each line. */
function isTheirs(record: JsonObject): boolean {
  return (
    textIn(record, "event") !== undefined &&
    textIn(record, "timestamp") !== undefined &&
    record["session_id"] === undefined
  );
}

const TOLD: ReadonlySet<string> = new Set(["event", "timestamp", "agent_id"]);

/** What only a recorder says of a log of its own. */
const OF_THE_LOG: ReadonlySet<string> = new Set([
  "START",
  "RESUMED",
  "SEGMENT",
  "GAP",
  "RECOVERED",
  "DEGRADED",
  "CLOCK_STEP",
  "ERASED",
]);

class TraceTranslator implements Translator {
  /** @throws TracekeepError for a time without an offset, when no zone was named */
  readonly #timeOf: (text: string) => number | undefined;
  readonly #session: ImportedSession;

  constructor(
    { path: file, head }: TranscriptFile,
    readNaive: ((text: string) => number | undefined) | undefined,
  ) {
    this.#timeOf = readerOfTimes("sentinel", file, readNaive);
    const first = head.find((record) => textIn(record, "timestamp") !== undefined);
    const startMs = this.#timeOf(textIn(first, "timestamp") ?? "");
    this.#session = {
      id: path.basename(file).replace(/\.jsonl(\.gz)?$/, ""),
      agent: head.map(agentOf).find((agent) => agent !== undefined) ?? "sentinel",
      ...(startMs === undefined ? {} : { startedAt: formatTimestamp(startMs) }),
    };
  }

  translate(record: JsonObject): readonly Translated[] {
    const written = textIn(record, "timestamp");
    const timeMs = written === undefined ? undefined : this.#timeOf(written);
    const draft: EventDraft = {
      ...this.#said(record),
      ...(timeMs !== undefined
        ? { timestamp: formatTimestamp(timeMs) }
        : written !== undefined
          ? { source_timestamp: written }
          : {}),
    };
    return [{ session: this.#session, draft }];
  }

  // --- internal ---

  #said(record: JsonObject): EventDraft {
    const type = textIn(record, "event") ?? "UNKNOWN";
    const agent = agentOf(record);
    const fields: JsonObject = {
      ...without(record, TOLD),
      // The session is the first agent's; others may have written to its file.
      ...(agent === undefined || agent === this.#session.agent ? {} : { agent_name: agent }),
    };
    if (type === "END") {
      const { reason, ...metadata } = fields;
      const more = Object.keys(metadata).length > 0 ? { metadata } : {};
      return { event: type, ...(reason === undefined ? {} : { reason }), ...more };
    }
    return { event: OF_THE_LOG.has(type) ? `sentinel/${type}` : type, ...fields };
  }
}

/** Its shell examples write `agent`. */
function agentOf(record: JsonObject): string | undefined {
  return textIn(record, "agent_id") ?? textIn(record, "agent");
}
