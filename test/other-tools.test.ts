// jq, ripgrep, DuckDB and lnav read the logs as docs/export.md shows it. Its very command lines are run here, in a
// folder with a store; those of a tool that this machine does not have are passed over, with a line that says so.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openStore } from "../src/record/index.ts";

const ROOT = path.join(import.meta.dirname, "..");
const PAGE = fs.readFileSync(path.join(ROOT, "docs", "export.md"), "utf8");

/** What each of the page's command lines has to print for the store below, by a piece of it. */
const EXPECTED: Record<string, readonly [piece: string, output: RegExp][]> = {
  jq: [
    ["select(.severity", /^\{.*"event":"TOOL_RESULT".*"error":"exit 2".*\}\n\{.*"event":"ERROR".*\}\n$/],
    ["group_by", /"bash": 2/],
    ["cost_usd", /^0\.75\n$/],
  ],
  rg: [["rg", /^\.tracekeep\/session_.*"event":"ERROR".*\n$/]],
  duckdb: [
    ["GROUP BY", /TOOL_CALL.*2/],
    ["read_json", /0\.75/],
  ],
  lnav: [["lnav", /USER_MESSAGE,1\nAGENT_MESSAGE|TOOL_CALL,2/]],
};

const commands = [...PAGE.matchAll(/```sh other-tools\n([\s\S]*?)```/g)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .filter((line) => line !== "");

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
  const session = store.startSession({ id: "one", agent: "builder" });
  session.userMessage("is it green?");
  session.toolCall("bash", { command: "make" }).result("ok", { duration_ms: 12 });
  session.toolCall("bash", { command: "make test" }).error("exit 2");
  session.modelCall({ model: "m" }).result("no", { input_tokens: 1, output_tokens: 1, cost_usd: 0.75 });
  session.error("it is not");
  session.end();
  store.close();
  fs.mkdirSync(path.join(folder, "docs"));
  fs.copyFileSync(
    path.join(ROOT, "docs", "lnav-tracekeep.json"),
    path.join(folder, "docs", "lnav-tracekeep.json"),
  );
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** DuckDB as a library, for the same SQL where its command line is not there: what bench/read compares with. */
const DUCKDB = path.join(ROOT, "bench/read/node_modules/@duckdb/node-api");
const DUCKDB_SCRIPT = `
  const { DuckDBInstance } = require(${JSON.stringify(DUCKDB)});
  const sql = process.argv[1];
  void (async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    const rows = (await connection.runAndReadAll(sql)).getRowsJson();
    process.stdout.write(rows.map((row) => row.join(",")).join("\\n") + "\\n");
  })();
`;

function runLine(tool: string, line: string, isThere: boolean, env: NodeJS.ProcessEnv) {
  const options = { cwd: folder, encoding: "utf8", env } as const;
  if (tool !== "duckdb" || isThere) return spawnSync("sh", ["-c", line], options);
  const [, sql = ""] = /^duckdb -csv -c "(.*)"$/.exec(line) ?? [];
  return spawnSync(process.execPath, ["-e", DUCKDB_SCRIPT, sql], options);
}

describe.each(Object.entries(EXPECTED))("%s", (tool, expected) => {
  const isCommand = spawnSync(tool, [tool === "lnav" ? "-V" : "--version"]).status === 0;
  const isThere = isCommand || (tool === "duckdb" && fs.existsSync(DUCKDB));
  if (!isThere) console.log(`${tool} is not on this machine: its commands in docs/export.md are not checked`);

  it.skipIf(!isThere).each(expected)("reads the logs: %s", (piece, output) => {
    const lines = commands.filter((line) => line.startsWith(`${tool} `) && line.includes(piece));
    expect(lines, `one line of docs/export.md with ${piece}`).toHaveLength(1);
    const env = { ...process.env, HOME: folder, TERM: "xterm", XDG_CONFIG_HOME: path.join(folder, "config") };
    const { stdout, stderr, status } = runLine(tool, lines[0] ?? "", isCommand, env);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toMatch(output);
  });

  it("has no command on the page that is not checked here", () => {
    const own = commands.filter((line) => line.startsWith(`${tool} `));
    expect(own).toHaveLength(expected.length);
  });
});
