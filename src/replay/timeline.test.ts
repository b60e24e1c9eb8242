import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { openCassette, readTimeline, stateAt, walkSteps } from "./index.ts";
import type { ConversationPlace, Step } from "./index.ts";

let dir: string;
let store: Store;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), ".tracekeep");
  store = openStore({ dir, handleSignals: false });
});
afterEach(() => {
  store.close();
  fs.rmSync(path.dirname(dir), { recursive: true });
});

/** As much of a step as says what it is. */
function shapeOf({ kind, name, status, unmatched, steps, child }: Step): unknown[] {
  const nested = [...steps.map(shapeOf), ...(child === undefined ? [] : [child.steps.map(shapeOf)])];
  return [kind, name, unmatched ?? status, ...(nested.length === 0 ? [] : [nested])];
}

describe("readTimeline", () => {
  it("nests calls with their results under turns, and sessions under what started them", () => {
    const lead = store.startSession({ id: "lead", agent: "lead" });
    lead.systemInstruction("Be brief.");
    lead.userMessage("Fix it.");
    lead.modelCall({ model: "m-1" }).result("I will.", { input_tokens: 1 });
    const outer = lead.toolCall("bash", { command: "make" });
    lead.event({ event: "TOOL_CALL", tool: "cc", call_id: "inner", parent_id: outer.id });
    lead.event({ event: "TOOL_RESULT", tool: "cc", call_id: "inner", status: "error", error: "no" });
    outer.result({ exit_code: 2 });
    const handed = lead.delegate("look it up", { child_session_id: "child-1" });
    const child = store.startSession({ id: "child-1", agent: "helper", parent: "lead" });
    child.toolCall("grep").result("found");
    child.end();
    handed.result("done");
    lead.userMessage("And now?");
    store.startSession({ id: "child-2", agent: "quiet", parent: "lead" }).end();
    lead.end();
    const { steps } = readTimeline(openReader({ dir }), "lead");
    expect(steps.map(shapeOf)).toEqual([
      ["event", "START", null],
      ["event", "SYSTEM_INSTRUCTION", null],
      [
        "turn",
        null,
        null,
        [
          ["model", "m-1", "ok"],
          ["tool", "bash", "ok", [["tool", "cc", "error"]]],
          [
            "delegation",
            "child-1",
            "ok",
            [
              [
                ["event", "START", null],
                ["tool", "grep", "ok"],
                ["event", "END", null],
              ],
            ],
          ],
        ],
      ],
      ["turn", null, null, expect.arrayContaining([["event", "END", null]])],
    ]);
    const unasked = [...walkSteps({ steps })].find(({ child_session_id: id }) => id === "child-2");
    expect(unasked).toMatchObject({ kind: "delegation", name: "quiet" });
  });

  it("marks calls without a result and results without a call", () => {
    const session = store.startSession({ id: "s" });
    session.toolCall("never-came-back");
    session.event({ event: "TOOL_RESULT", tool: "nobody-asked", call_id: "x", status: "ok" });
    session.event({ event: "TOOL_CALL", tool: "finished", call_id: "y", duration_ms: 5, status: "ok" });
    session.event({ event: "MODEL_RESPONSE", model: "m", call_id: "z" });
    session.event({ event: "MODEL_RESPONSE", model: "m", call_id: "z", continues: true });
    session.close();
    const { steps } = readTimeline(openReader({ dir }), "s");
    expect(steps.slice(1).map(shapeOf)).toEqual([
      ["tool", "never-came-back", "no result"],
      ["tool", "nobody-asked", "no call"],
      ["tool", "finished", "ok"],
      ["model", "m", "ok"],
    ]);
  });

  it("ends with a session that names its own ancestor as its child", () => {
    const one = store.startSession({ id: "one", parent: "two" });
    one.delegate("round we go", { child_session_id: "two" });
    one.close();
    const two = store.startSession({ id: "two", parent: "one" });
    two.delegate("and round", { child_session_id: "one" });
    two.close();
    const steps = [...walkSteps(readTimeline(openReader({ dir }), "one"))];
    expect(steps.filter(({ child }) => child !== undefined)).toHaveLength(1);
  });

  it("holds no bodies: they are read from disk, wherever the log is by then", () => {
    const session = store.startSession({ id: "s" });
    session.userMessage("x".repeat(100_000));
    session.close();
    const timeline = readTimeline(openReader({ dir }), "s");
    expect(JSON.stringify(timeline).length).toBeLessThan(5_000);
    const turn = timeline.steps.at(-1);
    if (turn === undefined) throw new Error("no turn");
    expect(timeline.tape.read(turn.place)["message"]).toHaveLength(100_000);
    const moved = turn.place.file.replace("session_", "session_20000101_");
    fs.renameSync(turn.place.file, moved);
    expect(timeline.tape.read(turn.place)["message"]).toHaveLength(100_000);
    fs.rmSync(moved);
    expect(() => timeline.tape.read(turn.place)).toThrow("event 1 of session s is gone");
  });

  it("tells once what hooks and a transcript both tell of, each thing in its turn", () => {
    const session = store.startSession({
      id: "s",
      origin: "claude-code",
      startedAt: "2026-01-06T22:00:00.000Z",
    });
    const at = (second: number): string => `2026-01-06T22:00:0${second}.000Z`;
    const [hook, transcript] = ["/spool", "/transcript"].map((file) => ({ file, offset: 0, line: 1 }));
    const ask = { event: "USER_MESSAGE", message: "Fix it." };
    const call = { event: "TOOL_CALL", tool: "bash", call_id: "1", args: { command: "make" } };
    const result = { event: "TOOL_RESULT", call_id: "1", status: "ok", result: "made" };
    for (const [second, draft] of [ask, call, result, { ...ask, message: "Thanks." }].entries())
      session.log({ ...draft, timestamp: at(2 * second) }, { source: hook });
    // The transcript comes later, and alone knows what the model said.
    const said = { event: "MODEL_RESPONSE", model: "m-1", message: "I will.", timestamp: at(1) };
    const again = { source: transcript, copyOf: "s" };
    session.log({ ...ask, timestamp: at(0) }, again);
    session.log(said, { source: transcript });
    session.log({ ...call, timestamp: at(2) }, again);
    session.log({ ...result, timestamp: at(4) }, again);
    session.log({ ...ask, message: "Thanks.", timestamp: at(6) }, again);
    session.log({ ...said, message: "Bye.", timestamp: at(7) }, { source: transcript });
    session.close();
    const reader = openReader({ dir });
    const turns = readTimeline(reader, "s").steps.filter(({ kind }) => kind === "turn");
    expect(turns.map(shapeOf)).toEqual([
      [
        "turn",
        null,
        null,
        [
          ["tool", "bash", "ok"],
          ["model", "m-1", "ok"],
        ],
      ],
      ["turn", null, null, [["model", "m-1", "ok"]]],
    ]);
    expect(turns[0]?.duration_ms).toBe(6000);
    const { conversation } = stateAt(reader, "s", 10);
    expect(conversation.map(({ role }) => role)).toEqual([
      "user",
      "call",
      "result",
      "user",
      "agent",
      "agent",
    ]);
    expect(openCassette({ reader, session: "s" }).status.unused).toHaveLength(1);
  });

  it("reports lines that it could not read, and goes on", () => {
    const session = store.startSession({ id: "s" });
    session.userMessage("one");
    session.flush();
    fs.appendFileSync(session.file, "not json\n");
    session.userMessage("two");
    session.close();
    const { tape, steps } = readTimeline(openReader({ dir }), "s");
    expect(steps.filter(({ kind }) => kind === "turn")).toHaveLength(2);
    expect(tape.report.hasDamage).toBe(true);
  });
});

describe("stateAt", () => {
  it("tells what was known at an event, and nothing of what came later", () => {
    const session = store.startSession({ id: "s" });
    session.userMessage("Read it.");
    const call = session.toolCall("read", { file_path: "/p/a.ts" });
    session.modelCall({ model: "m" }).result(undefined, { output_tokens: 5 });
    call.result("text", { files: ["/p/b.ts"] });
    session.agentMessage("It says text.");
    session.toolCall("write", { path: "/p/c.ts" });
    session.end();
    const early = stateAt(openReader({ dir }), "s", 4);
    expect(early.conversation.map(({ role, seq }) => [role, seq])).toEqual([
      ["user", 1],
      ["call", 2],
    ]);
    expect(early.open_calls.map(({ name }) => name)).toEqual(["read"]);
    expect(early).toMatchObject({ files: ["/p/a.ts"], totals: { tool_calls: 1, tokens: { output: 5 } } });
    const late = stateAt(openReader({ dir }), "s", 6);
    expect(late.open_calls).toEqual([]);
    expect(late.files).toEqual(["/p/a.ts", "/p/b.ts"]);
    expect(
      late.tape.read(late.conversation[late.conversation.length - 1] as ConversationPlace)["message"],
    ).toBe("It says text.");
    expect(() => stateAt(openReader({ dir }), "s", 99)).toThrow("has no event 99; its last is 8");
  });
});
