// Sessions named by the beginning of their ids, or by their agent, to commands that work on logs and not on events.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { runCli } from "../../test/run-cli.ts";
import type { Ran } from "../../test/run-cli.ts";
import { openStore } from "../record/index.ts";

let folder: string;
let env: Record<string, string>;
let files: string[];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-"));
  env = { XDG_STATE_HOME: path.join(folder, "state") };
  const store = openStore({ dir: path.join(folder, ".tracekeep"), env, handleSignals: false });
  files = ["build-41-a", "build-42-b"].map((id) => {
    const session = store.startSession({ id, agent: "builder" });
    session.checkpoint(`about ${id}`);
    session.end();
    return session.file;
  });
  store.close();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const tracekeep = (argv: readonly string[], stdin?: string): Promise<Ran> =>
  runCli(folder, argv, stdin === undefined ? { env } : { env, stdin });

it("verify checks a session by the beginning of its id or its agent, and names those that could be meant", async () => {
  const logs = async (name: string): Promise<unknown> => {
    const { out } = await tracekeep(["verify", name, "--json"]);
    return (JSON.parse(out) as { logs: { name: string; verdict: string }[] }).logs.map((log) => log.name);
  };
  const latest = ["ledger.jsonl", path.basename(files[1] ?? "")];
  expect(await logs("build-42-b")).toEqual(latest);
  expect(await logs("build-42")).toEqual(latest);
  expect(await logs("builder")).toEqual(latest);
  expect((await tracekeep(["verify", "builder"])).err).toContain("the latest session of builder: build-42-b");
  const ambiguous = await tracekeep(["verify", "build-"]);
  expect([ambiguous.code, ambiguous.err]).toEqual([1, expect.stringContaining("build-41-a, build-42-b")]);
  expect(await tracekeep(["verify", "nobody"])).toMatchObject({ code: 1, out: "" });
});

it("verify still finds missing what only the ledger knows, by all of its id", async () => {
  fs.rmSync(files[0] ?? "");
  const { code, out } = await tracekeep(["verify", "build-41-a"]);
  expect([code, out]).toEqual([3, expect.stringContaining("missing")]);
});

it("proofs and anchors go through a pipe", async () => {
  const proof = await tracekeep(["verify", "--prove", "builder:1"]);
  const checked = await tracekeep(["verify", "--check-proof", "-"], proof.out);
  expect(checked).toMatchObject({ code: 0, out: expect.stringContaining("about build-42") });
  const anchor = await tracekeep(["verify", "--anchor"]);
  expect((await tracekeep(["verify", "--since", "-"], anchor.out)).code).toBe(0);
  const other = anchor.out.replace(/^[^\n]+/, "another-store");
  expect((await tracekeep(["verify", "--since", "-"], other)).code).toBe(3);
});

it("erase takes whole ids alone, and says which one may be meant", async () => {
  for (const [name, id] of [
    ["builder", "build-42-b"],
    ["build-41", "build-41-a"],
  ]) {
    const refused = await tracekeep(["erase", `${name}:1`, "--reason", "x"]);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining(`did you mean ${id}:1?`)]);
  }
  const file = files[0] ?? "";
  const { size } = fs.statSync(file);
  const told = { session_id: "build-41-a", seq: 1, event: "CHECKPOINT", file, reason: "x" };
  const look = await tracekeep(["erase", "build-41-a:1", "--reason", "x", "--json", "--dry-run"]);
  expect(JSON.parse(look.out)).toMatchObject({ dry_run: true, ...told, bytes: expect.any(Number) });
  expect(fs.readFileSync(file, "utf8")).toContain("about build-41");
  const done = await tracekeep(["erase", "build-41-a:1", "--reason", "x", "--json"]);
  expect(JSON.parse(done.out)).toMatchObject({ dry_run: false, ...told });
  expect(fs.readFileSync(file, "utf8")).not.toContain("about build-41");
  expect(fs.statSync(file).size).toBe(size);
});
