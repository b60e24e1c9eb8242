// Chooses a retention policy and enforces it, or shows what that would do.

import { nearestName } from "../../base/nearest.ts";
import {
  formatBytes,
  formatCount,
  formatMinute,
  plural,
  printable,
  renderTable,
} from "../../report/index.ts";
import { changeSettings } from "../../store/lifecycle/enforcement.ts";
import { KEEP_EVERYTHING, policyName, PRESETS } from "../../store/lifecycle/policy.ts";
import type { RetentionPolicy } from "../../store/lifecycle/policy.ts";
import { retain as enforce } from "../../store/lifecycle/retain.ts";
import type { RetentionReport } from "../../store/lifecycle/retain.ts";
import { mergeSettings, readSettings } from "../../store/lifecycle/settings.ts";
import type { SettingsChange } from "../../store/lifecycle/settings.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { UsageError } from "../usage-error.ts";

export const retain: Command = {
  name: "retain",
  summary: "archive and delete what the retention policy says",
  options: {
    "dry-run": { kind: "flag", about: "show what would go and why, and change nothing" },
    policy: { kind: "text", value: "NAME", about: `choose a policy: ${Object.keys(PRESETS).join(", ")}` },
    set: {
      kind: "texts",
      value: "KEY=VALUE",
      about: `change a setting of it: ${Object.keys(KEEP_EVERYTHING).join(", ")}; "none" for no limit`,
    },
    json: { kind: "flag", about: "print one JSON object: policy, dry_run, steps[], deferred" },
  },
  examples: [
    ["retain --policy dev --dry-run", "what Sentinel's 7 and 30 days would do here"],
    ["retain --policy six-months", "choose a policy and enforce it; it stays in force"],
    ["retain --set archive_max_size_mb=500", "change one setting"],
    ["retain", "enforce what is in force now"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const dir = findStore(context.place);
  const dryRun = context.flag("dry-run");
  const change = changeOf(context);
  const settings = checked(() =>
    change === undefined ? readSettings(dir) : mergeSettings(readSettings(dir), change),
  );
  if (change !== undefined && !dryRun) await changeSettings(dir, change);
  const report = await enforce(dir, settings, { dryRun, signal: context.signal });
  if (context.flag("json")) context.stdout.json(report);
  else print(context, report, settings.retention);
  await context.stdout.drain();
  context.signal.throwIfAborted();
  return report.steps.some(({ error }) => error !== null) ? EXIT.failed : EXIT.done;
}

// --- internal ---

function changeOf(context: CommandContext): SettingsChange | undefined {
  const policy = context.choice("policy", Object.keys(PRESETS));
  const sets = context.texts("set");
  if (policy === undefined && sets.length === 0) return undefined;
  const change: Record<string, unknown> = { ...(policy === undefined ? {} : PRESETS[policy]) };
  for (const text of sets) {
    const at = text.indexOf("=");
    const [key, value] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
    if (!Object.hasOwn(KEEP_EVERYTHING, key)) {
      const nearest = nearestName(key, Object.keys(KEEP_EVERYTHING));
      const help = nearest === undefined ? "" : `; did you mean ${nearest}=${value}?`;
      throw new UsageError(`--set takes KEY=VALUE with a setting's name, got "${text}"${help}`);
    }
    change[key] = valueOf(value);
  }
  return { retention: change };
}

function valueOf(text: string): unknown {
  if (text === "none") return null;
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** What is wrong with settings given on the command line is wrong usage. */
function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

const right = { align: "right" } as const;

function print({ stdout }: CommandContext, report: RetentionReport, policy: RetentionPolicy): void {
  const { steps, deferred, dry_run: dryRun } = report;
  stdout.line(`Policy ${report.policy}: ${policyText(policy)}`);
  if (deferred !== null) {
    stdout.line(`Nothing is deleted in this run: ${deferred}.`);
    stdout.line("If the clock is right, run it again in an hour, or leave it to the schedule.");
  }
  if (steps.length === 0) {
    stdout.line("Nothing to archive or delete.");
    return;
  }
  const rows = steps.map(
    ({ action, file, bytes, archived_bytes: archived, last_at: lastAt, reason, error }) => [
      error === null ? verb(action, dryRun) : "failed",
      printable(file),
      formatBytes(bytes),
      archived === null ? "" : formatBytes(archived),
      formatMinute(lastAt),
      error ?? reason,
    ],
  );
  const columns = [
    { title: "" },
    { title: "segment" },
    { title: "size", ...right },
    { title: "in archive", ...right },
    { title: "last event (UTC)" },
    { title: "why", shrinks: true },
  ];
  for (const line of renderTable(columns, rows, stdout.lineColumns)) stdout.line(line);
  const done = steps.filter(({ error }) => error === null);
  const [moved, deleted] = ["archive", "delete"].map((what) => done.filter(({ action }) => action === what));
  const failed = steps.length - done.length;
  stdout.line(
    `${dryRun ? "Would archive" : "Archived"} ${plural(moved?.length ?? 0, "segment")}, ` +
      `${dryRun ? "delete" : "deleted"} ${formatCount(deleted?.length ?? 0)}` +
      (failed > 0 ? `, ${formatCount(failed)} failed and left as they are` : ""),
  );
}

function verb(action: string, dryRun: boolean): string {
  return dryRun ? `would ${action}` : `${action}d`;
}

function policyText(policy: RetentionPolicy): string {
  if (policyName(policy) === "keep") return "everything is kept where it is";
  const limit = (value: number | null, unit: string): string => (value === null ? "any" : `${value} ${unit}`);
  return (
    `active up to ${limit(policy.active_retention_days, "days")}, ${limit(policy.active_max_size_mb, "MiB")}; ` +
    `in all up to ${limit(policy.archive_retention_days, "days")}, archive ${limit(policy.archive_max_size_mb, "MiB")}; ` +
    policy.rotation_schedule
  );
}
