// Puts what a benchmark found into docs/performance.md, between the markers of its section.

import * as fs from "node:fs";
import path from "node:path";

import { format } from "prettier";

const DOCUMENT = path.join(import.meta.dirname, "..", "docs", "performance.md");

/** @param section what stands in the markers: `<!-- section:begin -->` */
export async function writeSection(section: string, report: string): Promise<void> {
  const text = fs.readFileSync(DOCUMENT, "utf8");
  const [begin, end] = [`<!-- ${section}:begin -->`, `<!-- ${section}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no ${begin} … ${end}`);
  const changed = `${text.slice(0, from)}${begin}\n\n${report}\n\n${text.slice(to)}`;
  fs.writeFileSync(DOCUMENT, await format(changed, { parser: "markdown", printWidth: 110 }));
}
