/**
 * What a source format has to say so that the runner can import it.
 *
 * An importer knows where a tool keeps its recordings and how one of its records becomes events; it never touches a
 * store, and it remembers nothing between two runs. The runner (run.ts) reads the files, feeds every record from the
 * beginning, and writes what the store does not hold yet.
 */
import type { EventDraft, JsonObject } from "../event/index.ts";
import type { PriceTable } from "../pricing/index.ts";

export interface Importer {
  /** The source's name; also the `origin` of the sessions made from it, e.g. "claude-code". */
  readonly name: string;
  /** The folders in which this tool keeps its recordings, whether or not they exist. */
  defaultRoots(env: Record<string, string | undefined>, home: string): string[];
  /** Whether a file is one of this tool's recordings, by its path and its first records. */
  recognises(path: string, head: readonly JsonObject[]): boolean;
  /** A fresh translator for one file. Without prices, events carry only the costs the source itself reports. */
  translator(file: TranscriptFile, prices?: PriceTable): Translator;
}

export interface TranscriptFile {
  readonly path: string;
  /** The first records of the file (up to 1 MiB of it), for ids that are needed before the first event. */
  readonly head: readonly JsonObject[];
}

export interface Translator {
  /**
   * The events of one record, in order. Called with every record of the file, in file order, on every run: what it
   * returns may depend on what came before in the file, never on a clock or on an earlier run, because the runner
   * skips what the store already holds by position.
   */
  translate(record: JsonObject, at: RecordPosition): readonly Translated[];
}

/** Where a record begins in its file: byte offset from 0, line number from 1. */
export interface RecordPosition {
  /** Of the record's first byte: that of the line, except where several records are glued together on one. */
  readonly offset: number;
  readonly line: number;
}

export interface Translated {
  /** The same object for every event of the same session. */
  readonly session: ImportedSession;
  /** Without `timestamp` when the record has none: the runner infers it and says so. */
  readonly draft: EventDraft;
  /** The record's own id (uuid …), by which a second copy of the same file is recognised. */
  readonly sourceId?: string | undefined;
  /**
   * Names the call for copy detection over the whole store, from what stands on the event itself, so that it can be
   * told again from a stored event (stamp.ts): `tool:<call_id>` of a TOOL_CALL, `result:<call_id>` of a
   * TOOL_RESULT, `model:<call_id>:<metadata.request_id or nothing>` of a MODEL_RESPONSE; `prompt:<message>` of a
   * USER_MESSAGE, within its session only.
   */
  readonly copyKey?: string | undefined;
}

export interface ImportedSession {
  readonly id: string;
  readonly agent: string;
  /** The parent's session id, of a sub-agent. */
  readonly parent?: string;
  readonly title?: string;
  /** The folder the agent worked in. */
  readonly project?: string;
  /** RFC 3339. */
  readonly startedAt?: string;
}
