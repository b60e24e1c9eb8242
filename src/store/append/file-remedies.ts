// What the owner of a file can do about it when it cannot be written to any more.

import type { TracekeepError } from "../../base/errors.ts";
import type { OpenFile } from "../disk/open-file.ts";
import type { Outage } from "./outage.ts";
import type { Spill } from "./spill.ts";

/** Lines that must not be lost with the file they are in, or were meant for, in order. */
export interface Tail {
  lines: number;
  bytes: Iterable<Uint8Array>;
}

/** Another file that was begun. */
export interface Begun {
  file: OpenFile;
  /** Its first line. */
  header: Buffer;
  /** All that is in it, and its name, are on the medium. */
  isDurable: boolean;
}

/** What may be done about a file that fails. Without any of it, lines are refused, and a failed sync is the end. */
export interface FileRemedies {
  /** Begins another file when this one must not be written to any more, with the tail in it, and on the medium. */
  replace?: ((tail: Tail, failure: TracekeepError) => Begun) | undefined;
  /** Makes the file again whose name was deleted, and all that was in it. */
  restore?: ((file: OpenFile) => OpenFile) | undefined;
  /** Where lines wait that cannot be written. */
  spill?: Spill | undefined;
  /** Writing works again: whatever is to be said about it may be put. */
  onRecovering?: ((outage: Outage) => void) | undefined;
}

/** One after the other. */
export function* concat(...all: Iterable<Uint8Array>[]): Generator<Uint8Array, void, undefined> {
  for (const each of all) yield* each;
}
