// The table of docs/integrity.md: a row for each suite, put in when it has come to its end.

import * as fs from "node:fs";
import path from "node:path";

import type { Outcome, Suite } from "./suite.ts";

const PAGE = path.join(import.meta.dirname, "..", "..", "docs", "integrity.md");
const END = "<!-- evidence:end -->";

/** Puts a suite's row in the place of the one before it, or at the end. */
export function writeRow({ name, about }: Suite, { samples, wrong, note = "" }: Outcome): void {
  const page = fs.readFileSync(PAGE, "utf8");
  const row = `| ${name} | ${about} | ${samples.toLocaleString("en")} | ${wrong} | ${note} |`;
  const old = page.split("\n").find((line) => line.startsWith(`| ${name} `));
  fs.writeFileSync(
    PAGE,
    old === undefined ? page.replace(`\n${END}`, `${row}\n\n${END}`) : page.replace(old, row),
  );
}
