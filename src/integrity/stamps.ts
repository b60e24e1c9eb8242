// Time stamps of the ledger's seal: taking one in, and what those that were taken in prove.

import { createHash } from "node:crypto";
import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { LEDGER } from "../store/layout.ts";
import { readStamps, writeStamp } from "../store/sealing/stamp-files.ts";
import { firstStoreKey } from "../store/sealing/statements.ts";
import { checkpointOf } from "./session-check.ts";
import { checkTimeStamp } from "./time-stamp.ts";

/** What one time stamp proves: that the ledger's first `lines` lines, and all they vouch for, were there at `time`. */
export interface StampVerdict {
  name: string;
  /** RFC 3339; empty when it does not hold. */
  time: string;
  /** Who stamped it, by the certificate; empty when it does not hold. */
  authority: string;
  lines: number;
  /** Whether the certificate leads to one of those given; null when none was given, and then anybody may have made it. */
  chained: boolean | null;
  /** What is wrong with it; empty when nothing is. */
  reason: string;
}

/**
 * Keeps a time stamp of a seal in the store, after it has been checked.
 *
 * @param token what the authority answered
 * @param note the ledger's seal that was stamped, as `--anchor` prints it
 * @param authorities certificates of authorities, as PEM
 * @throws TracekeepError `REFUSED` when it does not hold
 */
export function attachStamp(dir: string, token: Buffer, note: string, authorities?: string): StampVerdict {
  const hash = createHash("sha256").update(note).digest("hex");
  const name = `${String(checkpointOf(note)?.size ?? 0).padStart(9, "0")}-${hash.slice(0, 8)}`;
  const verdict = verdictOf({ name, note, token }, authorities);
  const storeId = firstStoreKey(path.join(dir, LEDGER))?.name;
  if (verdict.reason === "" && checkpointOf(note)?.origin !== storeId)
    verdict.reason = "what was stamped is no seal of this store";
  if (verdict.reason !== "")
    throw new TracekeepError("REFUSED", `the time stamp does not hold: ${verdict.reason}`, {
      path: dir,
      hint: "stamp what `tracekeep verify --anchor > anchor.txt` wrote, and give that file with --since",
    });
  writeStamp(nodeDisk, dir, { name, note, token });
  return verdict;
}

/** The time stamps of a store, each with the seal it is of. Those that hold are seals that the ledger must have grown from. */
export function checkStamps(
  dir: string,
  authorities: string | undefined,
): { verdict: StampVerdict; note: string }[] {
  return readStamps(dir).map((files) => ({ verdict: verdictOf(files, authorities), note: files.note }));
}

// --- internal ---

function verdictOf(
  { name, note, token }: { name: string; note: string; token: Buffer },
  authorities: string | undefined,
): StampVerdict {
  const lines = checkpointOf(note)?.size;
  const bad = (reason: string): StampVerdict => {
    return { name, time: "", authority: "", lines: lines ?? 0, chained: null, reason };
  };
  if (lines === undefined) return bad("what was stamped is not a seal");
  const stamp = checkTimeStamp(token, Buffer.from(note), authorities);
  if (stamp.kind === "bad") return bad(stamp.reason);
  const { time, authority, chained = null } = stamp;
  const reason = chained === false ? "its certificate does not lead to one of those given" : "";
  return { name, time, authority, lines, chained, reason };
}
