// What each part of the benchmark hands to the report: tables and checks against the targets of the design.

import type { Ratio } from "./rounds.ts";

export interface Plan {
  rounds: number;
  /** Shorter runs, to see that everything works; the figures mean little. */
  quick: boolean;
  /** Leaves out who is in no target: neither asked of us nor ever near the fastest. */
  targets: boolean;
  /** Runs only what has this in its name. */
  only: string | undefined;
}

export interface Section {
  title: string;
  /** Markdown: tables, and lines about what was skipped. */
  blocks: string[];
  checks: Check[];
}

/** One demand of the design's table of speeds (its first five rows), and how it is met. */
export interface Check {
  row: number;
  what: string;
  target: string;
  measured: string;
  passed: boolean;
}

/** A ratio that has to be large. Nothing is checked when it was not measured. */
export function atLeast(row: number, what: string, ratio: Ratio | undefined, limit: number): Check[] {
  return check(row, what, `≥ ${limit}`, ratio, (measured) => measured >= limit);
}

/** A ratio that has to be small. */
export function atMost(row: number, what: string, ratio: Ratio | undefined, limit: number): Check[] {
  return check(row, what, `≤ ${limit}`, ratio, (measured) => measured <= limit);
}

/** A Markdown table; its first column holds names, all others figures. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}

export function formatNumber(value: number, digits = 0): string {
  if (Number.isNaN(value)) return "";
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `2.41 (2.10–2.62)` */
export function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  const { median, least, most } = ratio;
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

// --- internal ---

function check(
  row: number,
  what: string,
  target: string,
  ratio: Ratio | undefined,
  holds: (measured: number) => boolean,
): Check[] {
  if (ratio === undefined) return [];
  return [{ row, what, target, measured: formatRatio(ratio), passed: holds(ratio.median) }];
}
