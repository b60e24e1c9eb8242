// A proof for one line, in one file that stands alone: the line, its path to the sealed root, and the seal.

import { TracekeepError } from "../base/errors.ts";
import { decodeTombstone, encodeTlogProof, inclusionRanges, rootsOfRanges } from "../format/index.ts";
import type { Hash } from "../format/index.ts";
import { evidenceFiles } from "../store/layout.ts";
import { readLogLines } from "../store/reading/log-lines.ts";
import { leafOf } from "../store/sealing/log-tree.ts";
import { readNote } from "../store/sealing/seal-file.ts";
import { sessionPaths } from "../store/session/session-files.ts";
import { checkpointOf } from "./session-check.ts";

/**
 * Proves that line `seq` of a session stands in its log as it was sealed. Whoever has the store's public key can check
 * it with `tracekeep verify --check-proof`, or with any tool for c2sp.org/tlog-proof.
 *
 * @throws TracekeepError when the session or the line is not there, is not sealed, or was erased
 */
export function proveLine(dir: string, sessionId: string, seq: number): string {
  const files = sessionPaths(dir, sessionId);
  const [first] = files;
  const note = readNote(evidenceFiles(first).seal);
  const size = (note === undefined ? undefined : checkpointOf(note))?.size ?? 0;
  if (note === undefined || seq >= size)
    throw new TracekeepError(
      "REFUSED",
      `line ${seq} of ${sessionId} is not sealed: its seal covers ${size} lines`,
      { path: first, seq },
    );
  let proven: Buffer | undefined;
  const leaves = function* (): Generator<Hash> {
    for (const line of readLogLines(files)) {
      if (!("bytes" in line) || line.seq >= size) return;
      if (line.seq === seq) proven = Buffer.from(line.bytes);
      yield leafOf(line.bytes);
    }
  };
  const hashes = rootsOfRanges(leaves(), inclusionRanges(seq, size));
  if (proven === undefined || decodeTombstone(proven.toString("utf8")) !== undefined)
    throw new TracekeepError(
      "REFUSED",
      `line ${seq} of ${sessionId} is ${proven === undefined ? "gone" : "erased"}`,
      { path: first, seq },
    );
  return encodeTlogProof({ line: proven, index: seq, hashes, note });
}
