// The command line from the inside: every command is run as main.ts runs it, with streams and surroundings of ours.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runCli } from "../../test/run-cli.ts";
import type { Ran } from "../../test/run-cli.ts";
import { standardDetectors } from "../detect/index.ts";
import type { SpendReport } from "../metrics/index.ts";
import { openStore } from "../record/index.ts";
import type { StoreOptions } from "../record/index.ts";
import { textWidth } from "../report/index.ts";
import type { AuditReport } from "../report/index.ts";
import { temporaryBeside } from "../store/disk/temporary-file.ts";
import { COMMANDS } from "./commands.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const tracekeep = (argv: readonly string[], stdin?: string, signal?: AbortSignal): Promise<Ran> =>
  runCli(folder, argv, {
    ...(stdin === undefined ? {} : { stdin }),
    ...(signal === undefined ? {} : { signal }),
  });

function recordSomething(): void {
  const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
  const session = store.startSession({ id: "build-1", agent: "builder", title: "Build it", project: "/p" });
  session.userMessage("build");
  session.toolCall("bash", { command: "make" }).result({ exit_code: 0 }, { duration_ms: 1200 });
  session.toolCall("bash", { command: "make test" }).error("exit 2\u001b[31m");
  session
    .modelCall({ provider: "p", model: "m-1" })
    .result("done", { input_tokens: 1_000, output_tokens: 50, cost_usd: 0.25 });
  session.modelCall({ model: "m-2" }).result("done", { input_tokens: 10, output_tokens: 5 });
  session.end();
  const other = store.startSession({ id: "build-2", agent: "builder", parent: "build-1" });
  other.log({ event: "nav", files: ["読む.ts"] });
  other.close();
}

const NAMES = COMMANDS.map(({ name }) => name);

describe("every command", () => {
  it.each(NAMES)("%s has help with examples, and its own summary", async (name) => {
    const { code, out } = await tracekeep([name, "--help"]);
    expect(code).toBe(0);
    expect(out).toContain(COMMANDS.find((entry) => entry.name === name)?.summary);
    expect(out).toContain("examples:");
  });

  it.each(NAMES)(
    "%s refuses an option it does not have, a value where none belongs, and one value too many",
    async (name) => {
      for (const bad of [["--strcit"], ["--help=yes"], ["-x"], ["--dir"], ["--dir", "a", "--dir", "b"]]) {
        const { code, err, out } = await tracekeep([name, ...bad]);
        expect([bad, code]).toEqual([bad, 2]);
        expect(err).toMatch(/^tracekeep: /);
        expect(out).toBe("");
      }
      expect(fs.readdirSync(folder)).toEqual([]);
    },
  );

  it.each(["query", "append"])("help %s is the help of that command", async (name) => {
    expect(await tracekeep(["help", name])).toEqual(await tracekeep([name, "--help"]));
    expect((await tracekeep(["help", "qurey"])).err).toContain("did you mean query?");
  });

  it("of the examples in the help begins with the command that it is about", async () => {
    for (const name of NAMES) {
      const { out } = await tracekeep([name, "--help"]);
      const examples = out.slice(out.indexOf("examples:")).match(/^ {2}tracekeep .*$/gm) ?? [];
      expect(examples.length).toBeGreaterThan(0);
      for (const line of examples) expect(line).toMatch(new RegExp(`^  tracekeep ${name}\\b`));
    }
  });

  const OPERANDS: Record<string, string[]> = {
    show: ["show", "x"],
    replay: ["replay", "x"],
    export: ["export", "jsonl"],
    erase: ["erase", "x:1", "--reason", "r"],
  };

  it.each(NAMES.filter((name) => !["append", "import", "hook", "install"].includes(name)))(
    "%s without a store says so and what to do, and creates none",
    async (name) => {
      const { code, err, out } = await tracekeep(OPERANDS[name] ?? [name]);
      expect(code).toBe(name === "doctor" ? 3 : 1);
      expect(err + out).toContain("no .tracekeep here or in a folder above");
      expect(err + out).toContain("--dir");
      expect(fs.readdirSync(folder)).toEqual([]);
    },
  );

  it.each(["sessions", "index", "doctor --fix", "retain --policy dev", "watch --once"])(
    "%s does not take a project's folder for a store, and leaves its files as they are",
    async (command) => {
      recordSomething();
      fs.writeFileSync(path.join(folder, ".gitignore"), "dist\n");
      fs.writeFileSync(path.join(folder, "build.sh"), "#!/bin/sh\n", { mode: 0o755 });
      const before = fs.readdirSync(folder);
      const { code, err } = await tracekeep([...command.split(" "), "--dir", folder]);
      expect(code).toBe(1);
      expect(err).toContain(
        `there is no store at ${folder}\n  did you mean ${path.join(folder, ".tracekeep")}?`,
      );
      expect(fs.readdirSync(folder)).toEqual(before);
      expect(fs.statSync(path.join(folder, "build.sh")).mode & 0o777).toBe(0o755);
    },
  );

  it("does not take the folder of the user's keys for a store", async () => {
    const keys = path.join(folder, "state", "tracekeep", "keys");
    fs.mkdirSync(keys, { recursive: true });
    fs.mkdirSync(path.join(folder, "elsewhere"));
    const run = (argv: readonly string[]): Promise<Ran> =>
      runCli(path.join(folder, "elsewhere"), argv, { env: { XDG_STATE_HOME: path.join(folder, "state") } });
    const { code, err } = await run(["sessions"]);
    expect([code, err]).toEqual([1, expect.stringContaining("no .tracekeep here or in a folder above")]);
    // Hooks that were installed for the user record there, and then it is one.
    openStore({ dir: path.dirname(keys), handleSignals: false })
      .startSession()
      .end();
    expect((await run(["sessions", "--all"])).code).toBe(0);
  });

  it.each<[string[], string]>([
    [["query", "--severity", "LOUD"], "DEBUG, INFO, WARN, ERROR, CRITICAL"],
    [["query", "--since", "yesterday"], "2026-01-06T22:00:00Z"],
    [["query", "--since", "2026-01-06T22:00:00"], "offset"],
    ...["query", "sessions", "stats", "spend"].map((name): [string[], string] => [
      [name, "--since", "2h", "--until", "3h"],
      "--since 2h is after --until 3h",
    ]),
    [["query", "--last", "0"], "whole number"],
    [["query", "--last", "soon"], "how long ago"],
    [["query", "--where", "duration"], "duration"],
    [["doctor", "extra"], "does not take"],
    [["sessions", "--last", "-3"], "--last"],
    [["audit", "--last", "1x"], "90s"],
    [["stats", "--by", "moon"], "tool, model"],
    [["append", "--durability", "maybe"], "os, interval, fsync"],
    [["show"], "needs ID"],
    [["show", "a", "b"], "does not take"],
    [["import", "claud-code"], "did you mean claude-code"],
    [["sesions"], "did you mean sessions"],
    [[], "name a command"],
  ])("refuses %j with exit code 2 and a helpful line", async (argv, help) => {
    recordSomething();
    const { code, err } = await tracekeep(argv, "{}");
    expect(code).toBe(2);
    expect(err).toContain(help);
  });

  it("never shows a control character of a recording, and no line wider than 80 columns", async () => {
    recordSomething();
    for (const argv of [
      ["sessions"],
      ["show", "build-1"],
      ["query"],
      ["audit"],
      ["stats"],
      ["show", "build-1", "--full"],
    ]) {
      const { out } = await tracekeep(argv);
      // oxlint-disable-next-line no-control-regex -- control characters are what this is about
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      if (argv[0] === "audit" || argv[0] === "stats") {
        for (const line of out.split("\n")) expect(textWidth(line), line).toBeLessThanOrEqual(80);
      }
    }
  });
});

describe("append", () => {
  it("records each line, prints a receipt for each, and refuses bad lines by number without losing the others", async () => {
    const { code, out, err } = await tracekeep(
      ["append", "--session", "s", "--agent", "shell-agent", "--ack"],
      '{"event":"CHECKPOINT","message":"one"}\nnonsense\n\n[1]\n{"message":"typeless"}\n{"event":"nav","cost_usd":1}',
    );
    expect(code).toBe(1);
    const receipts = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { seq: number; session_id: string });
    expect(receipts.map(({ seq, session_id: id }) => [seq, id])).toEqual([
      [1, "s"],
      [2, "s"],
    ]);
    for (const line of [2, 4, 5]) expect(err).toContain(`standard input, line ${line}: `);
    const query = await tracekeep(["query", "--json"]);
    expect(
      query.out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toEqual(["START", "CHECKPOINT", "nav"]);
  });

  it("goes on with a session, then ends it", async () => {
    await tracekeep(["append", "--session", "s"], '{"event":"a"}\n');
    await tracekeep(["append", "--session", "s", "--end", "DONE"], '{"event":"b"}\n');
    const { out } = await tracekeep(["sessions", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ session_id: "s", agent_id: "shell", status: "ended", events: 5 });
  });

  it.each([
    [["--end"], "NORMAL"],
    [["--end", "--durability", "os"], "NORMAL"],
    [["--end=DONE"], "DONE"],
    [["--end", "DONE"], "DONE"],
  ])("ends a session with %j for the reason %s", async (end, reason) => {
    await tracekeep(["append", "--session", "s", ...end], '{"event":"a"}\n');
    const { out } = await tracekeep(["query", "--event", "END", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ reason });
  });

  it("starts no session for nothing, nor for lines that are no events", async () => {
    for (const nothing of ["", "\n\n", "nonsense\n"]) await tracekeep(["append", "--end"], nothing);
    expect((await tracekeep(["sessions", "--all"])).out).toContain("No sessions");
  });

  it("leaves no trace of a session that it only looked at", async () => {
    await tracekeep(["append", "--session", "s"], '{"event":"a"}\n');
    const before = await tracekeep(["query", "--json"]);
    await tracekeep(["append", "--session", "s"]);
    expect((await tracekeep(["query", "--json"])).out).toBe(before.out);
  });
});

describe("import", () => {
  it("of a path that is not there creates no store for it", async () => {
    const { code, err } = await tracekeep(["import", "transcripts/gone"]);
    expect([code, err]).toEqual([1, expect.stringContaining("there is no file or folder")]);
    expect(err).toContain("claude-code, codex");
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe("sessions, show, audit, stats", () => {
  beforeEach(recordSomething);

  it("gives events that stand on one line on as lines of their own", async () => {
    const store = path.join(folder, ".tracekeep");
    const [log = ""] = fs.readdirSync(store).filter((name) => name.startsWith("session_"));
    const file = path.join(store, log);
    fs.writeFileSync(
      file,
      fs.readFileSync(file, "utf8").replace('\n{"event":"TOOL_CALL"', '{"event":"TOOL_CALL"'),
    );
    const { out } = await tracekeep(["export", "jsonl", "build-1"]);
    for (const command of ["query --session build-1", "tail --session build-1 -n 99"])
      expect((await tracekeep([...command.split(" "), "--json"])).out).toBe(out);
    expect((await tracekeep(["show", "build-1", "--json"])).out.split("\n").slice(1).join("\n")).toBe(out);
    for (const line of out.trimEnd().split("\n")) JSON.parse(line);
  });

  it("counts among the last sessions those that it shows, and none in which nothing happened", async () => {
    for (const id of ["a", "b"])
      await tracekeep(["append", "--session", id, "--end"], '{"event":"TOOL_CALL"}\n');
    await tracekeep(["append", "--session", "empty", "--end"], "");
    const idsOf = (out: string): unknown[] =>
      out
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { session_id: string }).session_id);
    expect(idsOf((await tracekeep(["sessions", "--last", "2", "--json"])).out)).toEqual(["a", "b"]);
    expect(idsOf((await tracekeep(["sessions", "--last", "2", "--all", "--json"])).out)).toEqual([
      "b",
      "empty",
    ]);
    expect(idsOf((await tracekeep(["health", "--last", "1", "--json"])).out)).toEqual(["b"]);
  });

  it("calls standard input by its name", async () => {
    const { code, err } = await tracekeep(["query", "-"], "nothing\n");
    expect([code, err]).toEqual([3, expect.stringContaining("of standard input, first at byte 0")]);
  });

  it.each(["query", "sessions", "stats", "spend", "health", "export jsonl", "tail", "index"])(
    "%s says what it had to skip, by its exit code too",
    async (command) => {
      const damaged = path.join(folder, ".tracekeep", "session_20260106_00000000.jsonl");
      fs.writeFileSync(damaged, "nothing of ours\n");
      const { code, err } = await tracekeep(command.split(" "));
      expect([code, err]).toEqual([3, expect.stringContaining(`skipped 1 place (16 bytes) of ${damaged}`)]);
    },
  );

  it("show ids that somebody chose, which begin alike, in full", async () => {
    const ids = ["deploy-staging-1", "deploy-staging-2"];
    const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
    for (const id of ids) store.startSession({ id }).log({ event: "CHECKPOINT" });
    store.close();
    for (const command of [["sessions"], ["audit"], ["query"], ["health"]]) {
      const { out } = await tracekeep(command);
      for (const id of ids) expect(out).toContain(id);
    }
  });

  it("prints the contract of sessions --json", async () => {
    const { code, out } = await tracekeep(["sessions", "--json"]);
    expect(code).toBe(0);
    const [first, second] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      session_id: "build-1",
      agent_id: "builder",
      source: "recorded",
      parent_id: null,
      title: "Build it",
      project: "/p",
      status: "ended",
      tool_calls: 2,
      tool_errors: 1,
      model_calls: 2,
      tokens: { input: 1_010, output: 55, cache_read: 0, cache_write: 0, reasoning: 0 },
      cost_usd: 0.25,
      unpriced: ["m-2"],
    });
    expect(first?.["event_counts"]).toMatchObject({ TOOL_CALL: 2, TOOL_RESULT: 2, END: 1 });
    expect(second).toMatchObject({
      session_id: "build-2",
      parent_id: "build-1",
      ended_at: null,
      status: "running",
      cost_usd: null,
    });
  });

  it("prints the contract of audit --json, and says on a page what matters", async () => {
    const { out } = await tracekeep(["audit", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      sessions: 2,
      tool_calls: 2,
      tool_errors: 1,
      tools: { bash: { calls: 2, errors: 1 } },
      models: { "m-1": { calls: 1, cost_usd: 0.25 }, "m-2": { calls: 1, cost_usd: null } },
      tokens: { input: 1_010, output: 55 },
      cost_usd: 0.25,
      unpriced: ["m-2"],
      skipped: [],
      anomalies: [],
      lost: 0,
      errors: 1,
      latest_errors: [{ session_id: "build-1", tool: "bash", event: "TOOL_RESULT" }],
    });
    const text = (await tracekeep(["audit"])).out;
    for (const part of [
      "2 sessions",
      "bash",
      "50.0 %",
      "m-2",
      "unpriced",
      "$0.25",
      "exit 2",
      "not priced: m-2",
    ])
      expect(text).toContain(part);
  });

  it("finds a session by id, by its beginning and by its agent, and says what is ambiguous", async () => {
    expect((await tracekeep(["show", "build-1"])).out).toContain("make test");
    expect((await tracekeep(["show", "builder"])).err).toContain("the latest session of builder: build-2");
    const ambiguous = await tracekeep(["show", "build-"]);
    expect(ambiguous.code).toBe(1);
    expect(ambiguous.err).toContain("build-1");
  });

  it("prints events as a table, of the store and of standard input", async () => {
    const { out } = await tracekeep([
      "query",
      "--csv",
      "--fields",
      "tool,args.command",
      "--event",
      "TOOL_CALL",
    ]);
    expect(out).toMatch(/^tool,args\.command\n/);
    expect(out).toContain("\nbash,make test\n");
    const stdin = '{"event":"A","note":"=1+1, \\"x\\""}\n';
    const piped = await runCli(folder, ["query", "--csv", "--fields", "event,note", "-"], { stdin });
    expect(piped).toMatchObject({ code: 0, out: `event,note\nA,"'=1+1, ""x"""\n` });
    expect((await tracekeep(["query", "--csv", "--event", "NONE"])).out).toMatch(/^session_id,seq,[^\n]+\n$/);
    for (const wrong of [
      ["--csv", "--json"],
      ["--csv", "--count"],
      ["--fields", "tool"],
    ])
      expect((await tracekeep(["query", ...wrong])).code).toBe(2);
  });

  it("filters, counts and takes the last", async () => {
    const count = async (...argv: string[]) => Number((await tracekeep(["query", "--count", ...argv])).out);
    expect(await count()).toBe(13);
    expect(await count("--event", "TOOL_CALL", "--event", "TOOL_RESULT")).toBe(4);
    expect(await count("--severity", "ERROR")).toBe(1);
    expect(await count("--session", "build-2")).toBe(2);
    expect(await count("--where", "duration_ms>1000", "--where", "tool=bash")).toBe(1);
    expect(await count("--grep", "読む")).toBe(1);
    expect(await count("--agent", "build*", "--since", "1h", "--until", "0s")).toBe(13);
    expect(await count("--last", "3")).toBe(3);
    expect(await count("--last", "1h")).toBe(13);
    expect(await count("--since", "2099-01-01T00:00:00Z")).toBe(0);
  });

  it("adds up by any key, each figure once", async () => {
    for (const by of ["tool", "model", "agent", "project", "hour", "session"]) {
      const { out } = await tracekeep(["stats", "--by", by, "--json"]);
      const rows = out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { tool_calls: number; model_calls: number });
      const sum = (key: "tool_calls" | "model_calls") => rows.reduce((total, row) => total + row[key], 0);
      if (by !== "model") expect([by, sum("tool_calls")]).toEqual([by, 2]);
      if (by !== "tool") expect([by, sum("model_calls")]).toEqual([by, 2]);
    }
  });

  it("says what could not be read, and exits with 3", async () => {
    const file = path.join(
      folder,
      ".tracekeep",
      fs.readdirSync(path.join(folder, ".tracekeep")).find((name) => /^session_.*\.jsonl$/.test(name)) ?? "",
    );
    const lines = fs.readFileSync(file, "utf8").split("\n");
    lines[2] = "garbage";
    fs.writeFileSync(file, lines.join("\n"));
    const query = await tracekeep(["query", "--count"]);
    expect(query).toMatchObject({ code: 3, out: "12\n" });
    expect(query.err).toContain("skipped 1 place");
    expect(query.err).toContain(path.basename(file));
    const audit = await tracekeep(["audit", "--json"]);
    expect(audit.code).toBe(3);
    expect((JSON.parse(audit.out) as { skipped: unknown[] }).skipped).toHaveLength(1);
  });
});

describe("spend, health, audit --anomalies", () => {
  /** Four failures in a row, with detectors watching or without; and a loop. */
  function recordTrouble(detectors: StoreOptions["detectors"] = []): void {
    const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false, detectors });
    const stuck = store.startSession({ id: "stuck", agent: "a" });
    for (let line = 0; line < 4; line++) stuck.toolCall("edit", { line }).error("no such line");
    stuck.end();
    const looping = store.startSession({ id: "looping", agent: "a" });
    for (let round = 0; round < 4; round++) looping.toolCall("submit", { flag: 1 }).result("wrong");
    looping.end();
  }

  it("shows where the money went, what is not priced, and how it comes about", async () => {
    recordSomething();
    const { code, out } = await tracekeep(["spend"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^m-1 +1 .* \$0\.25$/m);
    expect(out).toMatch(/^m-2 +1 .* unpriced$/m);
    expect(out).toContain("not priced: 1 record of m-2; give prices with --prices FILE");
    const explained = await tracekeep(["spend", "--explain"]);
    expect(explained.out).toMatch(/counted +\$0\.250000 +m-1: .*; a call/);
    const report = JSON.parse((await tracekeep(["spend", "--by", "session", "--json"])).out) as SpendReport;
    expect(report.rows.map(({ key }) => key)).toEqual(["build-1", "build-2"].slice(0, report.rows.length));
    expect(report.total).toMatchObject({ cost_usd: 0.25, model_calls: 2, unpriced: ["m-2"] });
  });

  it("takes prices from a file, and leaves the log as it is", async () => {
    recordSomething();
    const logs = (): string[] => {
      const dir = path.join(folder, ".tracekeep");
      const names = fs.readdirSync(dir).filter((name) => name.endsWith(".jsonl"));
      return names.map((name) => fs.readFileSync(path.join(dir, name), "utf8"));
    };
    const before = logs();
    const file = path.join(folder, "prices.json");
    const price = { input_cost_per_token: 0.001, output_cost_per_token: 0.001 };
    fs.writeFileSync(file, JSON.stringify({ "m-1": price, "m-2": price }));
    const filled = JSON.parse((await tracekeep(["spend", "--prices", file, "--json"])).out) as SpendReport;
    expect(filled.total.unpriced).toEqual([]);
    expect(filled.rows.find(({ key }) => key === "m-1")?.cost_usd).toBe(0.25);
    const anew = JSON.parse(
      (await tracekeep(["spend", "--prices", file, "--reprice", "--json"])).out,
    ) as SpendReport;
    expect(anew.total.cost_usd).toBe(1.065);
    expect(logs()).toEqual(before);
    expect(await tracekeep(["spend", "--prices", path.join(folder, "none.json")])).toMatchObject({ code: 1 });
    expect((await tracekeep(["spend", "--by", "colour"])).code).toBe(2);
  });

  it("finds in history what nobody watched for, and exits with 3", async () => {
    recordTrouble();
    const { code, out } = await tracekeep(["audit", "--anomalies"]);
    expect(code).toBe(3);
    expect(out).toMatch(/MEDIUM +ERROR_STREAK/);
    expect(out).toMatch(/HIGH +REPEATED_CALL/);
    // Without being asked for, the rules do not read the history again.
    expect(await tracekeep(["audit"])).toMatchObject({ code: 0 });
    const json = await tracekeep(["audit", "--anomalies", "--json"]);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.out)).toMatchObject({
      anomalies: [
        { session_id: "stuck", recorded: false, anomaly: { rule: "ERROR_STREAK", threshold: 4, actual: 4 } },
        { session_id: "looping", recorded: false, anomaly: { rule: "REPEATED_CALL", severity: "HIGH" } },
      ],
      health: { average: 90, bands: { excellent: 1, good: 1 } },
    });
  });

  it("shows once what was recorded and is found again", async () => {
    recordTrouble(standardDetectors());
    const { anomalies } = JSON.parse((await tracekeep(["audit", "--json"])).out) as AuditReport;
    expect(anomalies.map(({ recorded }) => recorded)).toEqual([true, true]);
    expect(await tracekeep(["audit", "--anomalies", "--session", "stuck"])).toMatchObject({ code: 3 });
  });

  it("says that there are no anomalies, and exits with 0", async () => {
    recordSomething();
    expect(await tracekeep(["audit", "--anomalies"])).toMatchObject({ code: 0, out: "No anomalies.\n" });
  });

  it("scores sessions, says what cost points, and exits with 3 for one below 70", async () => {
    recordTrouble();
    const all = await tracekeep(["health"]);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/85 +good +looping +a +REPEATED_CALL/);
    expect((await tracekeep(["health", "stuck"])).out).toBe(
      "stuck  health 95 of 100, excellent\n     −5  ERROR_STREAK\n",
    );
    const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
    const sick = store.startSession({ id: "sick" });
    for (let count = 0; count < 2; count++) {
      sick.log({ event: "ANOMALY_DETECTED", anomaly: { rule: "LOOP", severity: "HIGH" } });
    }
    sick.end();
    expect(await tracekeep(["health", "sick", "--json"])).toMatchObject({ code: 3 });
  });
});

describe("doctor", () => {
  it("finds nothing wrong with a healthy store, and names what is wrong with the command that mends it", async () => {
    recordSomething();
    expect((await tracekeep(["doctor"])).code).toBe(0);
    const store = path.join(folder, ".tracekeep");
    fs.chmodSync(store, 0o755);
    fs.writeFileSync(path.join(store, "notes.jsonl"), "not a log\n");
    const { code, out } = await tracekeep(["doctor"]);
    expect(code).toBe(3);
    expect(out).toContain("tracekeep doctor --fix");
    expect(out).toContain("notes.jsonl");
  });

  it("repairs the permissions of what is ours when it is told to", async () => {
    recordSomething();
    const store = path.join(folder, ".tracekeep");
    const [log = ""] = fs.readdirSync(store).filter((name) => name.startsWith("session_"));
    fs.chmodSync(path.join(store, log), 0o044);
    fs.chmodSync(store, 0o577);
    fs.symlinkSync("/dev/null", path.join(store, "link"));
    expect((await tracekeep(["doctor"])).out).toContain("tracekeep doctor --fix");
    expect((await tracekeep(["doctor", "--fix"])).out).toContain("only you can use the store");
    expect(fs.statSync(store).mode & 0o777).toBe(0o700);
    expect(fs.statSync(path.join(store, log)).mode & 0o777).toBe(0o600);
  });

  it("says what it may not do in a store that cannot be written to", async () => {
    recordSomething();
    const ignore = path.join(folder, ".tracekeep", ".gitignore");
    fs.rmSync(ignore);
    // A folder cannot be opened for writing, whoever asks.
    fs.mkdirSync(ignore);
    const { code, out, err } = await tracekeep(["doctor"]);
    expect([code, err]).toEqual([3, ""]);
    expect(out).toMatch(/look {2}locks: .*EISDIR/);
  });

  it("leaves what somebody keeps beside a store to its owner", async () => {
    const script = path.join(folder, "build.sh");
    fs.writeFileSync(script, "#!/bin/sh\n", { mode: 0o755 });
    openStore({ dir: folder, handleSignals: false }).startSession().end();
    expect(fs.existsSync(path.join(folder, ".gitignore"))).toBe(false);
    expect((await tracekeep(["doctor", "--fix", "--dir", folder])).code).toBe(0);
    expect(fs.statSync(script).mode & 0o777).toBe(0o755);
  });

  it.each(["doctor --fix", "retain", "index"])(
    "names what dead writers left unfinished, and `%s` removes it",
    async (command) => {
      recordSomething();
      const store = path.join(folder, ".tracekeep");
      const left = path.join(store, ".tmp-4711-session_index.json");
      const live = temporaryBeside(path.join(store, "session_index.json"));
      for (const file of [left, live]) {
        fs.writeFileSync(file, "half a fi", { mode: 0o600 });
        fs.utimesSync(file, 0, 0);
      }
      expect((await tracekeep(["doctor"])).out).toContain(`writers that died, e.g. ${left}`);
      expect((await tracekeep(command.split(" "))).code).toBe(0);
      expect(fs.existsSync(left)).toBe(false);
      expect(fs.existsSync(live)).toBe(true);
    },
  );
});
