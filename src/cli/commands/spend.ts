// Where the money went.

import { loadPrices, readPriceFile } from "../../pricing/index.ts";
import type { PriceTable } from "../../pricing/index.ts";
import { SPEND_KEYS, spendReport } from "../../metrics/index.ts";
import type { Charge } from "../../metrics/index.ts";
import { openReader } from "../../read/index.ts";
import { formatPlace, printable, renderSpend } from "../../report/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import type { ExitCode } from "../exit-codes.ts";
import { timesOf } from "../filters.ts";
import { reportPlaces } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";

export const spend: Command = {
  name: "spend",
  summary: "where the money went: by model, hour, session, agent or project",
  options: {
    by: { kind: "text", value: "KEY", about: `${SPEND_KEYS.join(", ")} (default model)` },
    since: {
      kind: "text",
      value: "TIME",
      about: "not before: RFC 3339 with an offset, or how long ago (1h is the last 60 minutes)",
    },
    until: { kind: "text", value: "TIME", about: "not after" },
    agent: { kind: "text", value: "GLOB", about: "only these agents: *, ?, [a-z]" },
    session: { kind: "text", value: "ID", about: "only this session" },
    explain: { kind: "flag", about: "list every record: whether it was counted, at what price, and why" },
    prices: {
      kind: "text",
      value: "FILE",
      about: "your prices before the built-in ones, in LiteLLM's or models.dev's shape",
    },
    reprice: { kind: "flag", about: "price everything anew by today's list; the log stays as it is" },
    json: { kind: "flag", about: "one JSON object; with --explain, one a line for each record first" },
  },
  examples: [
    ["spend --by project --since 30d", "the last 30 days, dearest project first"],
    ["spend --since 1h", "the last 60 minutes"],
    ["spend --prices prices.json", "price what the built-in list does not know"],
    ["spend --session 019b9f2e --explain", "how a session's bill comes about"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { stdout } = context;
  const by = context.choice("by", SPEND_KEYS) ?? "model";
  const json = context.flag("json");
  const explain = context.flag("explain");
  await upkeep(context);
  const report = await spendReport(openReader(context.place), {
    by,
    ...timesOf(context),
    agent: context.text("agent"),
    session: context.text("session"),
    prices: await pricesOf(context),
    reprice: context.flag("reprice"),
    signal: context.signal,
    ...(explain
      ? { onCharge: (charge) => (json ? stdout.json(charge) : stdout.line(chargeLine(charge))) }
      : {}),
  });
  if (json) stdout.json(report);
  else {
    if (explain) stdout.line();
    for (const line of renderSpend(report, by, stdout.lineColumns)) stdout.line(line);
  }
  return reportPlaces(context, report.skipped);
}

// --- internal ---

/** The built-in list takes 30 ms to load, so it is loaded for what needs it only. */
async function pricesOf(context: CommandContext): Promise<PriceTable | undefined> {
  const file = context.text("prices");
  if (file === undefined && !context.flag("reprice") && !context.flag("explain")) return undefined;
  const listed = await loadPrices();
  return file === undefined ? listed : readPriceFile(file, listed);
}

function chargeLine(charge: Charge): string {
  const { tokens } = charge;
  const usd = (amount: number | null): string => (amount === null ? "–" : `$${amount.toFixed(6)}`);
  const used = `${tokens.input} in, ${tokens.cache_read} cached, ${tokens.cache_write} to cache, ${tokens.output} out`;
  const both = charge.reported_usd === null ? "" : `; reported, by price list ${usd(charge.computed_usd)}`;
  return (
    `${formatPlace(charge.session_id, charge.seq).padEnd(14)} ${charge.counted ? "counted" : "left out"}  ` +
    `${usd(charge.cost_usd).padStart(11)}  ${printable(charge.model ?? "(unnamed)")}: ${used}; ${printable(charge.reason)}${both}`
  );
}
