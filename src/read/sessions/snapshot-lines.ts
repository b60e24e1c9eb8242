// The lines of the groups in a snapshot of the sessions: those of one kind stand together, so that whoever asks for one
// kind reads no other, and are read from the group on that is asked for: the last sessions stand at the end.

import { checksum32 } from "../../base/hash.ts";
import { readIndexFile } from "../../store/disk/index-file.ts";
import { INDEX_SNAPSHOT } from "../../store/layout.ts";
import type { GroupLines, LineKind } from "./snapshot-format.ts";

export class SnapshotLines {
  readonly #dir: string;
  readonly #groups: readonly GroupLines[];
  readonly #parts: readonly Part[];

  /** @param from where in the file they begin */
  constructor(dir: string, groups: readonly GroupLines[], from: number) {
    this.#dir = dir;
    this.#groups = groups;
    let end = from;
    this.#parts = KINDS.map((kind): Part => {
      const offsets = groups.map((group) => (end += group[2 * kind] ?? 0) - (group[2 * kind] ?? 0));
      return { offsets, end, from: end, bytes: NO_BYTES, isSound: [] };
    });
  }

  /** Whether a line is what was written. */
  isSound(group: number, kind: LineKind): boolean {
    const { isSound } = this.#parts[kind] ?? NO_PART;
    return (isSound[group] ??= checksum32(this.#bytes(group, kind)) === this.#groups[group]?.[2 * kind + 1]);
  }

  /** Undefined when it is damaged. */
  text(group: number, kind: LineKind): string | undefined {
    return this.isSound(group, kind) ? this.#bytes(group, kind).toString("utf8") : undefined;
  }

  // --- internal ---

  /** If the file is another one by now, its checksums are others as well. */
  #bytes(group: number, kind: LineKind): Buffer {
    const part = this.#parts[kind] ?? NO_PART;
    const from = part.offsets[group] ?? part.end;
    if (from < part.from) {
      part.bytes = readIndexFile(this.#dir, INDEX_SNAPSHOT, part.end - from, from) ?? NO_BYTES;
      part.from = from;
    }
    return part.bytes.subarray(from - part.from, from - part.from + (this.#groups[group]?.[2 * kind] ?? 0));
  }
}

// --- internal ---

/** All lines of a kind. */
interface Part {
  /** Where in the file each group's begins, and where the last one ends. */
  readonly offsets: readonly number[];
  readonly end: number;
  /** What was read of them, up to their end. */
  from: number;
  bytes: Buffer;
  /** Of those that were asked for. */
  readonly isSound: (boolean | undefined)[];
}

const KINDS: readonly LineKind[] = [0, 1, 2];
const NO_BYTES: Buffer = Buffer.alloc(0);
const NO_PART: Part = { offsets: [], end: 0, from: 0, bytes: NO_BYTES, isSound: [] };
