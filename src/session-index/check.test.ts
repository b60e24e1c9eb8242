import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { runCli } from "../../test/run-cli.ts";
import { openStore } from "../index.ts";
import { openReader } from "../read/index.ts";
import { SnapshotBuilder } from "../read/sessions/snapshot-builder.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import { Ledger } from "../store/ledger/ledger.ts";
import { eraseLine, findErasable } from "../store/lifecycle/erase.ts";
import { markFolders, markLedger } from "../store/sealing/store-mark.ts";
import { writeIndex } from "./build.ts";
import { checkFigures } from "./check.ts";

let folder: string;
let dir: string;
let env: Record<string, string>;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-figures-"));
  dir = path.join(folder, ".tracekeep");
  env = { XDG_STATE_HOME: path.join(folder, "state") };
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const snapshot = (): string => path.join(dir, "index", "sessions.jsonl");
const list = (): string => path.join(dir, "session_index.json");

/** A session with all that figures are made of, gone on with by a second writer, in several segments. */
function record(): string {
  for (const epoch of [1, 2]) {
    const store = openStore({ dir, env, segmentBytes: 8_192 });
    const session = store.openOrStartSession({ id: "s", agent: "a" });
    for (let at = 0; at < 40; at++) {
      session.toolCall("bash", { command: `step ${at}` }).result({ stdout: "done" });
      session.log({
        event: "MODEL_RESPONSE",
        model: "claude-sonnet-4-5",
        provider: "anthropic",
        input_tokens: 10,
        output_tokens: 20,
      });
      if (at % 7 === 0) session.log({ event: "ERROR", message: "no" });
    }
    session.log({ event: "ANOMALY_DETECTED", anomaly: { rule: "loop", message: "again" } });
    if (epoch === 2) session.end();
    store.close();
  }
  return openReader({ dir }).session("s").session.files[0] ?? "";
}

async function index(): Promise<void> {
  await writeIndex(openReader({ dir }));
}

describe("figures that were derived from the logs", () => {
  it("are those of the logs: of sessions gone on with, erased from, and of an index that is behind", async () => {
    record();
    expect(await checkFigures(dir)).toEqual([]);
    await index();
    expect(await checkFigures(dir)).toEqual([]);
    const store = openStore({ dir, env });
    const session = store.openSession("s");
    session.log({ event: "NOTE" });
    session.end();
    store.startSession({ id: "later" }).end();
    store.close();
    expect(await checkFigures(dir)).toEqual([]);
    const ledger = new Ledger(dir, () => expect.unreachable());
    ledger.beginSealing(env);
    const { seq } = [...openReader({ dir }).events({ event: "MODEL_RESPONSE" })][3] ?? { seq: 0 };
    await eraseLine(nodeDisk, ledger, findErasable(dir, "s", seq), "request 42");
    ledger.close();
    expect(await checkFigures(dir)).toEqual([]);
    await index();
    expect(await checkFigures(dir)).toEqual([]);
  });

  it("are found when an index hides an event, though its checksum was made to fit", async () => {
    record();
    await index();
    const reader = openReader({ dir });
    const rows = [...reader.indexRows()];
    for (const { record: known } of rows) if (known !== undefined) known.folded.summary.tool_calls = 79;
    const mark = { ledger: markLedger(dir), folders: await markFolders(dir) };
    const builder = new SnapshotBuilder();
    for (const row of rows) builder.add(row);
    fs.writeFileSync(snapshot(), Buffer.concat(builder.encode(mark)));
    // The list is made of it, so it tells the same story.
    expect([...openReader({ dir }).sessions()]).toMatchObject([{ tool_calls: 79 }]);
    expect(await checkFigures(dir)).toEqual([
      { file: "index/sessions.jsonl", session_id: "s", reason: expect.stringMatching(/: tool_calls$/) },
    ]);
  });

  it("are found in session_index.json: changed, and left out", async () => {
    record();
    await index();
    const whole = fs.readFileSync(list(), "utf8");
    fs.writeFileSync(list(), whole.replace('"anomaly_count": 2', '"anomaly_count": 0'));
    expect(await checkFigures(dir)).toMatchObject([
      { file: "session_index.json", reason: expect.stringContaining("anomaly_count") },
    ]);
    const data = JSON.parse(whole) as { sessions: unknown[] };
    fs.writeFileSync(list(), JSON.stringify({ ...data, sessions: [] }));
    expect(await checkFigures(dir)).toMatchObject([{ reason: "the session is left out of it" }]);
    expect(await checkFigures(dir, { only: "another" })).toEqual([]);
  });

  it("are found in a tally that another log gave", async () => {
    const file = record();
    const store = openStore({ dir, env });
    store.startSession({ id: "another" }).end();
    store.close();
    const tallied = (): Promise<{ code: number }> => runCli(folder, ["--dir", dir, "index"]);
    const text = fs.readFileSync(file, "utf8");
    const write = (changed: string): void => {
      fs.writeFileSync(file, changed);
      fs.utimesSync(file, 1_700_000_000, 1_700_000_000);
    };
    write(text);
    await tallied();
    write(text.replace('"event":"TOOL_CALL"', '"event":"TOOL_CULL"'));
    fs.rmSync(path.join(dir, "index", "sessions.tally"));
    await tallied();
    write(text);
    expect(await checkFigures(dir)).toMatchObject([
      { file: "index/sessions.tally", session_id: "s", reason: "its tally is not that of its log" },
    ]);
  });

  it("are found in END, whatever the seals say", async () => {
    const file = record();
    const last = openReader({ dir }).session("s").session.files.at(-1) ?? file;
    const text = fs.readFileSync(last, "utf8");
    fs.writeFileSync(last, text.replace('"tool_calls":80', '"tool_calls":81'));
    expect(await checkFigures(dir)).toEqual([
      {
        file: path.basename(file),
        session_id: "s",
        reason: "END claims other figures than its lines give: tool_calls",
      },
    ]);
  });

  it("are checked by verify, which exits with 3, and not with --logs-only", async () => {
    record();
    await index();
    fs.writeFileSync(list(), fs.readFileSync(list(), "utf8").replace('"tool_calls": 80', '"tool_calls": 8'));
    const found = await runCli(folder, ["--dir", dir, "verify"]);
    expect(found.code).toBe(3);
    expect(found.out).toContain(
      "session_index.json, session s: its figures are not those of the log: tool_calls",
    );
    const { out } = await runCli(folder, ["--dir", dir, "verify", "--logs-only", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ figures: [] });
  });
});
