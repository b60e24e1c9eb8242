import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { ScriptedSession } from "../testing/scripted-session.ts";
import { bandOf, foldEvent, healthOf, newSummary } from "./index.ts";
import type { Health } from "./index.ts";

function healthAfter(session: ScriptedSession): Health {
  const summary = newSummary(session.id);
  for (const event of session.events) foldEvent(summary, event, event);
  return healthOf(summary.health);
}

const anomaly = (rule: string, severity = "HIGH"): ScriptedSession =>
  new ScriptedSession().add("ANOMALY_DETECTED", { anomaly: { rule, severity } });

describe("health", () => {
  it("is 100 for a session in which nothing was found, whatever failed in it", () => {
    const session = new ScriptedSession().call("bash", { command: "make" }, "no", "error");
    expect(healthAfter(session)).toEqual({ score: 100, band: "excellent", points: [] });
  });

  it.each([
    ["LOOP", 20],
    ["DEPTH", 15],
    ["ERROR_CASCADE", 15],
    ["CHAIN_BREAK", 10],
    ["TASK_DRIFT", 10],
    ["ESCALATION_ABUSE", 10],
    ["RETRY_STORM", 10],
    ["STAGNATION", 5],
    ["AGENT_MISMATCH", 3],
    ["TOKEN_BLOAT", 2],
  ])("costs for %s what Sentinel's table says: %d", (rule, points) => {
    expect(healthAfter(anomaly(rule))).toMatchObject({
      score: 100 - points,
      points: [{ what: rule, points: -points }],
    });
  });

  it.each([
    ["HIGH", 85],
    ["MEDIUM", 95],
    ["LOW", 98],
  ])("costs for other rules by severity: %s leaves %d", (severity, score) => {
    expect(healthAfter(anomaly("OF_MY_OWN", severity)).score).toBe(score);
  });

  it("counts each occurrence, and does not fall below 0", () => {
    const session = new ScriptedSession();
    session.times(3, (each) => each.add("ANOMALY_DETECTED", { anomaly: { rule: "LOOP", severity: "HIGH" } }));
    expect(healthAfter(session)).toEqual({
      score: 40,
      band: "poor",
      points: [{ what: "LOOP", count: 3, points: -60 }],
    });
    session.times(9, (each) => each.add("ANOMALY_DETECTED", { anomaly: { rule: "LOOP", severity: "HIGH" } }));
    expect(healthAfter(session)).toMatchObject({ score: 0, band: "critical" });
  });

  it("gains what Sentinel gives for delegations that went well, fast, or after a failure", () => {
    const session = anomaly("LOOP")
      .add("RETURN", { status: "ok", duration_ms: 60_000 })
      .add("RETURN", { status: "ok", duration_ms: 29_999 })
      .add("RETURN", { status: "error" })
      .add("RETURN", { status: "ok", duration_ms: 30_000 });
    expect(healthAfter(session)).toEqual({
      score: 92,
      band: "excellent",
      points: [
        { what: "LOOP", count: 1, points: -20 },
        { what: "clean_delegation", count: 3, points: 6 },
        { what: "fast_execution", count: 1, points: 1 },
        { what: "successful_recovery", count: 1, points: 5 },
      ],
    });
  });

  it("reads Sentinel's own anomalies, whose rule is called type", () => {
    const session = new ScriptedSession().add("ANOMALY_DETECTED", { anomaly: { type: "TOOL_STORM" } });
    expect(healthAfter(session)).toMatchObject({ score: 95, points: [{ what: "TOOL_STORM" }] });
  });

  it("leaves out what was found in the session that this one is a copy of", () => {
    const session = new ScriptedSession();
    session.add("ANOMALY_DETECTED", { anomaly: { rule: "LOOP", severity: "HIGH" }, copy_of: "other" });
    expect(healthAfter(session).score).toBe(100);
  });

  it("has Sentinel's bands", () => {
    const bands = [100, 90, 89.9, 70, 69, 50, 49, 30, 29, 0].map(bandOf);
    expect(bands).toEqual([
      "excellent",
      "excellent",
      "good",
      "good",
      "fair",
      "fair",
      "poor",
      "poor",
      "critical",
      "critical",
    ]);
  });

  it("is a number from 0 to 100, whatever stands in the log", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("ANOMALY_DETECTED", "RETURN"), fc.jsonValue())),
        (events) => {
          const session = new ScriptedSession();
          for (const [type, value] of events)
            session.add(type, { anomaly: value, status: value, duration_ms: value });
          const { score } = healthAfter(session);
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
