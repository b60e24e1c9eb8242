// Whether a tool may still be used, as a hook asks it: what was spent is looked up, and once a budget is used up the host
// is told to refuse, and why. Only hooks installed with `--enforce-budgets` load this. It refuses for no other reason: whatever goes
// wrong here lets the call pass.

import * as fs from "node:fs";
import path from "node:path";

import { foldSpool, hasNews } from "../import/index.ts";
import { gate } from "../metrics/index.ts";
import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { SPOOL_DIRECTORY, SPOOL_STATE } from "../store/layout.ts";
import { readSettings } from "../store/lifecycle/settings.ts";
import type { ToolQuestion } from "./hook.ts";

/** Answers on standard output, in the words of Claude Code's PreToolUse hook; says nothing when the call may be made. Never throws. */
export async function answerToolUse(question: ToolQuestion): Promise<void> {
  try {
    const reason = await refusalOf(question);
    if (reason === undefined) return;
    const hookSpecificOutput = {
      hookEventName: "PreToolUse",
      permissionDecision: "deny",
      permissionDecisionReason: reason,
    };
    fs.writeSync(STANDARD_OUTPUT, `${JSON.stringify({ hookSpecificOutput })}\n`);
  } catch {
    // A budget that cannot be looked up stops nobody.
  }
}

// --- internal ---

const STANDARD_OUTPUT = 1;
/** What was spent is taken from the transcripts at most so often, and for no longer than this at a time. */
const FOLD_EVERY_MS = 10_000;
const FOLD_MS = 3000;

async function refusalOf({ storeDir, sessionId }: ToolQuestion): Promise<string | undefined> {
  const { session_usd: session, hour_usd: hour, day_usd: day } = readSettings(storeDir).budgets;
  if (session === null && hour === null && day === null) return undefined;
  await takeInCosts(storeDir);
  const limits = { sessionUsd: session ?? undefined, hourUsd: hour ?? undefined, dayUsd: day ?? undefined };
  const { allowed, reason } = gate(openReader({ dir: storeDir }), limits, { session: sessionId });
  return allowed ? undefined : `Tracekeep: ${reason} (budgets in ${path.join(storeDir, "settings.json")})`;
}

/** Hooks do not tell what a model call costs; transcripts do. */
async function takeInCosts(dir: string): Promise<void> {
  const folded = fs.statSync(path.join(dir, SPOOL_DIRECTORY, SPOOL_STATE), { throwIfNoEntry: false });
  if (folded !== undefined && Date.now() - folded.mtimeMs < FOLD_EVERY_MS) return;
  if (!hasNews(dir)) return;
  try {
    const options = { durability: "os", handleSignals: false, keepSchedule: false } as const;
    const store = openStore({ dir, ...options, onFault: () => undefined });
    try {
      await foldSpool(store, { signal: AbortSignal.timeout(FOLD_MS) });
    } finally {
      store.close();
    }
  } catch {
    // Busy, or too much for the time: what is known already is asked.
  }
}
