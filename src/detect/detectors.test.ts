import v8 from "node:v8";
import vm from "node:vm";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import { ScriptedSession } from "../testing/scripted-session.ts";
import type { DetectorFailure } from "../summary/index.ts";
import { detectorsOf, standardDetectors } from "./detectors.ts";
import { detectEvents } from "./history.ts";
import { defineRule } from "./rule.ts";
import { RULES } from "./rules/index.ts";

function streak(id: string): ScriptedSession {
  return new ScriptedSession(id).times(4, (session, index) => session.call("edit", { index }, "no", "error"));
}

describe("options of rules", () => {
  it("are refused by name, with the nearest known one", () => {
    expect(() => standardDetectors({ TOOL_STROM: {} })).toThrow(
      /unknown rule "TOOL_STROM"; did you mean "TOOL_STORM"/,
    );
    expect(() => standardDetectors({ TOOL_STORM: { call: 3 } })).toThrow(
      /unknown option "call"; did you mean "calls"/,
    );
    expect(() => standardDetectors({ TOOL_STORM: true as never })).toThrow(/takes its options or false/);
  });

  it.each(
    RULES.flatMap(({ id, options }) => Object.entries(options).map(([name, range]) => ({ id, name, range }))),
  )("$id $name has a default within its range, and takes nothing beyond it", ({ id, name, range }) => {
    const make = (value: number) => () => standardDetectors({ [id]: { [name]: value } });
    expect(range.default === Infinity || (range.default >= range.min && range.default <= range.max)).toBe(
      true,
    );
    expect(make(range.min)).not.toThrow();
    expect(make(range.max)).not.toThrow();
    expect(make(range.min - 1)).toThrow(RangeError);
    expect(make(range.max + 1)).toThrow(RangeError);
    expect(make(NaN)).toThrow(RangeError);
    if (range.fraction !== true) expect(make(range.min + 0.5)).toThrow(/whole number/);
  });

  it("switch a rule off", () => {
    const detectors = standardDetectors({ ERROR_STREAK: false });
    expect([...detectEvents(streak("s").events, { detectors })]).toEqual([]);
  });
});

describe("an anomaly", () => {
  it("has a key that is the same whenever the same events are looked at, and no other's", () => {
    const keysOf = (id: string): string[] => [...detectEvents(streak(id).events)].map(({ key }) => key);
    expect(keysOf("a")).toHaveLength(1);
    expect(keysOf("a")).toEqual(keysOf("a"));
    expect(keysOf("a")).not.toEqual(keysOf("b"));
  });

  it("says whose it is, when it was, and what was allowed", () => {
    const [anomaly] = detectEvents(streak("a").events);
    expect(anomaly).toMatchObject({
      rule: "ERROR_STREAK",
      session_id: "a",
      agent_id: "agent",
      trigger: "a-8",
      detected_at: "2026-01-06T22:00:00.000Z",
      threshold: 4,
      actual: 4,
    });
  });
});

describe("sessions", () => {
  it("are looked at one by one, however their events come in between each other", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 27, maxLength: 27 }), (order) => {
        const waiting = ["a", "b", "c"].map((id) => [...streak(id).events]);
        const mixed: Event[] = [];
        for (const at of [...order, 0, 1, 2].flatMap((which) => Array.from({ length: 9 }, () => which))) {
          const next = waiting[at]?.shift();
          if (next !== undefined) mixed.push(next);
        }
        expect([...detectEvents(mixed)].map(({ session_id: id }) => id).toSorted()).toEqual(["a", "b", "c"]);
      }),
      { numRuns: 50 },
    );
  });

  it("begin anew when another process goes on with them, unless that tells of an import", () => {
    const half = (session: ScriptedSession): ScriptedSession =>
      session.times(2, (each, index) => each.call("edit", { index }, "no", "error"));
    const resumed = half(half(new ScriptedSession()).add("RESUMED"));
    expect([...detectEvents(resumed.events)]).toEqual([]);
    const imported = half(half(new ScriptedSession().add("START", { origin: "codex" })).add("RESUMED"));
    expect([...detectEvents(imported.events)]).toHaveLength(1);
  });

  it("tell nothing of what was copied into them", () => {
    const copied = streak("fork").events.map((event) => ({ ...event, copy_of: "original" }));
    expect([...detectEvents(copied)]).toEqual([]);
  });

  it("may be any number", () => {
    const detectors = standardDetectors();
    for (let index = 0; index < 5000; index++) {
      const found = [...detectEvents(streak(`session ${index}`).events, { detectors })];
      expect(found).toHaveLength(1);
    }
  });
});

describe("a rule that throws", () => {
  const broken = defineRule({
    id: "BROKEN",
    severity: "HIGH",
    about: "always",
    options: {},
    watch: () => () => {
      throw new Error("a bug");
    },
  });

  it("is reported, and keeps no other from being asked", () => {
    const failures: DetectorFailure[] = [];
    const detectors = detectorsOf([broken, ...RULES]);
    const events = streak("s").events;
    const found = [...detectEvents(events, { detectors, onFailure: (failure) => failures.push(failure) })];
    expect(found.map(({ rule }) => rule)).toEqual(["ERROR_STREAK"]);
    expect(failures).toHaveLength(events.length);
    expect(failures[0]).toMatchObject({ detector: "BROKEN", error: new Error("a bug"), event: events[0] });
  });

  it("is what a detector's malformed report is, too", () => {
    const failures: string[] = [];
    const odd = { name: "odd", analyze: () => [{ severity: "HIGH" }] as never };
    const worse = { name: "worse", analyze: () => 42 as never };
    const severe = { name: "severe", analyze: () => [{ rule: "X", severity: "TERRIBLE" }] as never };
    const onFailure = ({ detector, error }: DetectorFailure): number =>
      failures.push(`${detector}: ${String(error)}`);
    const [start] = new ScriptedSession().events;
    const events = start === undefined ? [] : [start];
    expect([...detectEvents(events, { detectors: [odd, worse, severe], onFailure })]).toEqual([]);
    expect(failures.map((each) => each.replace(/:.*/, ""))).toEqual(["odd", "worse", "severe"]);
  });
});

it("never throws, whatever the fields of events hold", () => {
  const types = [
    "TOOL_CALL",
    "TOOL_RESULT",
    "DELEGATE",
    "RETURN",
    "MODEL_RESPONSE",
    "CLOCK_STEP",
    "HUMAN_APPROVAL",
    "RESUMED",
  ];
  const fields = fc.dictionary(
    fc.constantFrom(
      "tool",
      "args",
      "result",
      "status",
      "error",
      "duration_ms",
      "cost_usd",
      "task",
      "metadata",
      "call_id",
      "parent_id",
      "child_session_id",
      "expected",
      "actual",
      "time_inferred",
    ),
    fc.anything({ withNullPrototype: true }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...types), fields), { maxLength: 40 }), (drafts) => {
      const session = new ScriptedSession();
      for (const [type, body] of drafts) session.add(type, body);
      const onFailure = ({ error }: DetectorFailure): never => {
        throw error;
      };
      return Array.isArray([...detectEvents(session.events, { onFailure })]);
    }),
    { numRuns: 300 },
  );
});

it("keeps no more of a long session than of a short one", () => {
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = vm.runInNewContext("gc");
  const detectors = standardDetectors({ BUDGET_PASSED: { hourUsd: 1000 } });
  const feed = (rounds: number, from: number): number => {
    const session = new ScriptedSession("long").after(from * 1000);
    session.times(rounds, (each, index) => {
      const at = from + index;
      each.after(1000).call(`tool ${at}`, { at }, `result ${at}`, index % 5 === 0 ? "error" : "ok");
      each.add("TOOL_CALL", { call_id: `open ${at}`, tool: "edit", args: { at } });
      each.add("DELEGATE", { call_id: `task ${at}`, task: `task ${at} of many words` });
      each.add("MODEL_RESPONSE", { model: "m", cost_usd: 0.01 });
    });
    // The START of each part tells nothing new.
    for (const _ of detectEvents(session.events.slice(1), { detectors })) void _;
    session.events.length = 0;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  // Warm, until everything that is bounded has reached its bound: the longest window is an hour of 3,600 charges.
  const warm = [0, 4000].map((from) => feed(4000, from));
  const later = [8000, 12_000, 16_000].map((from) => feed(4000, from));
  // 60,000 more events: a rule that kept but one small object of each of a kind would take more.
  expect(Math.min(...later.slice(1)) - (warm.at(-1) ?? 0)).toBeLessThan(1_000_000);
}, 60_000);
