// The figures, printed and put into docs/performance.md.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { markdownTable } from "./section.ts";
import type { Check, Plan, Section } from "./section.ts";

/** All sections as Markdown: what was measured where, the checks, then the tables. */
export function reportOf(sections: readonly Section[], plan: Plan): string {
  const checks = sections.flatMap((section) => section.checks).toSorted((a, b) => a.row - b.row);
  const parts = sections
    .filter(({ blocks }) => blocks.length > 0)
    .map(({ title, blocks }) => `### ${title}\n\n${blocks.join("\n\n")}`);
  return [circumstances(plan), "### Targets\n\n" + checksTable(checks), ...parts].join("\n\n");
}

// --- internal ---

function circumstances({ rounds, quick }: Plan): string {
  const cpu = os.cpus()[0]?.model ?? "unknown processor";
  const gigabytes = Math.round(os.totalmem() / 2 ** 30);
  const machine = `${cpu}, ${os.cpus().length} cores, ${gigabytes} GiB, ${os.type()} ${os.release()}`;
  return (
    `Measured on: ${machine}; Node ${process.versions.node}; ${rounds} round${rounds === 1 ? "" : "s"}` +
    `${quick ? ", `--quick`: shorter runs, figures to see that it works and no more" : ""}. Against: ${versions()}.`
  );
}

function versions(): string {
  const file = path.join(import.meta.dirname, "package.json");
  const { dependencies, optionalDependencies } = JSON.parse(fs.readFileSync(file, "utf8")) as Record<
    string,
    Record<string, string>
  >;
  return Object.entries({ ...dependencies, ...optionalDependencies })
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}

function checksTable(checks: readonly Check[]): string {
  if (checks.length === 0) return "(nothing that has a target was measured)";
  return markdownTable(
    ["what", "target", "measured (least–most)", ""],
    checks.map(({ row, what, target, measured, passed }) => [
      `${row}. ${what}`,
      target,
      measured,
      passed ? "PASS" : "FAIL",
    ]),
  );
}
