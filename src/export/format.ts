// What a target format has to say so that sessions can be written in it.

import type { SessionEntry, StoredLine } from "../read/index.ts";

export interface ExportFormat {
  /** E.g. "markdown". */
  readonly name: string;
  /** Of the files it is written to, e.g. ".md". */
  readonly extension: string;
  /** Whether a file holds one session; the others take any number, one behind the other. */
  readonly oneSession: boolean;
  /** A fresh writer for one file. It is handed the sessions one after the other, each with its events in order. */
  writer(): FormatWriter;
}

/** Makes the text of one file. It touches no file itself and holds no more than an event at a time. */
export interface FormatWriter {
  begin(session: SessionEntry): string;
  put(line: StoredLine): string;
  end(): string;
  /** Events that the format has no place for, so far. */
  readonly leftOut?: number;
}
