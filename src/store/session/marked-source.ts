// A log's file that is marked while it is read, so that most files are opened once and nothing of them is read twice.

import { FileSource } from "../reading/byte-source.ts";
import type { SessionLogFile } from "./catalog.ts";
import { checksumOfEdge, EDGE_BYTES } from "./file-mark.ts";
import type { FileMark } from "./file-mark.ts";

/** Only of files that fit into their reader's buffer; others are read as by a {@link FileSource}, and not marked. */
export class MarkedSource extends FileSource {
  #mark: FileMark | undefined;
  readonly #name: string;

  /** @throws TracekeepError when it cannot be opened */
  constructor({ path, name }: Pick<SessionLogFile, "path" | "name">) {
    super(path, 0);
    this.#name = name;
  }

  override read(into: Buffer, at: number): number {
    // Less than there was room for is all that there was.
    if (this.#mark !== undefined) return 0;
    const isFirst = this.used === 0;
    // Before its bytes: whoever changes those from now on makes another time of it.
    const modifiedMs = isFirst ? this.modifiedMs : 0;
    const count = super.read(into, at);
    if (isFirst && at + count < into.length) {
      const size = into.subarray(at, at + count).lastIndexOf(NEWLINE) + 1;
      const head = checksumOfEdge(into.subarray(at, at + Math.min(EDGE_BYTES, size)));
      const tail =
        size <= EDGE_BYTES ? head : checksumOfEdge(into.subarray(at + size - EDGE_BYTES, at + size));
      this.#mark = { name: this.#name, size, modified_ms: modifiedMs, head, tail };
    }
    return count;
  }

  /** What the file looked like, of which so many bytes were taken in; undefined when it has to be looked at for that. */
  markTo(offset: number): FileMark | undefined {
    return this.#mark?.size === offset ? this.#mark : undefined;
  }
}

// --- internal ---

const NEWLINE = 0x0a;
