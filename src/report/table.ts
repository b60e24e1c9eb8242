// Aligned columns for a terminal.

import { fitText, padText, textWidth } from "./text.ts";

export interface Column {
  title: string;
  align?: "left" | "right";
  /** This column gives way when the table is wider than the terminal. At most one column of a table does. */
  shrinks?: boolean;
}

/** Between two columns. */
const GAP = "  ";
/** A column that gives way keeps at least so much. */
const MIN_COLUMNS = 8;

/**
 * Lines of a table: titles first, unless none has a text. Cells are printable text; one that gives way is cut with `…`.
 *
 * @param columns width of the terminal
 */
export function renderTable(
  spec: readonly Column[],
  rows: readonly (readonly string[])[],
  columns: number,
): string[] {
  const titles = spec.map(({ title }) => title);
  const lines = titles.some((title) => title !== "") ? [titles, ...rows] : rows;
  const widths = spec.map((_, at) => Math.max(0, ...lines.map((line) => textWidth(line[at] ?? ""))));
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (spec.length - 1);
  const shrinking = spec.findIndex(({ shrinks }) => shrinks === true);
  if (total > columns && shrinking >= 0) {
    widths[shrinking] = Math.max(MIN_COLUMNS, (widths[shrinking] ?? 0) - (total - columns));
  }
  return lines.map((line) =>
    spec
      .map(({ align }, at) => padText(fitText(line[at] ?? "", widths[at] ?? 0), widths[at] ?? 0, align))
      .join(GAP)
      .trimEnd(),
  );
}
