// Takes the content of one event out of the record, for good and visibly: a tombstone stays, and the ledger says why.

import { openReader } from "../../read/index.ts";
import { printable } from "../../report/index.ts";
import { nodeDisk } from "../../store/disk/disk.ts";
import { Ledger } from "../../store/ledger/ledger.ts";
import { eraseLine, findErasable } from "../../store/lifecycle/erase.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { parseLineName } from "../line-name.ts";
import { UsageError } from "../usage-error.ts";

export const erase: Command = {
  name: "erase",
  summary: "take one event's content out of the record, visibly",
  operands: { usage: "SESSION:SEQ", min: 1, max: 1 },
  options: {
    reason: {
      kind: "text",
      value: "TEXT",
      about: "why, for the ledger; without anything that was to be erased",
    },
    "dry-run": { kind: "flag", about: "say what would be erased, and change nothing" },
    json: {
      kind: "flag",
      about: "print one JSON object: dry_run, session_id, seq, event, timestamp, bytes, file, reason",
    },
  },
  examples: [
    ["erase 019b9f2e-…:17 --reason 'GDPR request 42' --dry-run", "look first"],
    [
      "erase 019b9f2e-…:17 --reason 'GDPR request 42'",
      "the line becomes a tombstone; seals and proofs of all others stay valid",
    ],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { session: name, seq } = parseLineName("erase", context.operands[0] ?? "");
  const reason = context.text("reason");
  if (reason === undefined || reason === "")
    throw new UsageError("erase needs --reason TEXT: the ledger keeps it");
  const dir = findStore(context.place);
  const session = sessionOf(dir, name, seq);
  const erasable = findErasable(dir, session, seq);
  const { event, length, file } = erasable;
  const dryRun = context.flag("dry-run");
  const what = `${printable(event.event)} of ${event.timestamp}, line ${seq} of session ${printable(session)}, ${length} bytes`;
  if (!dryRun) {
    const ledger = new Ledger(dir, (error) => {
      throw error;
    });
    ledger.beginSealing(context.env);
    try {
      await eraseLine(nodeDisk, ledger, erasable, reason);
    } finally {
      ledger.close();
    }
  }
  const { stdout } = context;
  if (context.flag("json")) {
    const { event: type, timestamp } = event;
    stdout.json({
      dry_run: dryRun,
      session_id: session,
      seq,
      event: type,
      timestamp,
      bytes: length,
      file,
      reason,
    });
  } else {
    stdout.line(`${dryRun ? "would erase" : "erased"} ${what}`);
    if (!dryRun)
      stdout.line("Copies made before (exports, backups, sinks beside the store) are not reached.");
  }
  await stdout.drain();
  return EXIT.done;
}

// --- internal ---

/**
 * What is erased does not come back, so a session is named by its whole id: a beginning may be that of another one
 * tomorrow, when the one that was meant is deleted.
 */
function sessionOf(dir: string, name: string, seq: number): string {
  const { session, matched } = openReader({ dir }).session(name);
  if (matched === "id") return name;
  throw new UsageError(`erase takes the whole id of a session; did you mean ${session.session_id}:${seq}?`);
}
