// `export`, `import json`, `import decepticon` and pages of `sessions`, as a user runs them.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runCli } from "../../test/run-cli.ts";
import type { Ran } from "../../test/run-cli.ts";
import { openStore } from "../record/index.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  const store = openStore({ dir: path.join(folder, ".tracekeep"), handleSignals: false });
  for (const [at, id] of ["one", "two", "three"].entries()) {
    const session = store.startSession({
      id,
      agent: `agent-${id}`,
      startedAt: `2026-01-0${at + 1}T23:59:00Z`,
    });
    session.userMessage(`${id}: ${"is it green? ".repeat(20)}`);
    session.toolCall("bash", { command: "make" }).error("exit 2");
    session.end();
  }
  store.startSession({ id: "empty", agent: "agent" }).end();
  store.close();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const tracekeep = (...argv: string[]): Promise<Ran> => runCli(folder, argv);
const inFolder = (...parts: string[]): string => path.join(folder, ...parts);
const filesIn = (dir: string): string[] =>
  fs
    .readdirSync(inFolder(dir), { recursive: true, encoding: "utf8" })
    .filter((name) => fs.statSync(inFolder(dir, name)).isFile())
    .toSorted();

describe("export", () => {
  it("writes lines as they are stored, of the sessions and events that are asked for", async () => {
    const { code, out } = await tracekeep("export", "jsonl", "--event", "TOOL_RESULT");
    expect(code).toBe(0);
    const { out: same } = await tracekeep("query", "--json", "--event", "TOOL_RESULT");
    expect(out).toBe(same);
    const two = await tracekeep("export", "jsonl", "tw", "agent-three");
    expect(
      new Set(
        two.out
          .trim()
          .split("\n")
          .map((line) => (JSON.parse(line) as { session_id: string }).session_id),
      ),
    ).toEqual(new Set(["two", "three"]));
  });

  it("takes the last events: of all sessions, or of each that is named", async () => {
    const { out } = await tracekeep("export", "jsonl", "--last", "2", "--event", "TOOL_RESULT");
    const { out: same } = await tracekeep("query", "--json", "--last", "2", "--event", "TOOL_RESULT");
    expect(out).toBe(same);
    const each = await tracekeep("export", "jsonl", "one", "two", "--last", "1");
    expect(each.out.match(/"session_id":"[^"]*"/g)).toEqual(['"session_id":"one"', '"session_id":"two"']);
    expect((await tracekeep("export", "jsonl", "--last", "soon")).code).toBe(2);
  });

  it("leaves out sessions in which nothing happened, unless they are named or all are wanted", async () => {
    expect((await tracekeep("export", "jsonl")).out).not.toContain('"session_id":"empty"');
    expect((await tracekeep("export", "jsonl", "--all")).out).toContain('"session_id":"empty"');
    expect((await tracekeep("export", "jsonl", "empty")).out).toContain('"session_id":"empty"');
  });

  it("puts documents into a folder by day, from which another store has the sessions again", async () => {
    const { code, out } = await tracekeep("export", "json", "--out", "backup/", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: "json", sessions: 3, left_out: 0, skipped: [] });
    expect(filesIn("backup")).toEqual([
      "2026/01/01/session_one.json",
      "2026/01/02/session_two.json",
      "2026/01/03/session_three.json",
    ]);
    const back = await tracekeep("--dir", "other", "import", "json", "backup", "--json");
    expect(JSON.parse(back.out)).toMatchObject({ files: 3, sessions: 3, skipped: [] });
    expect((await tracekeep("--dir", "other", "export", "jsonl")).out).toBe(
      (await tracekeep("export", "jsonl")).out,
    );
    const again = await tracekeep("--dir", "other", "import", "json", "backup");
    expect(again.code).toBe(3);
    expect(again.out).toContain('there is a session "one" already');
    const taken = await tracekeep("import", "json", "backup/2026/01/01/session_one.json");
    expect(taken.code).toBe(1);
    const as = await tracekeep("import", "json", "backup/2026/01/01/session_one.json", "--as", "one-b");
    expect(as.out).toBe("1 session from 1 document: 5 events added\n");
  });

  it("writes transcripts and tables to a file or to standard output", async () => {
    const { out } = await tracekeep("export", "markdown", "one", "--out", "one.md");
    expect(out).toBe(`1 session, 5 events: ${inFolder("one.md")}\n`);
    expect(fs.readFileSync(inFolder("one.md"), "utf8")).toContain("### Tool `bash`");
    const table = await tracekeep(
      "export",
      "csv",
      "--event",
      "TOOL_CALL",
      "--fields",
      "session_id,args.command",
    );
    expect(table.out).toBe("session_id,args.command\none,make\ntwo,make\nthree,make\n");
  });

  it("says how much Decepticon has no place for", async () => {
    const { code, err } = await tracekeep("export", "decepticon", "--out", "logs/");
    expect(code).toBe(0);
    expect(err).toBe("");
    const back = await tracekeep("--dir", "other", "import", "decepticon", "logs");
    expect(back.code).toBe(0);
    expect(back.out).toBe("3 sessions in 3 files: 9 events added\n");
  });

  it.each([
    [["export"], 2, "needs FORMAT"],
    [["export", "markdwn"], 2, "did you mean markdown?"],
    [["export", "json"], 2, "one document a session"],
    [["export", "json", "--out", "new"], 2, "--out new/"],
    [["export", "jsonl", "--fields", "a"], 2, "--fields is for csv"],
    [["export", "csv", "--full"], 2, "--full is for markdown"],
    [["export", "jsonl", "--json"], 2, "give --out"],
    [["export", "csv", "--fields", "a,,b"], 2, "must not be empty"],
    [["export", "jsonl", "nobody"], 1, 'there is no session "nobody"'],
    [["export", "jsonl", "--out", "/dev/null"], 1, "no regular file"],
    [["export", "jsonl", "one", "--since", "yesterday"], 2, "since"],
    [["import", "json"], 2, "import json PATH"],
    [["import", "json", "nowhere"], 1, "nowhere"],
    [["import", "codex", "--as", "x"], 2, "--as is for"],
    [["import", "decepticon"], 2, "import decepticon PATH"],
    [["import", "decepticon", "logs", "--zone", "Mars"], 2, "a zone is"],
    [["sessions", "--last", "1", "--limit", "1"], 2, "exclude each other"],
  ])("%j exits with %i and says why", async (argv, code, reason) => {
    const ran = await tracekeep(...argv);
    expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(reason)]);
  });
});

describe("sessions", () => {
  const ids = async (...argv: string[]): Promise<string[]> =>
    (await tracekeep("sessions", "--json", ...argv)).out
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { session_id: string }).session_id);

  it("come in pages, the newest first, counted without the empty ones", async () => {
    expect(await ids()).toEqual(["one", "two", "three"]);
    expect(await ids("--limit", "2")).toEqual(["three", "two"]);
    expect(await ids("--limit", "2", "--offset", "2")).toEqual(["one"]);
    expect(await ids("--offset", "3")).toEqual([]);
    expect(await ids("--limit", "1", "--all")).toEqual(["empty"]);
  });

  it("show the first 100 characters of what the user said, also from an index, and where a time is asked for", async () => {
    const preview = `one: ${"is it green? ".repeat(20)}`.slice(0, 100) + "…";
    const first = async (...argv: string[]): Promise<unknown> =>
      JSON.parse((await tracekeep("sessions", "--json", "--agent", "agent-one", ...argv)).out);
    expect(await first()).toMatchObject({ preview });
    await tracekeep("index");
    expect(await first()).toMatchObject({ preview });
    expect(await first("--since", "2026-01-02T00:00:00Z")).toMatchObject({ preview });
    expect((await tracekeep("sessions", "--preview")).out).toContain("two: is it green?");
  });
});
