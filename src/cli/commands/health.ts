// How well sessions went, and what cost points.

import { openReader } from "../../read/index.ts";
import { FindingsWatch, renderHealth, renderTable, formatShortId, printable } from "../../report/index.ts";
import type { Health } from "../../summary/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readProgress } from "../reader.ts";
import { reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

/** The score from which on a session is healthy: Sentinel's band "good". */
const HEALTHY_SCORE = 70;

export const health: Command = {
  name: "health",
  summary: "how well sessions went, 0 to 100, and what cost points",
  operands: { usage: "[SESSION]", min: 0, max: 1 },
  options: {
    agent: { kind: "text", value: "GLOB", about: "sessions of these agents: *, ?, [a-z]" },
    since: {
      kind: "text",
      value: "TIME",
      about: "by what happened since: RFC 3339, or how long ago (2h, 7d)",
    },
    last: { kind: "text", value: "N", about: "only the last N sessions" },
    json: { kind: "flag", about: "one JSON object a line for each session" },
  },
  examples: [
    ["health", "every session, the least healthy first; looks at every event, about 9 s a GB"],
    ["health 019b9f2e", "one session, and what cost points"],
    ["health --last 1 --json | jq .score", "for a script; the exit code is 3 below 70"],
  ],
  run,
};

interface Row extends Health {
  session_id: string;
  agent_id: string;
}

async function run(context: CommandContext): Promise<ExitCode> {
  const { stdout } = context;
  await upkeep(context);
  const watch = new FindingsWatch();
  const [session] = context.operands;
  const progress = readProgress(context);
  const found = openReader(context.place).sessions({
    session,
    agent: context.text("agent"),
    since: context.text("since"),
    // Those in which nothing happened take no place among the last ones.
    order: "newest",
    limit: context.count("last"),
    empty: session !== undefined,
    observe: (event) => watch.observe(event),
    signal: context.signal,
    onProgress: progress.onProgress,
  });
  const rows: Row[] = [];
  try {
    for await (const each of found) {
      const { session_id, agent_id } = each;
      rows.push({ session_id, agent_id, ...watch.take(each).health });
    }
  } finally {
    progress.clear();
  }
  rows.sort((left, right) => left.score - right.score);
  if (context.flag("json")) for (const row of rows) stdout.json(row);
  else for (const line of linesOf(rows, session !== undefined, stdout.lineColumns)) stdout.line(line);
  const code = reportSkipped(context, found.report);
  return rows.some(({ score }) => score < HEALTHY_SCORE) ? EXIT.findings : code;
}

// --- internal ---

function linesOf(rows: readonly Row[], one: boolean, columns: number): string[] {
  const [first] = rows;
  if (first === undefined) return ["No sessions. Record something, or try: tracekeep import"];
  if (one) return renderHealth(first.session_id, first);
  const cells = rows.map(({ session_id: id, agent_id: agent, score, band, points }) => [
    String(score),
    band,
    formatShortId(id),
    printable(agent),
    points
      .map(({ what, count }) => (count > 1 ? `${printable(what)} × ${count}` : printable(what)))
      .join(", "),
  ]);
  return renderTable(
    [
      { title: "health", align: "right" },
      { title: "" },
      { title: "session" },
      { title: "agent" },
      { title: "because of", shrinks: true },
    ],
    cells,
    columns,
  );
}
