// What an import did, as data.

/** Bytes of a file that could not be read, from `from` up to but not including `to`. */
export interface SkippedBytes {
  file: string;
  from: number;
  to: number;
  reason: string;
}

export interface ImportReport {
  /** Transcripts that were looked at. */
  files: number;
  /** Sessions in them. */
  sessions: number;
  events_added: number;
  /** Events of those transcripts that the store held already. */
  events_known: number;
  /** Sessions that the retention policy deleted from the store. They are left out unless they are asked for `again`. */
  sessions_deleted: string[];
  /** What could not be read. What is part of a transcript stands in its session as a GAP event, too. */
  skipped: SkippedBytes[];
  /** Last lines without a newline that are no whole record yet. The next import looks at them again. */
  unfinished: { file: string; from: number; to: number }[];
}

export function newReport(): ImportReport {
  return {
    files: 0,
    sessions: 0,
    events_added: 0,
    events_known: 0,
    sessions_deleted: [],
    skipped: [],
    unfinished: [],
  };
}

/** How far an import is; handed to `onProgress` now and then. */
export interface ImportProgress {
  file: string;
  files: number;
  filesDone: number;
  bytes: number;
  bytesDone: number;
}

/** A report in the making. */
export interface Tally {
  report: ImportReport;
  sessions: Set<string>;
  deleted: Set<string>;
}
