// Money for people.

import type { SpendKey, SpendReport, SpendRow } from "../metrics/index.ts";
import { renderTable } from "./table.ts";
import { formatCount, formatMinute, formatShort, formatUsd, plural, printable } from "./text.ts";

/** What rows call a model that the source does not name. */
const UNNAMED = "(unnamed)";

const right = { align: "right" } as const;

/** The table, its total, and what has to be said about them. */
export function renderSpend({ rows, total }: SpendReport, by: SpendKey, columns: number): string[] {
  if (rows.length === 0) return ["No model was used, and no money spent."];
  const spec = [
    { title: by, shrinks: true },
    { title: "calls", ...right },
    { title: "in", ...right },
    { title: "cached", ...right },
    { title: "to cache", ...right },
    { title: "out", ...right },
    { title: "cost", ...right },
  ];
  const lines = renderTable(
    spec,
    [...rows, { ...total, key: "total" }].map((row) => cellsOf(row, by)),
    columns,
  );
  const notes: string[] = [];
  if (total.unpriced.length > 0) {
    const models = total.unpriced.map(printable).join(", ");
    const hint = models === UNNAMED ? "the source names no model" : "give prices with --prices FILE";
    notes.push(`not priced: ${plural(total.unpriced_records, "record")} of ${models}; ${hint}`);
  }
  if (total.copies.records > 0) {
    notes.push(
      `not counted: ${plural(total.copies.records, "record")} copied into resumed or forked sessions` +
        (total.copies.cost_usd === null ? "" : ` (${formatUsd(total.copies.cost_usd)})`),
    );
  }
  if (total.reported_usd !== null && total.computed_usd !== null) {
    notes.push(
      `reported ${formatUsd(total.reported_usd)}; the same by price list ${formatUsd(total.computed_usd)}`,
    );
  }
  return notes.length === 0 ? lines : [...lines, "", ...notes];
}

// --- internal ---

function cellsOf(row: SpendRow, by: SpendKey): string[] {
  const isHour = by === "hour" && row.key !== "total";
  const cost = row.cost_usd === null ? "unpriced" : formatUsd(row.cost_usd);
  return [
    isHour ? formatMinute(row.key) : printable(row.key),
    formatCount(row.model_calls),
    formatShort(row.tokens.input),
    formatShort(row.tokens.cache_read),
    formatShort(row.tokens.cache_write),
    formatShort(row.tokens.output),
    cost + (row.cost_usd !== null && row.unpriced.length > 0 ? " +?" : ""),
  ];
}
