// The rules about calls of tools: each fires at its threshold, not one short of it, and not on what only looks like it.

import { describe, expect, it } from "vitest";

import { ScriptedSession } from "../../testing/scripted-session.ts";
import { standardDetectors } from "../detectors.ts";
import type { DetectorOptions } from "../detectors.ts";
import { detectEvents } from "../history.ts";
import type { Anomaly } from "../index.ts";

const script = (): ScriptedSession => new ScriptedSession();

function found(session: ScriptedSession, rule: string, options: DetectorOptions = {}): Anomaly[] {
  const onFailure = ({ error }: { error: unknown }): never => {
    throw error;
  };
  const all = detectEvents(session.events, { detectors: standardDetectors(options), onFailure });
  return [...all].filter((anomaly) => anomaly.rule === rule);
}

describe("TOOL_STORM", () => {
  const storm = (calls: number, gapMs: number): ScriptedSession =>
    script().times(calls, (session, index) => session.call("read", { file: index }).after(gapMs));

  it("fires at the 15th call within 60 seconds, and names all fifteen", () => {
    const [storming] = found(storm(15, 4000), "TOOL_STORM");
    expect(storming).toMatchObject({ severity: "MEDIUM", threshold: 15, actual: 15, trigger: "scripted-29" });
    expect(storming?.evidence).toHaveLength(15);
  });

  it("does not fire at 14, nor when 15 take a millisecond more than a minute", () => {
    expect(found(storm(14, 0), "TOOL_STORM")).toEqual([]);
    const exactly = script()
      .times(14, (session) => session.call("a", {}))
      .after(60_000)
      .call("a", {});
    expect(found(exactly, "TOOL_STORM")).toHaveLength(1);
    const longer = script()
      .times(14, (session) => session.call("a", {}))
      .after(60_001)
      .call("a", {});
    expect(found(longer, "TOOL_STORM")).toEqual([]);
  });

  it("tells of a long storm once, and of the next one again", () => {
    const long = storm(100, 1000);
    expect(found(long, "TOOL_STORM")).toHaveLength(1);
    long.after(120_000).times(15, (session) => session.call("read", { file: "again" }));
    expect(found(long, "TOOL_STORM")).toHaveLength(2);
  });

  it("finds no storm where the source has no times", () => {
    expect(
      found(
        script()
          .timeless()
          .times(30, (session) => session.call("a", {})),
        "TOOL_STORM",
      ),
    ).toEqual([]);
  });

  it("takes other thresholds", () => {
    const options = { TOOL_STORM: { calls: 3, windowMs: 1000 } };
    expect(found(storm(3, 500), "TOOL_STORM", options)).toHaveLength(1);
    expect(found(storm(3, 501), "TOOL_STORM", options)).toEqual([]);
  });
});

describe("RETRY_STORM", () => {
  const failing = (calls: number, gapMs = 1000): ScriptedSession =>
    script().times(calls, (session) =>
      session.call("bash", { command: "make" }, "no rule", "error").after(gapMs),
    );

  it("fires at the fifth retry of a failing call, which is its sixth call", () => {
    expect(found(failing(6), "RETRY_STORM")).toMatchObject([{ severity: "HIGH", threshold: 5, actual: 5 }]);
  });

  it("does not fire at the fourth, nor when they are spread over more than a minute", () => {
    expect(found(failing(5), "RETRY_STORM")).toEqual([]);
    expect(found(failing(6, 15_001), "RETRY_STORM")).toEqual([]);
    expect(found(failing(6, 15_000), "RETRY_STORM")).toHaveLength(1);
  });

  it("does not count calls that succeed, or that differ", () => {
    const well = script().times(8, (session) => session.call("bash", { command: "make" }));
    expect(found(well, "RETRY_STORM")).toEqual([]);
    const differing = script().times(8, (session, index) =>
      session.call("edit", { line: index }, "no", "error"),
    );
    expect(found(differing, "RETRY_STORM")).toEqual([]);
    const mended = failing(5).call("bash", { command: "make" });
    mended.times(3, (session) => session.call("bash", { command: "make" }));
    expect(found(mended, "RETRY_STORM")).toHaveLength(1);
    expect(
      found(failing(4).call("bash", { command: "make" }).call("bash", { command: "make" }), "RETRY_STORM"),
    ).toEqual([]);
  });
});

describe("REPEATED_CALL", () => {
  const same = (calls: number): ScriptedSession =>
    script().times(calls, (session) => session.call("submit", { flag: "wrong" }, "Wrong flag!"));

  it("fires at the fourth identical call with the same answers, once", () => {
    expect(found(same(4), "REPEATED_CALL")).toMatchObject([{ severity: "HIGH", threshold: 4, actual: 4 }]);
    expect(found(same(50), "REPEATED_CALL")).toHaveLength(1);
    expect(found(same(3), "REPEATED_CALL")).toEqual([]);
  });

  it("does not take waiting for something to change for a loop", () => {
    const polling = script().times(20, (session, index) =>
      session.call("status", { job: 1 }, `${index} % done`),
    );
    expect(found(polling, "REPEATED_CALL")).toEqual([]);
    const slow = script().times(20, (session, index) =>
      session.call("status", { job: 1 }, `${Math.floor(index / 3)} % done`),
    );
    expect(found(slow, "REPEATED_CALL")).toEqual([]);
  });

  it("begins anew after another call, and when a person asks again", () => {
    const between = same(3).call("read", { file: "a" });
    between.times(3, (session) => session.call("submit", { flag: "wrong" }, "Wrong flag!"));
    expect(found(between, "REPEATED_CALL")).toEqual([]);
    const asked = same(3).add("USER_MESSAGE", { message: "again, please" });
    asked.times(3, (session) => session.call("submit", { flag: "wrong" }, "Wrong flag!"));
    expect(found(asked, "REPEATED_CALL")).toEqual([]);
  });

  it("does not guess that calls are alike when their arguments were not recorded", () => {
    const bare = script().times(10, (session) => session.add("TOOL_CALL", { tool: "read", duration_ms: 5 }));
    expect(found(bare, "REPEATED_CALL")).toEqual([]);
  });

  it("sees finished calls without results, as Sentinel writes them", () => {
    const finished = script().times(4, (session) =>
      session.add("TOOL_CALL", { tool: "bash", args: { command: "ls" }, duration_ms: 5 }),
    );
    expect(found(finished, "REPEATED_CALL")).toHaveLength(1);
  });

  it("tells long texts apart by length, beginning and end", () => {
    const long = "x".repeat(5000);
    const texts = [`${long}a`, `${long}b`, `a${long}`, long];
    const writing = script().times(4, (session, index) => session.call("write", { text: texts[index] }));
    expect(found(writing, "REPEATED_CALL")).toEqual([]);
  });
});

describe("ALTERNATION", () => {
  const turns = (calls: number, answer: (index: number) => string = () => "same"): ScriptedSession =>
    script().times(calls, (session, index) =>
      session.call("read", { file: index % 2 === 0 ? "a" : "b" }, answer(index)),
    );

  it("fires at the fourth round of A-B, once", () => {
    expect(found(turns(8), "ALTERNATION")).toMatchObject([{ severity: "HIGH", threshold: 4, actual: 4 }]);
    expect(found(turns(8), "ALTERNATION")[0]?.evidence).toHaveLength(8);
    expect(found(turns(40), "ALTERNATION")).toHaveLength(1);
    expect(found(turns(7), "ALTERNATION")).toEqual([]);
  });

  it("does not fire when the answers change, nor for three calls in turn, nor for one", () => {
    expect(
      found(
        turns(40, (index) => `answer ${index}`),
        "ALTERNATION",
      ),
    ).toEqual([]);
    const three = script().times(30, (session, index) => session.call("read", { file: index % 3 }));
    expect(found(three, "ALTERNATION")).toEqual([]);
    const one = script().times(30, (session) => session.call("read", { file: "a" }));
    expect(found(one, "ALTERNATION")).toEqual([]);
  });

  it("does not count the two calls before they took turns", () => {
    const late = script().call("read", { file: "b" }, "same").call("read", { file: "b" }, "same");
    late.times(7, (session, index) => session.call("read", { file: index % 2 === 0 ? "a" : "b" }, "same"));
    expect(found(late, "ALTERNATION")).toHaveLength(1);
    const later = script().call("read", { file: "c" }).call("read", { file: "c" });
    later.times(7, (session, index) => session.call("read", { file: index % 2 === 0 ? "a" : "b" }, "same"));
    expect(found(later, "ALTERNATION")).toEqual([]);
  });
});

describe("NO_PROGRESS", () => {
  const rounds = (calls: number): ScriptedSession =>
    script().times(calls, (session, index) => session.call("read", { file: index % 3 }));

  it("fires at the fifth call in a row that was made and answered before", () => {
    expect(found(rounds(8), "NO_PROGRESS")).toMatchObject([{ severity: "MEDIUM", threshold: 5, actual: 5 }]);
    expect(found(rounds(7), "NO_PROGRESS")).toEqual([]);
    expect(found(rounds(30), "NO_PROGRESS")).toHaveLength(1);
  });

  it("begins anew with anything new: a call, an answer, a request", () => {
    const call = rounds(7)
      .call("read", { file: "new" })
      .times(4, (session, index) => session.call("read", { file: index % 3 }));
    expect(found(call, "NO_PROGRESS")).toEqual([]);
    const answer = rounds(7)
      .call("read", { file: 0 }, "changed")
      .times(4, (session, index) => session.call("read", { file: index % 3 }));
    expect(found(answer, "NO_PROGRESS")).toEqual([]);
    const request = rounds(7)
      .add("USER_MESSAGE", { message: "look again" })
      .times(4, (session, index) => session.call("read", { file: index % 3 }));
    expect(found(request, "NO_PROGRESS")).toEqual([]);
  });
});

describe("ERROR_STREAK", () => {
  const streak = (calls: number): ScriptedSession =>
    script().times(calls, (session, index) => session.call("edit", { line: index }, "no such line", "error"));

  it("fires at the fourth failure in a row, once", () => {
    expect(found(streak(4), "ERROR_STREAK")).toMatchObject([{ severity: "MEDIUM", threshold: 4, actual: 4 }]);
    expect(found(streak(40), "ERROR_STREAK")).toHaveLength(1);
    expect(found(streak(3), "ERROR_STREAK")).toEqual([]);
  });

  it("ends with a success", () => {
    const mended = streak(3).call("read", { file: "a" });
    mended.times(3, (session, index) => session.call("edit", { line: index }, "no", "error"));
    expect(found(mended, "ERROR_STREAK")).toEqual([]);
  });
});

describe("DENIAL_BURST", () => {
  const denied = (count: number, gapMs: number): ScriptedSession =>
    script().times(count, (session, index) =>
      session.call("bash", { index }, "rejected", "denied").after(gapMs),
    );

  it("fires at the third denial within ten minutes", () => {
    expect(found(denied(3, 300_000), "DENIAL_BURST")).toMatchObject([{ severity: "MEDIUM", actual: 3 }]);
    expect(found(denied(3, 300_001), "DENIAL_BURST")).toEqual([]);
    expect(found(denied(2, 0), "DENIAL_BURST")).toEqual([]);
  });

  it("counts what people and policies deny, and nothing that they allow", () => {
    const asked = script()
      .add("HUMAN_APPROVAL", { status: "denied" })
      .add("POLICY_CHECK", { policy: "no-force", status: "denied" })
      .add("HUMAN_APPROVAL", { status: "approved" })
      .add("PERMISSION_REQUEST", { tool: "bash" });
    expect(found(asked, "DENIAL_BURST")).toEqual([]);
    expect(found(asked.add("HUMAN_APPROVAL", { status: "denied" }), "DENIAL_BURST")).toHaveLength(1);
  });
});

describe("CALL_WITHOUT_RESULT", () => {
  const lost = (after: number): ScriptedSession =>
    script()
      .add("TOOL_CALL", { call_id: "lost", tool: "edit", args: {} })
      .times(after, (session, index) => session.call("read", { index }));

  it("fires when five other calls have been answered since", () => {
    expect(found(lost(5), "CALL_WITHOUT_RESULT")).toMatchObject([
      { severity: "LOW", threshold: 5, actual: 5, evidence: ["scripted-1", "scripted-11"] },
    ]);
    expect(found(lost(4), "CALL_WITHOUT_RESULT")).toEqual([]);
  });

  it("speaks once of several that lost their answers together", () => {
    const many = script().times(5, (session, index) =>
      session.add("TOOL_CALL", { call_id: `lost-${index}`, tool: "edit", args: {} }),
    );
    many.times(60, (session, index) => session.call("read", { index }));
    const anomalies = found(many, "CALL_WITHOUT_RESULT");
    expect(anomalies).toHaveLength(1);
    expect(anomalies[0]?.evidence).toHaveLength(6);
  });

  it("is content with a late answer, with finished calls and with agents at work", () => {
    const late = lost(4).add("TOOL_RESULT", { call_id: "lost", result: "at last" });
    expect(
      found(
        late.times(30, (session, index) => session.call("read", { index })),
        "CALL_WITHOUT_RESULT",
      ),
    ).toEqual([]);
    const finished = script().add("TOOL_CALL", { call_id: "done", tool: "bash", duration_ms: 4 });
    expect(
      found(
        finished.times(30, (session, index) => session.call("read", { index })),
        "CALL_WITHOUT_RESULT",
      ),
    ).toEqual([]);
    const agent = script().add("TOOL_CALL", {
      call_id: "sub",
      tool: "Task",
      args: { prompt: "look around" },
    });
    expect(
      found(
        agent.times(30, (session, index) => session.call("read", { index })),
        "CALL_WITHOUT_RESULT",
      ),
    ).toEqual([]);
  });
});

describe("SILENT_CALL", () => {
  it("fires after more than ten minutes without any event while a call is open", () => {
    const hung = (ms: number): ScriptedSession =>
      script()
        .add("TOOL_CALL", { call_id: "slow", tool: "bash", args: {} })
        .after(ms)
        .add("TOOL_RESULT", { call_id: "slow" });
    expect(found(hung(600_001), "SILENT_CALL")).toMatchObject([{ severity: "LOW", actual: 600_001 }]);
    expect(found(hung(600_000), "SILENT_CALL")).toEqual([]);
  });

  it("does not mind silence when no call is open, or one that is broken by events", () => {
    const idle = script().call("bash", {}).after(3_600_000).add("USER_MESSAGE", { message: "back" });
    expect(found(idle, "SILENT_CALL")).toEqual([]);
    const busy = script().add("TOOL_CALL", { call_id: "slow", tool: "bash", args: {} });
    busy.times(10, (session) => session.after(300_000).add("STREAM", { message: "…" }));
    expect(found(busy, "SILENT_CALL")).toEqual([]);
  });

  it("tells of a call that was given up once, not at every later silence", () => {
    const lost = script().add("TOOL_CALL", { call_id: "lost", tool: "edit", args: {} });
    lost.times(3, (session) => session.after(700_000).add("USER_MESSAGE", { message: "go on" }));
    expect(found(lost, "SILENT_CALL")).toHaveLength(1);
  });
});
