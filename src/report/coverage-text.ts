// What each witness saw, for people.

import type { Coverage, WitnessedCalls } from "./coverage.ts";
import { formatShortId } from "./event-text.ts";
import { renderTable } from "./table.ts";
import { formatCount, plural, printable } from "./text.ts";

/** @example "142 of 145 tool calls seen twice; 3 only in the transcript; 1 session with no SessionEnd" */
export function coverageText(coverage: Coverage): string {
  return partsOf(coverage).join("; ");
}

/** All of it as lines. */
export function renderCoverage(coverage: Coverage, columns: number): string[] {
  if (coverage.sessions === 0) return ["No hooks have recorded here. Try: tracekeep install claude-code"];
  const parts = partsOf(coverage).map((part) => `  ${part}`);
  const lines = [`${plural(coverage.sessions, "session")} with hooks`, ...parts, ""];
  const counts = Object.entries(coverage.hook_events).sort(([, left], [, right]) => right - left);
  lines.push(
    ...renderTable(
      [
        { title: "Hook", shrinks: true },
        { title: "calls", align: "right" },
      ],
      counts.map(([name, count]) => [printable(name), formatCount(count)]),
      columns,
    ),
  );
  if (coverage.gaps.length === 0) return lines;
  lines.push(
    "",
    ...renderTable(
      [{ title: "Session" }, { title: "not covered", shrinks: true }],
      coverage.gaps.map(({ session_id: id, calls, missing }) => [
        formatShortId(id),
        [...(calls.only_hooks + calls.only_transcript > 0 ? [callsText(calls)] : []), ...missing].join("; "),
      ]),
      columns,
    ),
  );
  return lines;
}

// --- internal ---

function partsOf({ calls, without_end: noEnd, without_transcript: noTranscript }: Coverage): string[] {
  const parts = [callsText(calls)];
  if (noEnd > 0) parts.push(`${plural(noEnd, "session")} with no SessionEnd`);
  if (noTranscript > 0) parts.push(`${plural(noTranscript, "session")} with no transcript`);
  return parts;
}

function callsText({ both, only_hooks: hooks, only_transcript: transcript }: WitnessedCalls): string {
  const all = both + hooks + transcript;
  const parts = [`${formatCount(both)} of ${plural(all, "tool call")} seen twice`];
  if (transcript > 0) parts.push(`${formatCount(transcript)} only in the transcript`);
  if (hooks > 0) parts.push(`${formatCount(hooks)} only by hooks`);
  return parts.join("; ");
}
