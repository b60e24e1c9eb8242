// Ids for the records of a file, equal in every copy of it. A moved, renamed or copied transcript is then recognised
// record by record, also where its records have no id of their own.

import { createHash } from "node:crypto";

/** Hands out the ids of one file's records, which have to come in file order. */
export class RecordIds {
  #after = "";
  #count = 0;

  /**
   * The record's own id, or `#` and 64 bits of the SHA-256 of its bytes, a dot, and 32 bits of its place: which record
   * it is after the last one with an id. Equal records in different places (a mode set twice) stay apart by that.
   */
  next(own: string | undefined, bytes: Uint8Array): string {
    if (own !== undefined) {
      this.#after = own;
      this.#count = 0;
      return own;
    }
    this.#count++;
    return `${contentId(bytes)}.${digest(Buffer.from(`${this.#after} ${this.#count}`), 8)}`;
  }
}

/** Whether these bytes can be the record with that id. */
export function isRecord(id: string, bytes: Buffer): boolean {
  return id.startsWith("#") ? id.startsWith(`${contentId(bytes)}.`) : bytes.includes(id);
}

// --- internal ---

function contentId(bytes: Uint8Array): string {
  return `#${digest(bytes, 16)}`;
}

function digest(bytes: Uint8Array, digits: number): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, digits);
}
