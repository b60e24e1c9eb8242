// Puts what a benchmark has measured into docs/performance.md.

import * as fs from "node:fs";
import path from "node:path";

import { format } from "prettier";

const DOCUMENT = path.join(import.meta.dirname, "../docs/performance.md");

/** Replaces what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`. @throws Error when they are not there */
export async function writeSection(name: string, report: string): Promise<void> {
  const text = fs.readFileSync(DOCUMENT, "utf8");
  const [beginMark, endMark] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [text.indexOf(beginMark), text.indexOf(endMark)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no ${beginMark} … ${endMark}`);
  const changed = `${text.slice(0, begin)}${beginMark}\n\n${report}\n\n${text.slice(end)}`;
  fs.writeFileSync(DOCUMENT, await format(changed, { parser: "markdown", printWidth: 110 }));
}
