// Runs an example as a user would run it, in an empty folder, against the built package.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const EXAMPLES = path.join(import.meta.dirname, "..", "examples");
const CLI = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");
const TSX = path.join(import.meta.dirname, "..", "node_modules", "tsx", "dist", "loader.mjs");

export interface ExampleRun {
  stdout: string;
  stderr: string;
  /** The text of a file that the example made. */
  file: (name: string) => string;
  /** Types of the events in a file that the example made. */
  events: (file: string) => string[];
}

/** @param example its path in `examples` */
export async function runExample(example: string, check: (run: ExampleRun) => void): Promise<void> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  try {
    const [program, args] = example.endsWith(".sh") ? ["sh", []] : [process.execPath, ["--import", TSX]];
    const { stdout, stderr } = await promisify(execFile)(program, [...args, path.join(EXAMPLES, example)], {
      cwd,
      timeout: 60_000,
      env: { ...process.env, NO_COLOR: "1", TRACEKEEP: `${process.execPath} ${CLI}` },
    });
    const file = (name: string): string => fs.readFileSync(path.join(cwd, name), "utf8");
    const events = (name: string): string[] =>
      file(name)
        .split("\n")
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { event: string }).event);
    check({ stdout, stderr, file, events });
  } finally {
    fs.rmSync(cwd, { recursive: true });
  }
}
