// Vivarium's five constants, here as defaults of options.

import os from "node:os";
import path from "node:path";

import { SYNC_EVERY_EVENTS, SYNC_INTERVAL_MS } from "../store/append/durability.ts";

/** Where an AuditLog is that no path was given for: in the user's state folder (`$XDG_STATE_HOME`). */
export const DEFAULT_AUDIT_PATH: string = path.join(stateFolder(), "tracekeep", "audit-log", "audit.jsonl");

/** Size in bytes at which the log goes on in another file. Default of `rotateBytes`. */
export const ROTATION_SIZE_BYTES: number = 10 * 1024 * 1024;

/** Events after which the log is synced. Default of `syncEveryEvents`. */
export const FSYNC_EVERY_N_EVENTS: number = SYNC_EVERY_EVENTS;

/** How long an event waits for a sync at most, in milliseconds. Default of `syncIntervalMs`. */
export const FSYNC_INTERVAL_MS: number = SYNC_INTERVAL_MS;

/** The event types that Vivarium knows. Any other text is a type as well. */
export const EVENT_TYPES = [
  "nav",
  "brief",
  "cascade",
  "validation_fail",
  "budget",
  "skip",
  "trigger",
  "tldr",
  "tldr_auto_generated",
  "deep",
  "doc_sync",
  "commit_draft",
  "pr_snippet",
  "impact_analysis",
  "module_brief",
  "pr_synthesis",
  "roast_with_docs",
] as const;

// --- internal ---

function stateFolder(): string {
  const configured = process.env["XDG_STATE_HOME"] ?? "";
  return path.isAbsolute(configured) ? configured : path.join(os.homedir(), ".local", "state");
}
