import { describe, expect, it } from "vitest";

import { ScriptedSession } from "../../testing/scripted-session.ts";
import { standardDetectors } from "../detectors.ts";
import type { DetectorOptions } from "../detectors.ts";
import { detectEvents } from "../history.ts";
import type { Anomaly } from "../index.ts";

const MINUTE_MS = 60_000;

function found(session: ScriptedSession, rule: string, options: DetectorOptions = {}): Anomaly[] {
  const all = [...detectEvents(session.events, { detectors: standardDetectors(options) })];
  return all.filter((anomaly) => anomaly.rule === rule);
}

function spending(amounts: readonly number[], gapMs = 0): ScriptedSession {
  const session = new ScriptedSession();
  for (const cost of amounts) session.add("MODEL_RESPONSE", { model: "m", cost_usd: cost }).after(gapMs);
  return session;
}

describe("BUDGET_PASSED", () => {
  it("is silent until a budget is set", () => {
    expect(found(spending([1000, 1000]), "BUDGET_PASSED")).toEqual([]);
  });

  it("fires when the session passes its budget, and only then and once", () => {
    const options = { BUDGET_PASSED: { sessionUsd: 2 } };
    expect(found(spending([1, 1]), "BUDGET_PASSED", options)).toEqual([]);
    expect(found(spending([1, 1, 0.01, 5]), "BUDGET_PASSED", options)).toMatchObject([
      { severity: "HIGH", threshold: 2, actual: 2.01, trigger: "scripted-3" },
    ]);
  });

  it("fires when any sixty minutes pass theirs, to the millisecond", () => {
    const options = { BUDGET_PASSED: { hourUsd: 2 } };
    expect(found(spending([1, 1.5], 60 * MINUTE_MS), "BUDGET_PASSED", options)).toHaveLength(1);
    expect(found(spending([1, 1.5], 60 * MINUTE_MS + 1), "BUDGET_PASSED", options)).toEqual([]);
  });
});

describe("SPEND_SPIKE", () => {
  /** Half an hour at a steady pace, then so much at once. */
  const spike = (usd: number): ScriptedSession =>
    spending(
      Array.from({ length: 31 }, () => 0.1),
      MINUTE_MS,
    ).add("MODEL_RESPONSE", { model: "m", cost_usd: usd });

  it("fires when ten minutes cost more than five times the usual", () => {
    expect(found(spike(10), "SPEND_SPIKE")).toMatchObject([{ severity: "MEDIUM" }]);
    expect(found(spike(2), "SPEND_SPIKE")).toEqual([]);
  });

  it("does not call small change a spike, nor a beginning", () => {
    const small = spending(
      Array.from({ length: 31 }, () => 0.001),
      MINUTE_MS,
    );
    expect(found(small.add("MODEL_RESPONSE", { model: "m", cost_usd: 1.9 }), "SPEND_SPIKE")).toEqual([]);
    expect(found(spending([0.1, 50]), "SPEND_SPIKE")).toEqual([]);
  });
});

describe("CLOCK_STEP", () => {
  const step = (ms: number): ScriptedSession =>
    new ScriptedSession().add("CLOCK_STEP", {
      expected: new Date(1_767_736_800_000 + ms).toISOString(),
      actual: new Date(1_767_736_800_000).toISOString(),
    });

  it("fires for a second or more, and not for less", () => {
    expect(found(step(1000), "CLOCK_STEP")).toMatchObject([
      { severity: "LOW", threshold: 1000, actual: 1000 },
    ]);
    expect(found(step(999), "CLOCK_STEP")).toEqual([]);
    expect(
      found(new ScriptedSession().add("CLOCK_STEP", { expected: 3, actual: "soon" }), "CLOCK_STEP"),
    ).toEqual([]);
  });
});

describe("SECRET_SEEN", () => {
  it("fires once for each kind of secret that redaction took out", () => {
    const session = new ScriptedSession()
      .call("bash", { command: "export KEY=[REDACTED:aws-access-key]" })
      .call("bash", { command: "echo again" }, { output: ["[REDACTED:aws-access-key]"] })
      .add("USER_MESSAGE", { message: "the password is [REDACTED:password]" });
    expect(found(session, "SECRET_SEEN").map(({ message }) => message)).toEqual([
      "a secret was seen: aws-access-key",
      "a secret was seen: password",
    ]);
  });

  it("does not fire for the word alone", () => {
    const session = new ScriptedSession().call("read", { file: "a" }, "REDACTED [REDACTED] [redacted:x]");
    expect(found(session, "SECRET_SEEN")).toEqual([]);
  });
});
