// `tracekeep replay` as a user meets it: on a pipe, and on a terminal whose keys we press.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { COMMANDS } from "./commands.ts";
import { Output } from "./output.ts";
import { runCommand } from "./run.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
  for (const [id, command] of [
    ["run-1", "make"],
    ["run-2", "make\u001b[31m 漢字"],
  ] as const) {
    const session = store.startSession({ id, agent: "builder" });
    session.userMessage("build it \u001b[2J\u009b1m", { timestamp: "2026-01-06T22:00:00Z" });
    session.toolCall("bash", { command }).result({ exit_code: 0 }, { files: ["/p/out.o"] });
    session.toolCall("never");
    session.event({ event: "AGENT_MESSAGE", content: "two pieces", message: "two pieces", chunks: [[0, 4], [1, 6]] }); // prettier-ignore
    session.close();
  }
  store.close();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

interface Ran {
  code: number;
  out: string;
  err: string;
  raw: boolean[];
}

/** Runs a command line; with `keys`, on a terminal on which they are pressed one after the other. */
async function tracekeep(argv: readonly string[], keys?: readonly string[]): Promise<Ran> {
  const texts: string[] = ["", ""];
  const [stdout, stderr] = texts.map((_, at) => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => (texts[at] += chunk.toString("utf8")));
    return new Output(stream, { isTerminal: keys !== undefined, columns: 80, color: false });
  }) as [Output, Output];
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: keys !== undefined,
    setRawMode: (isRaw: boolean) => void raw.push(isRaw),
  });
  // Each key once the one before has had its effect.
  const pressing = (async () => {
    if (keys === undefined) return;
    while (raw.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const key of keys) {
      const before = texts[0];
      stdin.write(key);
      while (texts[0] === before) await new Promise((resolve) => setTimeout(resolve, 1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const code = await runCommand(
    COMMANDS,
    argv,
    { stdin, stdout, stderr, env: {}, cwd: folder, home: folder, signal: new AbortController().signal },
    "tracekeep 0",
  );
  await pressing;
  return { code, out: texts[0] ?? "", err: texts[1] ?? "", raw };
}

describe("tracekeep replay", () => {
  it("prints all events at once on a pipe, without an escape that was in the data", async () => {
    const { code, out } = await tracekeep(["replay", "run-2"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(7);
    expect(out).toContain("build it \\u{1b}[2J\\u{9b}1m");
    expect(out).toContain("\\u001b[31m 漢字");
    expect(out).not.toContain("\u001b");
    expect(out).not.toContain("\u009b");
  });

  it("prints events in the order of the replay as JSON, pieces of texts at their times", async () => {
    const { out } = await tracekeep(["replay", "run-1", "--from", "5", "--json", "--speed", "1000"]);
    const rows = out.trim().split("\n").map((line): Record<string, never> => JSON.parse(line)); // prettier-ignore
    expect(rows.map(({ position, chunk }) => [position, chunk])).toEqual([
      [0, { text: "two ", index: 0, count: 2 }],
      [0, { text: "pieces", index: 1, count: 2 }],
    ]);
  });

  it("shows the steps as a tree, also as JSON", async () => {
    const { out } = await tracekeep(["replay", "run-1", "--timeline"]);
    expect(out).toContain("turn");
    expect(out).toMatch(/^ {4} +4 tool NO RESULT never$/m);
    const tree: { steps: { kind: string; steps: object[] }[] } = JSON.parse(
      (await tracekeep(["replay", "run-1", "--timeline", "--json"])).out,
    );
    expect(tree.steps.at(-1)).toMatchObject({
      kind: "turn",
      steps: [
        { kind: "tool", name: "bash", seq: 2, end_seq: 3, status: "ok" },
        { kind: "tool", unmatched: "no result" },
        { kind: "event", name: "AGENT_MESSAGE" },
      ],
    });
  });

  it("tells what was known at an event", async () => {
    const { out } = await tracekeep(["replay", "run-1", "--at", "4"]);
    expect(out).toContain("so far: 2 tool calls, 0 failed");
    expect(out).toContain("open:   never (4)");
    expect(out).toContain("/p/out.o");
    expect(out).not.toContain("two pieces");
  });

  it("compares two runs and says by its exit code whether they differ", async () => {
    const { code, out } = await tracekeep(["replay", "--diff", "run-1", "run-2"]);
    expect(code).toBe(3);
    expect(out).toContain('args.command differs:\n  A "make"\n  B "make\\u001b[31m 漢字"');
    const same = await tracekeep(["replay", "--diff", "run-1", "run-1"]);
    expect([same.code, same.out.includes("the runs are the same")]).toEqual([0, true]);
  });

  it("goes forwards and back event by event on a terminal, and gives the terminal back", async () => {
    const right = "\u001b[C";
    const { code, out, raw } = await tracekeep(
      ["replay", "run-1", "--step"],
      [right, right, right, "\u001b[D", "+", "q"],
    );
    expect(code).toBe(0);
    expect(raw).toEqual([true, false]);
    const shown = out.split("\n").map((line) => line.split("\r\u001b[K").at(-1)?.slice(13, 31).trim());
    expect(shown.slice(0, 4)).toEqual(["START", "USER_MESSAGE", "TOOL_CALL", "USER_MESSAGE"]);
    expect(out).toContain("2/6 2x paused");
  });

  it("ends by Ctrl-C as interrupted", async () => {
    expect(await tracekeep(["replay", "run-1", "--step"], ["\u0003"])).toMatchObject({
      code: 130,
      raw: [true, false],
    });
  });

  it("fails for an event that is not there, as erasing it does", async () => {
    const asked = await tracekeep(["replay", "run-1", "--at", "99"]);
    expect([asked.code, asked.err]).toEqual([1, expect.stringContaining("no event 99")]);
    expect((await tracekeep(["erase", "run-1:99", "--reason", "x"])).code).toBe(1);
  });

  it("says what it could not read of two runs", async () => {
    const { session } = openReader({ dir: path.join(folder, ".tracekeep") }).session("run-1");
    fs.appendFileSync(session.files[0] ?? "", "nothing of ours\n");
    const { code, err } = await tracekeep(["replay", "--diff", "run-1", "run-1"]);
    expect([code, err]).toEqual([3, expect.stringContaining("skipped 2 places (32 bytes)")]);
  });

  it("refuses what makes no sense, saying what does", async () => {
    for (const [argv, message] of [
      [["replay", "run-1", "--step"], "--step needs a terminal"],
      [["replay", "run-1", "--speed", "-1"], "--speed takes a number above 0, or max"],
      [["replay", "--diff", "run-1"], "--diff takes two sessions"],
      [["replay", "run-1", "--timeline", "--at", "1"], "give one of --timeline, --at"],
      [["replay", "run-1", "run-2", "--from", "3"], "from must be a time"],
      [["replay", "run-1", "--from", "3", "--to", "2"], "nothing lies between them"],
    ] as const) {
      const { code, err } = await tracekeep(argv);
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    }
  });
});
