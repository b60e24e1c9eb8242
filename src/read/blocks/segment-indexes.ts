// The block indexes that a store has, by their segments.

import * as fs from "node:fs";

import { listIndexFiles, readIndexFile } from "../../store/disk/index-file.ts";
import { BLOCKS_SUFFIX } from "../../store/layout.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { isCompressed } from "../../store/session/file-mark.ts";
import { buildBlockIndex } from "./block-builder.ts";
import { openBlockIndex, MIN_INDEXED_BYTES } from "./block-index.ts";
import type { BlockIndex } from "./block-index.ts";

export class SegmentIndexes {
  readonly #dir: string;
  /** Most segments are too short to have one, so they are not looked for one by one. */
  readonly #names: ReadonlySet<string>;

  constructor(dir: string) {
    this.#dir = dir;
    this.#names = new Set(listIndexFiles(dir).filter((name) => name.endsWith(BLOCKS_SUFFIX)));
  }

  /** What is known of a segment, if that still holds. */
  find(file: SessionLogFile): BlockIndex | undefined {
    const name = indexName(file);
    if (!this.#names.has(name)) return undefined;
    return openBlockIndex(this.#dir, name, file);
  }

  /** Whether a segment's index holds, and is not what its lines give. One that is behind them says nothing. */
  isWrong(file: SessionLogFile): boolean {
    const known = this.find(file);
    if (known === undefined || fs.statSync(file.path).size !== known.mark.size) return false;
    return readIndexFile(this.#dir, indexName(file))?.equals(buildBlockIndex(file) ?? NOTHING) === false;
  }

  /** Files of the index that are to be written anew, with what they are to hold. */
  *outdated(files: readonly SessionLogFile[]): Generator<{ name: string; bytes: Buffer }, void, undefined> {
    for (const file of files) {
      const size = canHave(file) ? (fs.statSync(file.path, { throwIfNoEntry: false })?.size ?? 0) : 0;
      if (size < MIN_INDEXED_BYTES || size - (this.find(file)?.mark.size ?? 0) < MIN_INDEXED_BYTES) continue;
      const bytes = buildBlockIndex(file);
      if (bytes !== undefined) yield { name: indexName(file), bytes };
    }
  }

  /** Files of the index whose segments are gone. */
  orphans(files: readonly SessionLogFile[]): string[] {
    const wanted = new Set(files.map(indexName));
    return [...this.#names].filter((name) => !wanted.has(name));
  }
}

// --- internal ---

const NOTHING: Buffer = Buffer.alloc(0);

function indexName({ name }: SessionLogFile): string {
  return `${name}${BLOCKS_SUFFIX}`;
}

/** A segment that our writer made, and that is read as it is stored. */
function canHave({ path, format, foreign, headerSeq }: SessionLogFile): boolean {
  return format === 1 && foreign !== true && headerSeq === undefined && !isCompressed(path);
}
