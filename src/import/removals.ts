// What was taken out of the store on purpose: sessions that the retention policy deleted, and lines that were erased. The
// transcripts they came from may still be there, and importing those must not bring back what somebody decided against.

import path from "node:path";

import type { EventSource } from "../event/index.ts";
import { decodeLine } from "../format/index.ts";
import { LEDGER } from "../store/layout.ts";
import { LineCursor } from "../store/reading/line-reader.ts";

export class Removals {
  readonly #deleted = new Set<string>();
  readonly #erased = new Set<string>();

  /** Reads the ledger, about 1 GB/s. @param storeDir a store without a ledger has removed nothing */
  constructor(storeDir: string) {
    const lines = openLedger(storeDir);
    if (lines === undefined) return;
    try {
      while (lines.next()) this.#add(lines);
    } finally {
      lines.close();
    }
  }

  /** Whether parts of a session were deleted by a policy. */
  isDeleted(session: string): boolean {
    return this.#deleted.has(session);
  }

  /** Whether the event that came from there was erased. */
  isErased(session: string, source: EventSource): boolean {
    return this.#erased.size > 0 && this.#erased.has(keyOf(session, source));
  }

  // --- internal ---

  #add({ tooLong, buffer, start, end }: LineCursor): void {
    if (
      tooLong ||
      !HEADS.some((head) => buffer.compare(head, 0, head.length, start, start + head.length) === 0)
    )
      return;
    const decoded = decodeLine(buffer.subarray(start, end));
    if (decoded.kind !== "event") return;
    const { event, session_id: session, source } = decoded.event;
    if (event === "SEGMENT_DELETED") this.#deleted.add(session);
    else if (source !== undefined) this.#erased.add(keyOf(session, source));
  }
}

// --- internal ---

const HEADS: readonly Buffer[] = ["SEGMENT_DELETED", "ERASED"].map((type) =>
  Buffer.from(`{"event":"${type}"`),
);

/** By the record's own id where it has one: its file may have been moved. */
function keyOf(session: string, { file, offset, id, part }: EventSource): string {
  return JSON.stringify([session, id ?? [file, offset], part ?? null]);
}

function openLedger(storeDir: string): LineCursor | undefined {
  try {
    return new LineCursor(path.join(storeDir, LEDGER));
  } catch {
    return undefined;
  }
}
