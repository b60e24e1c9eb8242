// Decepticon's session logger: one JSON document a session, `logs/YYYY/MM/DD/session_<uuid>.json`, and what its viewer
// exports (`session_info`, `events`, `export_metadata`). The folder is that of the day of saving, so a session over
// midnight is in two files, the later of which begins with the earlier; records are recognised, so it is one session here.
//
// Its times have no offset: they are those of the machine it ran on.

import { checkOptionNames, textOption } from "../base/options.ts";
import { formatTimestamp } from "../event/index.ts";
import type { EventDraft, JsonObject } from "../event/index.ts";
import type {
  ImportedSession,
  Importer,
  RecordPosition,
  TranscriptFile,
  Translated,
  Translator,
} from "./importer.ts";
import { objectIn, textIn, without } from "./json.ts";
import { readerOfTimes, readerOfZone } from "./zone.ts";

export interface DecepticonOptions {
  /**
   * Zone of times without an offset, which are all that Decepticon writes: `local`, `UTC`, `+09:00`, `Asia/Seoul`.
   * Without one such files are refused.
   */
  zone?: string | undefined;
}

/**
 * The importer of Decepticon's sessions.
 *
 * @throws TypeError, RangeError for a zone that does not exist
 * @example await importSessions(store, { importers: [decepticon({ zone: "local" })], paths: ["logs"] });
 */
export function decepticon(options: DecepticonOptions = {}): Importer {
  checkOptionNames("decepticon", options, ["zone"]);
  const zone = textOption("decepticon", "zone", options.zone);
  const readNaive = zone === undefined ? undefined : readerOfZone(zone);
  return {
    name: "decepticon",
    fileNames: /^session_.+\.json$/,
    // It writes to `logs` in whatever folder it was started in.
    defaultRoots: () => [],
    recognises: (path, [about]) =>
      path.endsWith(".json") && sessionIdOf(about) !== undefined && isSession(about),
    translator: (file) => new SessionTranslator(file, readNaive),
  };
}

// --- internal ---

function isSession(about: JsonObject | undefined): boolean {
  return Array.isArray(about?.["events"]) && startTimeOf(about) !== undefined;
}

function sessionIdOf(about: JsonObject | undefined): string | undefined {
  return textIn(objectIn(about, "session_info") ?? about, "session_id");
}

function startTimeOf(about: JsonObject | undefined): string | undefined {
  return textIn(objectIn(about, "session_info") ?? about, "start_time");
}

const OWN_FIELDS: ReadonlySet<string> = new Set([
  "event_type",
  "timestamp",
  "content",
  "agent_name",
  "tool_name",
]);
const TOLD: ReadonlySet<string> = new Set(["session_id", "events", "session_info", "export_metadata"]);

class SessionTranslator implements Translator {
  /** @throws TracekeepError when no zone was named */
  readonly #timeOf: (text: string) => number | undefined;
  readonly #session: ImportedSession;
  /** Calls without an output yet, by tool, the first first. */
  readonly #openCalls = new Map<string, string[]>();
  #calls = 0;

  constructor(
    { path, head: [about = {}] }: TranscriptFile,
    readNaive: ((text: string) => number | undefined) | undefined,
  ) {
    this.#timeOf = readerOfTimes("decepticon", path, readNaive);
    const startTime = startTimeOf(about);
    const startMs = startTime === undefined ? undefined : this.#timeOf(startTime);
    const { session_id: _, total_events: __, ...info } = objectIn(about, "session_info") ?? {};
    this.#session = {
      id: sessionIdOf(about) ?? path,
      agent: "decepticon",
      ...(startMs === undefined ? {} : { startedAt: formatTimestamp(startMs) }),
      metadata: { ...without(about, TOLD), ...info },
    };
  }

  translate(record: JsonObject, _at: RecordPosition): readonly Translated[] {
    const written = textIn(record, "timestamp");
    const timeMs = written === undefined ? undefined : this.#timeOf(written);
    const draft: EventDraft = {
      ...this.#said(record),
      ...(timeMs === undefined ? {} : { timestamp: formatTimestamp(timeMs) }),
      // Finer than a millisecond, and without an offset: how it was written cannot be told from the instant.
      ...(written === undefined ? {} : { metadata: { source_timestamp: written } }),
    };
    return [{ session: this.#session, draft }];
  }

  // --- internal ---

  #said(record: JsonObject): EventDraft {
    const { content } = record;
    const type = textIn(record, "event_type") ?? "event";
    const agentName = textIn(record, "agent_name");
    const who = agentName === undefined ? {} : { agent_name: agentName };
    const tool = textIn(record, "tool_name");
    const isPlain = typeof content === "string" && Object.keys(record).every((name) => OWN_FIELDS.has(name));
    if (isPlain && type === "user_input" && tool === undefined) {
      return { event: "USER_MESSAGE", message: content, ...who };
    }
    if (isPlain && type === "agent_response" && tool === undefined) {
      return { event: "AGENT_MESSAGE", message: content, ...who };
    }
    if (isPlain && type === "tool_command") {
      return { event: "TOOL_CALL", call_id: this.#begin(tool), ...named(tool), args: content, ...who };
    }
    if (isPlain && type === "tool_output") {
      const callId = this.#openCalls.get(tool ?? "")?.shift();
      const call = callId === undefined ? {} : { call_id: callId };
      return { event: "TOOL_RESULT", ...call, ...named(tool), result: content, ...who };
    }
    // Decepticon itself cannot load a session with a type that it does not know.
    return { event: `decepticon/${type.slice(0, 40)}`, source_type: type, record };
  }

  /** Commands and outputs have no ids: the next output of a tool belongs to its first command that has none. */
  #begin(tool = ""): string {
    const id = `call-${++this.#calls}`;
    const open = this.#openCalls.get(tool) ?? [];
    open.push(id);
    this.#openCalls.set(tool, open);
    return id;
  }
}

function named(tool: string | undefined): { tool?: string } {
  return tool === undefined ? {} : { tool };
}
