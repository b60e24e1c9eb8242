// `tracekeep scan`, run as it is: what older files hold, and that nothing of it is shown.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { afterEach, beforeEach, expect, it } from "vitest";

import { made } from "../../test/planted-secrets.ts";
import { runCli } from "../../test/run-cli.ts";
import { openStore } from "../record/index.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-scan-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const TOKEN = `ghp_${made(36)}`;
const PEM = ["-----BEGIN PRIVATE KEY-----", made(64), made(64), "-----END PRIVATE KEY-----"].join("\n");

it("names file, line, kind and fingerprint of every secret, shows none and exits with 3", async () => {
  fs.mkdirSync(path.join(folder, "logs"));
  fs.writeFileSync(
    path.join(folder, "logs", "a.jsonl"),
    `{"event":"X"}\n{"event":"Y","args":{"password":"hunter2","text":"use ${TOKEN}"}}\n`,
  );
  fs.writeFileSync(path.join(folder, "notes.txt"), `one\ntwo\n${PEM}\n${TOKEN}\n`);
  fs.writeFileSync(path.join(folder, "clean.md"), "nothing here\n");

  const { code, out: stdout } = await runCli(folder, ["scan", "--json", "."]);
  const findings = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { file: string; line: number; kind: string; fingerprint: string });
  expect(code).toBe(3);
  expect(findings.map(({ file, line, kind }) => [path.basename(file), line, kind])).toEqual([
    ["a.jsonl", 2, "field-name"],
    ["a.jsonl", 2, "github-token"],
    ["notes.txt", 3, "private-key"],
    ["notes.txt", 7, "github-token"],
  ]);
  expect(findings[1]?.fingerprint).toBe(findings[3]?.fingerprint);
  expect(stdout).not.toContain(TOKEN);
  expect(stdout).not.toContain("hunter2");
});

it("finds nothing in a store that was recorded with redaction, and names a secret as its logs do", async () => {
  const dir = path.join(folder, ".tracekeep");
  const store = openStore({ dir });
  const session = store.startSession();
  session.log({ event: "NOTE", message: `use ${TOKEN}` });
  const { file } = session;
  session.end();
  store.close();
  expect(await runCli(folder, ["scan"])).toMatchObject({ code: 0, out: "" });

  fs.writeFileSync(path.join(folder, "old.txt"), TOKEN);
  const { code, out: stdout } = await runCli(folder, ["scan", "old.txt"]);
  const [, fingerprint = "none"] =
    /\[REDACTED:github-token:(\w+)\]/.exec(fs.readFileSync(file, "utf8")) ?? [];
  expect(code).toBe(3);
  expect(stdout.trim()).toBe(`${path.join(folder, "old.txt")}:1: github-token ${fingerprint}`);
});

it("looks into compressed files, member by member, and says where one ends too early", async () => {
  const members = [`one\n{"text":"use ${TOKEN}"}\n${PEM.slice(0, 60)}`, `${PEM.slice(60)}\n`, `${TOKEN}\n`];
  const compressed = members.map((member) => gzipSync(member));
  fs.writeFileSync(path.join(folder, "old.jsonl.gz"), Buffer.concat(compressed));
  const whole = await runCli(folder, ["scan", "old.jsonl.gz"]);
  expect(whole).toMatchObject({ code: 3, err: expect.stringContaining("3 secrets in 1 file\n") });
  expect(whole.out).toMatch(/gz:2: github-token \w+\n.*gz:3: private-key \w+\n.*gz:7: github-token/);

  fs.writeFileSync(path.join(folder, "cut.jsonl.gz"), Buffer.concat(compressed).subarray(0, -12));
  const cut = await runCli(folder, ["scan", "cut.jsonl.gz"]);
  expect(cut).toMatchObject({ code: 3, err: expect.stringContaining("1 could not be read") });
  expect(cut.err).toContain("is cut off");
  expect(cut.out).toContain("private-key");
});

it("says which file cannot be read, and goes on", async () => {
  fs.writeFileSync(path.join(folder, "old.txt"), TOKEN);
  const { code, err } = await runCli(folder, ["scan", "absent.txt", "old.txt"]);
  expect(code).toBe(3);
  expect(err).toContain("absent.txt");
});

it("looks through standard input, a key over several lines included", async () => {
  const stdin = `one\n${PEM}\n{"password":"hunter2"}\nuse ${TOKEN}`;
  const { code, out, err } = await runCli(folder, ["scan", "-"], { stdin });
  expect(code).toBe(3);
  expect(out).toMatch(/^-:2: private-key \w+\n-:6: field-name \w+\n-:7: github-token \w+\n$/);
  expect(err).toBe("3 secrets in 1 file\n");
  expect(await runCli(folder, ["scan", "-"], { stdin: "nothing" })).toMatchObject({ code: 0, out: "" });
  expect((await runCli(folder, ["scan", "-", "notes.txt"])).code).toBe(2);
});
