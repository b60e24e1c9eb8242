// Detectors beside a log: persist first, then detect, then record, then tell.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { standardDetectors } from "../detect/index.ts";
import type { Event } from "../event/index.ts";
import { memorySink } from "../sinks/index.ts";
import type { Anomaly, Detector } from "../summary/index.ts";
import type { StoreOptions } from "./options.ts";
import { createRecorder } from "./recorder.ts";
import type { Session } from "./session.ts";
import { openStore } from "./store.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function startSession(options: StoreOptions): Session {
  return openStore({ dir: folder, handleSignals: false, ...options }).startSession({ id: "s", agent: "a" });
}

function eventsOf(session: Session): Event[] {
  const lines = fs.readFileSync(session.file, "utf8").split("\n").slice(0, -1);
  return lines.map((line): Event => JSON.parse(line));
}

function failFourTimes(session: { toolCall: Session["toolCall"] }): void {
  for (let line = 0; line < 4; line++) session.toolCall("edit", { line }).error("no such line");
}

/** Finds something in every event of a type. */
function finder(type: string): Detector {
  return {
    name: "finder",
    analyze: ({ event }) =>
      event === type ? [{ rule: "FOUND", severity: "HIGH", message: "there it is" }] : [],
  };
}

describe("a store with detectors", () => {
  it("records what they find behind the event that shows it, and then tells", async () => {
    const told: Anomaly[] = [];
    let recordedBefore: Event | undefined;
    const session = startSession({
      detectors: standardDetectors(),
      onAnomaly: (anomaly) => {
        session.flush();
        recordedBefore = eventsOf(session).findLast(({ event }) => event === "ANOMALY_DETECTED");
        told.push(anomaly);
      },
    });
    failFourTimes(session);
    await turn();
    session.userMessage("what happened?");
    session.end();
    const events = eventsOf(session);
    const at = events.findIndex(({ event }) => event === "ANOMALY_DETECTED");
    const recorded = events[at];
    const trigger = events[at - 1];
    expect(trigger).toMatchObject({ event: "TOOL_RESULT", status: "error" });
    expect(recorded).toMatchObject({
      severity: "WARN",
      parent_id: trigger?.id,
      original_event: "TOOL_RESULT",
      description: "4 tool calls in a row failed",
      anomaly: {
        rule: "ERROR_STREAK",
        severity: "MEDIUM",
        session_id: "s",
        agent_id: "a",
        threshold: 4,
        actual: 4,
      },
    });
    expect(told).toEqual([recorded?.["anomaly"]]);
    expect(recordedBefore?.["anomaly"]).toEqual(told[0]);
    // What is found counts in END, and stands before it.
    expect(events.at(-1)).toMatchObject({ event: "END", event_counts: { ANOMALY_DETECTED: 1 } });
  });

  it("finds what the last events show before END, and writes nothing behind it", () => {
    const session = startSession({ detectors: [...standardDetectors(), finder("END")] });
    failFourTimes(session);
    session.end();
    const types = eventsOf(session).map(({ event }) => event);
    expect(types.slice(-2)).toEqual(["ANOMALY_DETECTED", "END"]);
  });

  it("finds what the last events show when the session is closed without an end", () => {
    const session = startSession({ detectors: standardDetectors() });
    failFourTimes(session);
    session.close();
    expect(eventsOf(session).at(-1)).toMatchObject({ event: "ANOMALY_DETECTED" });
  });

  it.each(["end", "close"] as const)("lets onAnomaly end the session that is just about to %s", (how) => {
    const copy = memorySink();
    const faults: string[] = [];
    const session = startSession({
      detectors: [finder("USER_MESSAGE")],
      onAnomaly: () => session.end("STOPPED"),
      onFault: ({ message }) => faults.push(message),
      sinks: [copy],
    });
    session.userMessage("hello");
    session[how]();
    expect(eventsOf(session).at(-1)).toMatchObject({ event: "END", reason: "STOPPED" });
    expect(faults).toEqual([]);
    expect(session.status().refused).toBe(0);
    const ledger = fs.readFileSync(path.join(folder, "ledger.jsonl"), "utf8");
    expect(ledger.match(/SESSION_CLOSED/g)).toHaveLength(1);
  });

  it("gives sinks beside the log what was found, in the order of the log", async () => {
    const copy = memorySink();
    const session = startSession({ detectors: [finder("USER_MESSAGE")], sinks: [copy] });
    for (let index = 0; index < 3000; index++) session.userMessage(`message ${index}`);
    await turn();
    session.end();
    expect(copy.events.map(({ seq }) => seq)).toEqual(eventsOf(session).map(({ seq }) => seq));
    expect(copy.events.filter(({ event }) => event === "ANOMALY_DETECTED")).toHaveLength(3000);
  });

  it("records nothing without detectors, and takes a session's own before the store's", () => {
    const store = openStore({ dir: folder, handleSignals: false, detectors: [finder("USER_MESSAGE")] });
    const plain = store.startSession({ id: "plain", detectors: [] });
    plain.userMessage("hello");
    plain.end();
    const watched = store.startSession({ id: "watched" });
    watched.userMessage("hello");
    watched.end();
    const undecided = store.startSession({ id: "undecided", detectors: undefined });
    undecided.userMessage("hello");
    undecided.end();
    const counts = [plain, watched, undecided].map(
      (session) => eventsOf(session).filter(({ event }) => event === "ANOMALY_DETECTED").length,
    );
    expect(counts).toEqual([0, 1, 1]);
  });

  it("has those of whoever goes on with a session, or starts it", () => {
    const store = openStore({ dir: folder, handleSignals: false });
    for (let round = 1; round < 3; round++) {
      const session = store.openOrStartSession({ id: "s", detectors: [finder("USER_MESSAGE")] });
      session.userMessage("hello");
      session.close();
      const found = eventsOf(session).filter(({ event }) => event === "ANOMALY_DETECTED");
      expect(found).toHaveLength(round);
    }
  });

  it("never asks about findings, so that a detector of everything comes to an end", () => {
    const session = startSession({ detectors: [{ analyze: () => [{ rule: "EVERYTHING" }] }] });
    session.userMessage("hello");
    session.end();
    expect(eventsOf(session).map(({ event }) => event)).toEqual([
      "START",
      "USER_MESSAGE",
      "ANOMALY_DETECTED",
      "ANOMALY_DETECTED",
      "END",
    ]);
  });

  it("refuses what is no detector", () => {
    expect(() => startSession({ detectors: {} as never })).toThrow(
      /openStore: detectors must be an array, got an object/,
    );
    expect(() => startSession({ detectors: [() => []] as never })).toThrow(
      /a detector is an object with analyze/,
    );
    expect(() => startSession({ onAnomaly: "log" as never })).toThrow(
      /onAnomaly must be a function, got "log"/,
    );
  });
});

describe("a detector that fails", () => {
  const broken: Detector = {
    name: "broken",
    analyze: () => {
      throw new Error("a bug");
    },
  };

  it("becomes a DETECTOR_ERROR and nothing else: the program, the log and other detectors go on", () => {
    const session = startSession({ detectors: [broken, finder("USER_MESSAGE")] });
    expect(session.userMessage("hello").id).not.toBe("");
    session.end();
    const events = eventsOf(session);
    expect(events.find(({ event }) => event === "DETECTOR_ERROR")).toMatchObject({
      detector: "broken",
      error: { name: "Error", message: "a bug" },
      original_event: "START",
      parent_id: events[0]?.id,
    });
    expect(events.some(({ event }) => event === "ANOMALY_DETECTED")).toBe(true);
    expect(session.status().refused).toBe(0);
  });

  it("does not fill the log: of its failures the first, tenth and hundredth are recorded", () => {
    const session = startSession({ detectors: [broken] });
    for (let index = 0; index < 500; index++) session.userMessage("hello");
    session.end();
    const failures = eventsOf(session).filter(({ event }) => event === "DETECTOR_ERROR");
    expect(failures.map((event) => event["failures"])).toEqual([1, 10, 100]);
  });

  it("may be onAnomaly itself", () => {
    const session = startSession({
      detectors: [finder("USER_MESSAGE")],
      onAnomaly: () => {
        throw new Error("pager is down");
      },
    });
    session.userMessage("hello");
    session.end();
    const found = eventsOf(session).filter(({ event }) => event === "DETECTOR_ERROR");
    expect(found).toMatchObject([{ detector: "onAnomaly", error: { message: "pager is down" } }]);
  });
});

describe("an async function where a plain one belongs", () => {
  const down = async (): Promise<never> => {
    throw new Error("pager is down");
  };

  // An unhandled rejection fails the test run, as it would end a program.
  it("cannot end the program by rejecting: as onAnomaly it becomes a DETECTOR_ERROR", async () => {
    const session = startSession({ detectors: [finder("USER_MESSAGE")], onAnomaly: down });
    session.userMessage("hello");
    await new Promise((resolve) => setImmediate(resolve));
    session.end();
    const found = eventsOf(session).filter(({ event }) => event === "DETECTOR_ERROR");
    expect(found).toMatchObject([{ detector: "onAnomaly", error: { message: "pager is down" } }]);
  });

  it("is no detector that finds nothing, but one that fails", async () => {
    const session = startSession({ detectors: [{ name: "async", analyze: down as never }] });
    session.userMessage("hello");
    await new Promise((resolve) => setImmediate(resolve));
    session.end();
    expect(eventsOf(session).find(({ event }) => event === "DETECTOR_ERROR")).toMatchObject({
      detector: "async",
      error: { message: "analyze must return an array of anomalies, got a Promise" },
    });
  });
});

describe("a recorder with detectors", () => {
  it("records and tells what they find, in the sink that it has", async () => {
    const sink = memorySink();
    const told: string[] = [];
    const recorder = createRecorder({
      sink,
      agent: "a",
      detectors: standardDetectors(),
      onAnomaly: ({ rule }) => told.push(rule),
    });
    failFourTimes(recorder);
    await recorder.end();
    expect(sink.events.map(({ event }) => event).slice(-2)).toEqual(["ANOMALY_DETECTED", "END"]);
    expect(sink.events.map(({ seq }) => seq)).toEqual(sink.events.map((_, index) => index));
    expect(told).toEqual(["ERROR_STREAK"]);
  });

  it("writes nothing behind its END", async () => {
    const sink = memorySink();
    const recorder = createRecorder({ sink, detectors: [finder("END"), finder("USER_MESSAGE")] });
    recorder.userMessage("hello");
    await recorder.end();
    expect(sink.events.map(({ event }) => event)).toEqual([
      "START",
      "USER_MESSAGE",
      "ANOMALY_DETECTED",
      "END",
    ]);
  });
});
