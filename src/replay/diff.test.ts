import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { diffRuns } from "./index.ts";
import type { RunDiff } from "./index.ts";

let dir: string;
beforeEach(() => (dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), ".tracekeep")));
afterEach(() => fs.rmSync(path.dirname(dir), { recursive: true }));

/** Two runs of commands, and how they differ. */
function diffOf(...runs: (readonly string[])[]): RunDiff {
  const store = openStore({ dir, handleSignals: false });
  for (const [at, commands] of runs.entries()) {
    const session = store.startSession({ id: `run-${at}` });
    session.userMessage("Go.");
    for (const command of commands) {
      // Ids, times and tokens differ from run to run, and are no difference.
      session
        .modelCall({ model: "m", args: { tool_call_id: `id-${at}` } })
        .result("I go on.", { input_tokens: at });
      session.toolCall("bash", { command }).result({ out: command.toUpperCase() });
    }
    session.end();
  }
  store.close();
  return diffRuns(openReader({ dir }), "run-0", "run-1");
}

describe("diffRuns", () => {
  it("finds no difference in what differs in every run: ids, times, tokens", () => {
    const diff = diffOf(["ls", "make"], ["ls", "make"]);
    expect(diff).toMatchObject({ divergence: null, same: 9, rest: { both: 0, only: [[], []] } });
    expect(diff.figures.map(({ name }) => name)).toContain("input_tokens");
  });

  it("shows where two runs part, and sums up the rest", () => {
    const diff = diffOf(["ls", "make", "make test", "git push"], ["ls", "make all", "make test"]);
    expect(diff.divergence?.difference).toEqual({ path: "args.command", values: ["make", "make all"] });
    expect(diff.divergence?.events.map((event) => event?.event)).toEqual(["TOOL_CALL", "TOOL_CALL"]);
    // Of the rest, all of "make test" is in both, with what the model says before it.
    expect(diff).toMatchObject({ same: 7, compared: [17, 13], rest: { both: 4 } });
    expect(diff.rest.only[1]).toEqual([
      { event: "TOOL_CALL", name: "bash", count: 1 },
      { event: "TOOL_RESULT", name: "bash", count: 1 },
    ]);
    expect(diff.figures).toContainEqual({ name: "tool_calls", values: [4, 3] });
  });

  it("says when one run is the beginning of the other", () => {
    const { divergence, same } = diffOf(["ls"], ["ls", "pwd"]);
    expect(same).toBe(5);
    expect(divergence).toMatchObject({ events: [null, { event: "MODEL_CALL" }], difference: null });
  });
});
