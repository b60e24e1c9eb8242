// The shell's way in: JSON Lines from standard input become events of a session.

import { TracekeepError } from "../../base/errors.ts";
import type { EventDraft } from "../../event/index.ts";
import { parseDuration } from "../../read/index.ts";
import { openStore } from "../../record/index.ts";
import type { Receipt, Session } from "../../record/index.ts";
import { plural, printable } from "../../report/text.ts";
import { DURABILITIES } from "../../store/append/durability.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { PendingReceipts } from "../pending-receipts.ts";
import { stdinLines } from "../stdin.ts";
import { UsageError } from "../usage-error.ts";

/** How often it is looked whether the disk takes nothing. */
const CHECK_EVERY_MS = 100;

/** Events whose receipts may be outstanding; beyond, standard input waits. */
const MAX_PENDING = 1_000;

export const append: Command = {
  name: "append",
  summary: "record JSON Lines from standard input into a session",
  options: {
    session: {
      kind: "text",
      value: "ID",
      about: "go on with this session, or start it (default: a new one, with the first event)",
    },
    agent: { kind: "text", value: "NAME", about: 'who acts (default "shell")' },
    durability: {
      kind: "text",
      value: "LEVEL",
      about: "os, interval or fsync: what a receipt means (default fsync)",
    },
    wait: {
      kind: "text",
      value: "TIME",
      about:
        "how long to wait while another process has the session, or the disk is full, e.g. 30s (default 5s)",
    },
    ack: { kind: "flag", about: "print a receipt for each event once it holds: {seq, id, session_id}" },
    end: {
      kind: "text",
      value: "[REASON]",
      without: "NORMAL",
      about: "end the session afterwards (default NORMAL)",
    },
  },
  examples: [
    [`append --session deploy-42 < events.jsonl`, "record a file"],
    [`append --session deploy-42 --end < /dev/null`, "end the session"],
    [`append --ack --agent nightly`, "one receipt a line on standard output"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const durability = context.choice("durability", DURABILITIES) ?? "fsync";
  const agent = context.text("agent") ?? "shell";
  const timeoutMs = waitMs(context.text("wait") ?? "5s");
  const store = openStore({ ...context.place, durability, handleSignals: false });
  let session: Session | undefined;
  const ack = context.flag("ack");
  let appended = 0;
  let refused = 0;
  let draining = false;
  // Receipts go out as soon as they hold, a batch at a time: who waits for one may not send the next event before.
  const receipts = new PendingReceipts((receipt) => {
    if (!ack) return;
    context.stdout.json(receiptLine(receipt));
    if (draining) return;
    draining = true;
    setImmediate(() => {
      draining = false;
      context.stdout.drain().catch(receipts.fail);
    });
  });
  const watch = watchForOutage(() => session, timeoutMs, receipts.fail);
  try {
    const id = context.text("session");
    // A script may append to one session from several processes at once, so each waits for its turn.
    if (id !== undefined)
      session = await store.openOrStartSessionWhenFree({ id, agent }, { timeoutMs, signal: context.signal });
    for await (const { text, line } of stdinLines(context.stdin, context.signal)) {
      if (text?.trim() === "") continue;
      const draft =
        text === undefined ? "longer than 64 MiB; nothing was recorded of this line" : parseDraft(text);
      if (typeof draft === "string") {
        refused++;
        context.stderr.line(`tracekeep: standard input, line ${line}: ${draft}`);
        await context.stderr.drain();
        continue;
      }
      appended++;
      // A session that nobody named begins with its first event, and without one there is none.
      session ??= store.startSession({ agent });
      receipts.add(session.append(draft));
      await receipts.untilAtMost(MAX_PENDING - 1);
      if (receipts.problem !== undefined) break;
    }
    await receipts.untilAtMost(0);
    const reason = context.text("end");
    if (reason !== undefined && receipts.problem === undefined && !context.signal.aborted)
      session?.end(reason);
  } finally {
    clearInterval(watch);
    try {
      store.close();
    } catch (error) {
      receipts.fail(error);
    }
  }
  // What waited was tried once more when the store was closed.
  await receipts.settled();
  const { problem, given } = receipts;
  const where = session === undefined ? "" : ` in session ${printable(session.id)}`;
  if (problem instanceof TracekeepError && appended > 0)
    context.stderr.line(`recorded ${given} of ${plural(appended, "event")}${where}`);
  if (problem !== undefined) throw problem;
  if (!ack && context.stderr.isTerminal) context.stderr.line(`recorded ${plural(appended, "event")}${where}`);
  if (context.signal.aborted) throw context.signal.reason;
  return refused > 0 ? EXIT.failed : EXIT.done;
}

// --- internal ---

function waitMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new UsageError(`--wait takes a time such as 0s, 30s or 2m, got "${text}"`);
  return Math.min(ms, 2 ** 31 - 1);
}

/**
 * What cannot be written is tried again as long as the process lives. The shell wants to know instead, once that has gone
 * on for so long. Until it is cleared the timer keeps the process alive, which nothing else does while it waits for a disk.
 */
function watchForOutage(
  session: () => Session | undefined,
  limitMs: number,
  onLasting: (error: TracekeepError) => void,
): NodeJS.Timeout {
  let sinceMs: number | undefined;
  return setInterval(() => {
    const { degraded = false, lastError } = session()?.status() ?? {};
    sinceMs = degraded ? (sinceMs ?? performance.now()) : undefined;
    if (sinceMs === undefined || lastError === undefined) return;
    if (performance.now() - sinceMs >= limitMs) onLasting(lastError);
  }, CHECK_EVERY_MS);
}

/** The event on a line, or what is wrong with it. */
function parseDraft(text: string): EventDraft | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON (${error instanceof Error ? error.message : "unreadable"}); nothing was recorded of this line`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return 'not a JSON object; an event is one, e.g. {"event":"CHECKPOINT","message":"built"}';
  }
  if (!("event" in value) || typeof value.event !== "string" || value.event === "") {
    return 'it has no "event"; name its type, e.g. {"event":"CHECKPOINT","message":"built"}';
  }
  return { ...value, event: value.event };
}

function receiptLine({ seq, id, sessionId }: Receipt): { seq: number; id: string; session_id: string } {
  return { seq, id, session_id: sessionId };
}
