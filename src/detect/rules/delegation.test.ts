// Sentinel's rules about work that agents hand to each other.

import { describe, expect, it } from "vitest";

import { ScriptedSession } from "../../testing/scripted-session.ts";
import { standardDetectors } from "../detectors.ts";
import type { DetectorOptions } from "../detectors.ts";
import { detectEvents } from "../history.ts";
import type { Anomaly } from "../index.ts";

const TASK = "review every file below src for mistakes in the handling of errors and report what you find";

function found(session: ScriptedSession, rule: string, options: DetectorOptions = {}): Anomaly[] {
  const all = [...detectEvents(session.events, { detectors: standardDetectors(options) })];
  return all.filter((anomaly) => anomaly.rule === rule);
}

function delegate(session: ScriptedSession, fields: Record<string, unknown>): string {
  session.add("DELEGATE", { call_id: `task-${session.events.length}`, task: TASK, ...fields });
  return session.events.at(-1)?.id ?? "";
}

/** A task that is handed out and comes back. */
function task(session: ScriptedSession, to: string, fields: Record<string, unknown> = {}): void {
  const callId = `task-${session.events.length}`;
  session.add("DELEGATE", { call_id: callId, task: `${to} ${callId}`, args: { agent: to } });
  session.add("RETURN", { call_id: callId, status: "ok", ...fields });
}

describe("LOOP", () => {
  const again = (second: string, to = "reviewer"): ScriptedSession =>
    new ScriptedSession()
      .add("DELEGATE", { call_id: "1", task: TASK, args: { agent: "reviewer" } })
      .add("RETURN", { call_id: "1", status: "ok" })
      .add("DELEGATE", { call_id: "2", task: second, args: { agent: to } });

  it("fires when a task that came back is handed to the same kind of agent again", () => {
    expect(found(again(TASK), "LOOP")).toMatchObject([
      { severity: "HIGH", threshold: 0.85, actual: 1, evidence: ["scripted-1", "scripted-3"] },
    ]);
    expect(found(again(`${TASK} please`), "LOOP")).toHaveLength(1);
  });

  it("fires only above the threshold: 17 words of 20 are 0.85, and pass", () => {
    const words = Array.from({ length: 20 }, (_, index) => `word${index}`);
    const looped = (shared: number): ScriptedSession =>
      new ScriptedSession()
        .add("DELEGATE", { call_id: "1", task: words.join(" ") })
        .add("RETURN", { call_id: "1" })
        .add("DELEGATE", { call_id: "2", task: words.slice(0, shared).join(" ") });
    expect(found(looped(17), "LOOP")).toEqual([]);
    expect(found(looped(18), "LOOP")).toMatchObject([{ actual: 0.9 }]);
  });

  it("does not fire for another agent, another task, or while the first is still out", () => {
    expect(found(again(TASK, "writer"), "LOOP")).toEqual([]);
    expect(found(again("write the release notes"), "LOOP")).toEqual([]);
    const parallel = new ScriptedSession();
    for (let part = 0; part < 5; part++) delegate(parallel, { args: { agent: "reviewer" } });
    expect(found(parallel, "LOOP")).toEqual([]);
  });

  it("fires when an agent is handed work that it is in the middle of", () => {
    const session = new ScriptedSession();
    const outer = delegate(session, { args: { agent: "planner" }, task: "plan" });
    const inner = delegate(session, { args: { agent: "coder" }, task: "code", parent_id: outer });
    delegate(session, { args: { agent: "planner" }, task: "plan again", parent_id: inner });
    expect(found(session, "LOOP")).toHaveLength(1);
  });

  it("knows Claude Code's agents, which are started by a tool", () => {
    const session = new ScriptedSession();
    for (let round = 0; round < 2; round++) {
      session.call("Task", { subagent_type: "Explore", prompt: TASK }, "nothing found");
    }
    expect(found(session, "LOOP")).toHaveLength(1);
  });
});

describe("DEPTH", () => {
  const nested = (levels: number): ScriptedSession => {
    const session = new ScriptedSession();
    let parent: string | undefined;
    for (let level = 0; level < levels; level++) {
      parent = delegate(session, {
        task: `level ${level}`,
        ...(parent === undefined ? {} : { parent_id: parent }),
      });
    }
    return session;
  };

  it("fires at the fourth delegation inside one another, and names the chain", () => {
    expect(found(nested(4), "DEPTH")).toMatchObject([{ severity: "HIGH", threshold: 3, actual: 4 }]);
    expect(found(nested(4), "DEPTH")[0]?.evidence).toHaveLength(4);
    expect(found(nested(3), "DEPTH")).toEqual([]);
  });

  it("believes a depth that the event tells", () => {
    const told = (depth: number): ScriptedSession =>
      new ScriptedSession().add("DELEGATE", { task: "t", metadata: { delegation_depth: depth } });
    expect(found(told(4), "DEPTH")).toHaveLength(1);
    expect(found(told(3), "DEPTH")).toEqual([]);
  });

  it("does not take tasks side by side for tasks inside one another", () => {
    const session = new ScriptedSession();
    for (let part = 0; part < 10; part++) delegate(session, { task: `part ${part}` });
    expect(found(session, "DEPTH")).toEqual([]);
  });
});

describe("ERROR_CASCADE", () => {
  const returns = (...statuses: string[]): ScriptedSession => {
    const session = new ScriptedSession();
    for (const status of statuses) task(session, "coder", { status });
    return session;
  };

  it("fires at two failures in a row, and at three in the session", () => {
    expect(found(returns("error", "error"), "ERROR_CASCADE")).toMatchObject([
      { severity: "HIGH", threshold: 2 },
    ]);
    expect(found(returns("error", "ok", "error", "ok", "error"), "ERROR_CASCADE")).toMatchObject([
      { threshold: 3, actual: 3 },
    ]);
  });

  it("does not fire at one, or at two that are apart, or for failing tools", () => {
    expect(found(returns("error"), "ERROR_CASCADE")).toEqual([]);
    expect(found(returns("error", "ok", "error"), "ERROR_CASCADE")).toEqual([]);
    const tools = new ScriptedSession();
    tools.times(3, (session, index) => session.call("edit", { index }, "no", "error"));
    expect(found(tools, "ERROR_CASCADE")).toEqual([]);
  });
});

describe("CHAIN_BREAK", () => {
  it("fires for a RETURN that names what was never handed out", () => {
    const session = new ScriptedSession().add("RETURN", { call_id: "nobody", status: "ok" });
    expect(found(session, "CHAIN_BREAK")).toMatchObject([{ severity: "MEDIUM" }]);
  });

  it("fires when the same work comes back twice", () => {
    const session = new ScriptedSession();
    task(session, "coder");
    session.add("RETURN", { call_id: "task-1", status: "ok" });
    expect(found(session, "CHAIN_BREAK")).toHaveLength(1);
  });

  it("lets pass what names nothing, and what answers by call, parent or child session", () => {
    const session = new ScriptedSession().add("RETURN", { status: "ok" });
    session.add("DELEGATE", { task: "a" }).add("RETURN", { parent_id: session.events.at(-1)?.id ?? "" });
    session.add("DELEGATE", { task: "b", child_session_id: "child" });
    session.add("RETURN", { child_session_id: "child" });
    task(session, "coder");
    expect(found(session, "CHAIN_BREAK")).toEqual([]);
  });
});

describe("ESCALATION_ABUSE", () => {
  const returns = (pattern: string): ScriptedSession => {
    const session = new ScriptedSession();
    for (const letter of pattern) task(session, "coder", { status: letter === "e" ? "escalated" : "ok" });
    return session;
  };

  it("fires at three escalations in a row, and at more than half of four or more tasks", () => {
    expect(found(returns("eee"), "ESCALATION_ABUSE")).toMatchObject([{ severity: "MEDIUM", threshold: 3 }]);
    expect(found(returns("eoeoe"), "ESCALATION_ABUSE")).toMatchObject([{ threshold: 0.5, actual: 0.6 }]);
  });

  it("does not fire at half, or at fewer than four tasks", () => {
    expect(found(returns("eoeo"), "ESCALATION_ABUSE")).toEqual([]);
    expect(found(returns("eoe"), "ESCALATION_ABUSE")).toEqual([]);
  });
});

describe("STAGNATION", () => {
  const taking = (ms: number): ScriptedSession => {
    const session = new ScriptedSession();
    task(session, "coder", { duration_ms: ms });
    return session;
  };

  it("fires when a task took more than five minutes", () => {
    expect(found(taking(300_001), "STAGNATION")).toMatchObject([{ severity: "MEDIUM", actual: 300_001 }]);
    expect(found(taking(300_000), "STAGNATION")).toEqual([]);
  });

  it("does not fire for a tool that a person kept waiting", () => {
    const session = new ScriptedSession().add("TOOL_CALL", { call_id: "1", tool: "edit", args: {} });
    session.add("TOOL_RESULT", { call_id: "1", status: "ok", duration_ms: 900_000 });
    expect(found(session, "STAGNATION")).toEqual([]);
  });
});
