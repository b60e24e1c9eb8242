import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../base/errors.ts";
import { eventSchema } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import {
  asyncBufferedSink,
  asyncJsonlSink,
  bufferedSink,
  filterSink,
  jsonlSink,
  memorySink,
  nullSink,
} from "../sinks/index.ts";
import type { Overflow, Sink } from "../sinks/index.ts";
import { faultyDisk, fixedClock } from "../testing/index.ts";
import { createRecorder } from "./recorder.ts";
import type { RecorderOptions } from "./recorder-options.ts";
import { withSession } from "./run.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const later = async (action: () => void): Promise<void> => {
  await turn();
  action();
};
const types = (events: readonly Event[]): string[] => events.map(({ event }) => event);
const recorderOf = (options: RecorderOptions): ReturnType<typeof createRecorder> =>
  createRecorder({ handleSignals: false, onFault: () => undefined, ...options });

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const eventsOf = (file: string): Event[] =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);

describe("createRecorder", () => {
  it("gives the helpers of a session without a store: START to END, numbered from 0, with the final counts", async () => {
    const sink = memorySink();
    const recorder = recorderOf({ sink, id: "s", agent: "a", title: "T" });
    recorder.userMessage("hello");
    recorder.toolCall("bash", { command: "false" }).error(new Error("exit 1"));
    recorder.modelCall({ model: "m" }).result("yes", { input_tokens: 3, output_tokens: 2, cost_usd: 0.5 });
    await recorder.end();
    const { events } = sink;
    expect(types(events)).toEqual([
      "START",
      "USER_MESSAGE",
      "TOOL_CALL",
      "TOOL_RESULT",
      "MODEL_CALL",
      "MODEL_RESPONSE",
      "END",
    ]);
    expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(events.every((event) => event.session_id === "s" && event.agent_id === "a")).toBe(true);
    expect(events[0]).toMatchObject({ format: 1, title: "T", durability: "accepted", pid: process.pid });
    expect(events.at(-1)).toMatchObject({
      reason: "NORMAL",
      events: 6,
      tool_calls: 1,
      tool_errors: 1,
      cost_usd: 0.5,
    });
    const valid = new Ajv2020({ strict: false }).compile(eventSchema());
    for (const event of events)
      expect([event.event, valid(event), valid.errors]).toEqual([event.event, true, null]);
  });

  it("takes a path for a JSON Lines file, which it closes", async () => {
    const file = path.join(folder, "var", "audit", "events.jsonl");
    {
      await using recorder = recorderOf({ sink: file });
      recorder.userMessage("hello");
    }
    // A second run goes on behind the first one; it could not while the first had the file.
    await recorderOf({ sink: file }).end();
    expect(types(eventsOf(file))).toEqual(["START", "USER_MESSAGE", "END", "START", "END"]);
    expect(eventsOf(file)[2]).toMatchObject({ reason: "scope_exit" });
  });

  it.runIf(fs.existsSync("/dev/full"))("throws when START is refused, and lets go of the file", () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => recorderOf({ sink: "/dev/full" })).toThrow(expect.objectContaining({ code: "DISK_FULL" }));
    }
  });

  it("has no sink by default, and refuses what is none", () => {
    expect(() => createRecorder({} as RecorderOptions)).toThrow(TypeError);
    expect(() => createRecorder({ sink: {} as Sink })).toThrow(TypeError);
    expect(() => createRecorder({ sink: null as unknown as Sink })).toThrow(TypeError);
    expect(() => createRecorder({ sink: nullSink(), agnet: "x" } as object as RecorderOptions)).toThrow(
      'did you mean "agent"?',
    );
    expect(() => createRecorder({ sink: nullSink(), sinks: [{} as Sink] })).toThrow(TypeError);
  });

  it("opens no file when something else is refused", async () => {
    const file = path.join(folder, "events.jsonl");
    const redaction = { rules: [{ kind: "anything", pattern: "(" }] };
    expect(() => createRecorder({ sink: file, redaction })).toThrow(/rules\[0\]/);
    expect(fs.existsSync(file)).toBe(false);
  });

  it("gives the callers of a null sink their events all the same", async () => {
    const recorder = recorderOf({ sink: nullSink(), agent: "a" });
    const message = recorder.userMessage("hello");
    expect(message.event).toMatchObject({ event: "USER_MESSAGE", message: "hello", seq: 1, agent_id: "a" });
    expect(message.event["id"]).toBe(message.id);
    expect(Object.isFrozen(message.event)).toBe(true);
    await recorder.end();
  });

  it("leaves sinks open that others may still write to, beside a file that it closes", async () => {
    const copy = jsonlSink(path.join(folder, "copy.jsonl"));
    for (let round = 0; round < 2; round++) {
      const file = path.join(folder, "own.jsonl");
      const recorder = recorderOf({ sink: file, sinks: [copy] });
      recorder.checkpoint(`round ${round}`);
      await recorder.end();
    }
    copy.close();
    const copied = eventsOf(path.join(folder, "copy.jsonl"));
    expect(types(copied)).toEqual(["START", "CHECKPOINT", "END", "START", "CHECKPOINT", "END"]);
  });

  it("refuses an event that cannot be encoded, and does not throw", async () => {
    const sink = memorySink();
    const recorder = recorderOf({ sink });
    let looks = 0;
    const draft = {
      event: "CHECKPOINT",
      get late(): number {
        if (++looks > 2) throw new Error("gone by now");
        return looks;
      },
    };
    expect(recorder.log(draft)).toBe("");
    expect(recorder.status()).toMatchObject({ refused: 1, lastError: { code: "BAD_EVENT" } });
    await recorder.end();
    expect(types(sink.events)).toEqual(["START", "GAP", "END"]);
  });

  it("takes a promise of somebody's own that settles at once", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- what this is about
    const settled = { then: (resolve: () => void) => resolve() } as Promise<void>;
    const recorder = recorderOf({ sink: { write: () => settled } });
    await recorder.append({ event: "CHECKPOINT" });
    await recorder.end();
    expect(recorder.status()).toMatchObject({ accepted: 3, refused: 0 });
  });

  it("lets no secret get to any sink", async () => {
    const sinks = [memorySink(), memorySink()] as const;
    const recorder = recorderOf({ sink: sinks[0], sinks: [sinks[1]], redaction: { fieldNames: ["badge"] } });
    recorder.toolCall("login", { password: "hunter2", badge: 4711, note: "AKIAIOSFODNN7EXAMPLE" });
    await recorder.end();
    for (const { events } of sinks) expect(JSON.stringify(events)).not.toMatch(/hunter2|4711|AKIAIOSF/);
  });

  it("tells the steps of the clock, and its time is the clock's", async () => {
    const sink = memorySink();
    const clock = fixedClock("2026-01-06T22:00:00.000Z");
    const recorder = recorderOf({ sink, clock });
    clock.advance(1_500);
    recorder.checkpoint("later");
    clock.setWall("2026-01-06T21:00:00.000Z");
    clock.advance(10);
    recorder.checkpoint("not earlier");
    await recorder.end();
    expect(sink.events.map(({ event, timestamp }) => [event, timestamp.slice(11, 23)])).toEqual([
      ["START", "22:00:00.000"],
      ["CHECKPOINT", "22:00:01.500"],
      ["CLOCK_STEP", "22:00:01.510"],
      ["CHECKPOINT", "22:00:01.510"],
      ["END", "22:00:01.510"],
    ]);
  });

  it("is a child of the session around it", async () => {
    const sink = memorySink();
    const store = { dir: path.join(folder, "store"), handleSignals: false };
    const id = await withSession({ store }, async (session) => {
      await recorderOf({ sink }).end();
      return session.id;
    });
    expect(sink.events[0]).toMatchObject({ parent_session_id: id });
  });

  it("refuses events of a sink that records into its own recorder, instead of never ending", async () => {
    const lines: string[] = [];
    const sink: Sink = {
      write: (_event, line) => {
        lines.push(line);
        recorder?.log({ event: "written" });
      },
    };
    let recorder: ReturnType<typeof recorderOf> | undefined;
    recorder = recorderOf({ sink });
    recorder.log({ event: "nav" });
    await recorder.end();
    const events = lines.map((line) => JSON.parse(line) as Event);
    expect(types(events)).toEqual(["START", "nav", "GAP", "GAP", "END"]);
    expect(events.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
    expect(recorder.status().refused).toBe(4);
  });
});

describe("receipts of a recorder", () => {
  it("say what the sink promises, once that is so", async () => {
    const disk = faultyDisk();
    const sink = jsonlSink(path.join(folder, "events.jsonl"), { durability: "fsync", disk });
    const recorder = recorderOf({ sink, id: "s" });
    const { syncs } = disk;
    const receipt = await recorder.append({ event: "nav" });
    expect(receipt).toEqual({ sessionId: "s", seq: 1, id: expect.any(String), durability: "fsync" });
    expect(disk.syncs).toBeGreaterThan(syncs);
    expect(await recorder.userMessage("hi").receipt()).toMatchObject({ seq: 2, durability: "fsync" });
    await recorder.end();
    sink.close();
    const memory = recorderOf({ sink: memorySink() });
    expect(await memory.append({ event: "nav" })).toMatchObject({ seq: 1, durability: "accepted" });
    await memory.end();
  });

  it("wait for the destination of a buffer, not for a place in it", async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const arrived: number[] = [];
    const sink = bufferedSink({ write: ({ seq }) => gate.then(() => void arrived.push(seq)) });
    const recorder = recorderOf({ sink });
    const receipt = recorder.append({ event: "nav" }).then(({ seq }) => arrived.includes(seq));
    await turn();
    open();
    expect(await receipt).toBe(true);
    await recorder.end();
  });

  it("reject for an event that the sink refuses, at once or later, and for one that comes too late", async () => {
    const sink: Sink = {
      write: ({ event }) => {
        if (event === "now") throw new Error("refused now");
        return event === "soon" ? turn().then(() => Promise.reject(new Error("refused soon"))) : undefined;
      },
    };
    const recorder = recorderOf({ sink });
    await expect(recorder.append({ event: "now" })).rejects.toMatchObject({ code: "REFUSED" });
    await expect(recorder.append({ event: "soon" })).rejects.toThrow("refused soon");
    await recorder.end();
    await expect(recorder.append({ event: "late" })).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => recorder.log({ event: "late" })).not.toThrow();
    expect(recorder.status()).toMatchObject({ open: false, refused: 4, pending: 0 });
  });
});

describe("an event that is not taken", () => {
  it("uses no number, and a GAP says how many there were, behind the first one that got through", async () => {
    const file = path.join(folder, "events.jsonl");
    const disk = faultyDisk();
    const faults: TracekeepError[] = [];
    const sink = jsonlSink(file, { disk });
    const recorder = recorderOf({ sink, onFault: (error) => faults.push(error) });
    disk.failWrites = ["no space", 30, "no space"];
    for (let n = 0; n < 3; n++) expect(() => recorder.checkpoint(`lost ${n}`)).not.toThrow();
    recorder.checkpoint("kept");
    await recorder.end();
    sink.close();
    const events = eventsOf(file);
    expect(events.map(({ event, seq }) => [event, seq])).toEqual([
      ["START", 0],
      ["CHECKPOINT", 1],
      ["GAP", 2],
      ["END", 3],
    ]);
    expect(events[2]).toMatchObject({ count: 3, reason: expect.stringContaining("no space") });
    expect(events[2]).not.toHaveProperty("from_seq");
    expect(faults.map(({ code }) => code)).toEqual(["DISK_FULL"]);
  });

  it("leaves a hole when it is lost later, which the GAP names", async () => {
    const file = path.join(folder, "events.jsonl");
    const disk = faultyDisk();
    const sink = asyncJsonlSink(file, { disk });
    const recorder = recorderOf({ sink });
    await recorder.flush();
    disk.failWrites = ["no space"];
    recorder.checkpoint("lost");
    recorder.checkpoint("lost with it");
    await expect(recorder.flush()).rejects.toMatchObject({ code: "DISK_FULL" });
    await recorder.end();
    await sink.close();
    const events = eventsOf(file);
    expect(events.map(({ event, seq }) => [event, seq])).toEqual([
      ["START", 0],
      ["GAP", 3],
      ["END", 4],
    ]);
    expect(events[1]).toMatchObject({ count: 2, from_seq: 1, to_seq: 2 });
    expect(events[2]).toMatchObject({ events: 2 });
  });

  it("is no loss when a filter did not want it: the numbers of the others have no gap", async () => {
    const end = memorySink();
    const sink = filterSink(end, { predicate: ({ severity }) => severity !== "DEBUG" });
    const recorder = recorderOf({ sink });
    recorder.log({ event: "nav", severity: "DEBUG" });
    await expect(recorder.append({ event: "nav", severity: "DEBUG" })).rejects.toMatchObject({
      code: "FILTERED",
    });
    sink.minSeverity = "WARN";
    recorder.userMessage("too mild by now");
    recorder.error("seen");
    await recorder.end();
    expect(end.events.map(({ event, seq }) => [event, seq])).toEqual([
      ["START", 0],
      ["ERROR", 1],
    ]);
    expect(recorder.status()).toMatchObject({ filtered: 4, refused: 0, accepted: 2 });
  });

  it("throws only where overflow is raise, which was asked for", async () => {
    const gate = new Promise<void>(() => undefined);
    const full = (overflow: Overflow): ReturnType<typeof recorderOf> =>
      recorderOf({ sink: bufferedSink({ write: () => gate }, { capacity: 1, overflow }) });
    const raising = full("raise");
    expect(() => raising.log({ event: "nav" })).toThrow(expect.objectContaining({ code: "QUEUE_FULL" }));
    expect(() => raising.userMessage("hi")).toThrow(expect.objectContaining({ code: "QUEUE_FULL" }));
    await expect(raising.append({ event: "nav" })).rejects.toMatchObject({ code: "QUEUE_FULL" });
    const dropping = full("drop-newest");
    expect(dropping.log({ event: "nav" })).toMatch(/^[0-9a-f-]{36}$/);
    await expect(dropping.append({ event: "nav" })).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect([dropping.status().dropped, raising.status().refused]).toEqual([2, 3]);
    full("block").log({ event: "nav" });
  });

  it("accepted + dropped + refused = offered, and the GAPs of the log say the same", async () => {
    type Fate = "take" | "refuse" | "take later" | "refuse later";
    const scenario = fc.record({
      overflow: fc.constantFrom<Overflow>("block", "drop-newest", "raise"),
      capacity: fc.integer({ min: 1, max: 4 }),
      isAsync: fc.boolean(),
      fates: fc.array(fc.constantFrom<Fate>("take", "refuse", "take later", "refuse later"), {
        maxLength: 30,
      }),
      pace: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ overflow, capacity, isAsync, fates, pace }) => {
        const arrived: Event[] = [];
        let at = 0;
        const destination: Sink = {
          write: (event) => {
            // Our own events always get through, so that what they say can be read at the end.
            const fate = event.event === "nav" ? fates[at++ % fates.length] : "take";
            if (fate === "take") return void arrived.push(event);
            if (fate === "refuse") throw new Error("no");
            return later(() => {
              if (fate === "refuse later") throw new Error("no");
              arrived.push(event);
            });
          },
        };
        const make = isAsync ? asyncBufferedSink : bufferedSink;
        const recorder = recorderOf({ sink: make(destination, { overflow, capacity }) });
        // START has to be there before the queue is full of others.
        await recorder.flush();
        const outcome = { accepted: 0, rejected: 0 };
        const receipts: Promise<unknown>[] = [];
        for (let n = 0; n < fates.length; n++) {
          receipts.push(
            recorder.append({ event: "nav" }).then(
              () => outcome.accepted++,
              () => outcome.rejected++,
            ),
          );
          if (n % pace === 0) await turn();
        }
        await Promise.all(receipts);
        await recorder.end().catch(() => undefined);
        const navs = arrived.filter(({ event }) => event === "nav").length;
        const gaps = arrived.filter(({ event }) => event === "GAP");
        const { dropped, refused, pending, accepted } = recorder.status();
        expect(outcome.accepted + outcome.rejected).toBe(fates.length);
        expect(navs).toBe(outcome.accepted);
        expect(dropped + refused).toBe(outcome.rejected);
        expect([pending, accepted]).toEqual([0, arrived.length]);
        expect(gaps.reduce((sum, gap) => sum + Number(gap["count"]), 0)).toBe(outcome.rejected);
        const seqs = arrived.map(({ seq }) => seq);
        expect(new Set(seqs).size).toBe(seqs.length);
      }),
      { numRuns: 200 },
    );
  });
});

describe("secondary sinks of a recorder", () => {
  it("get what the primary accepted, and their failures are heard but hurt nobody", async () => {
    const primary = memorySink();
    const copy = memorySink();
    const faults: TracekeepError[] = [];
    const broken: Sink = { write: () => Promise.reject(new Error("down")) };
    const recorder = recorderOf({
      sink: primary,
      sinks: [broken, copy],
      onFault: (error) => faults.push(error),
    });
    recorder.userMessage("hello");
    await recorder.end();
    expect(copy.events).toEqual(primary.events);
    const bug = (): void => {
      throw new Error("a bug in the handler");
    };
    // An unhandled rejection fails the test run.
    for (const onFault of [bug, async (): Promise<void> => bug()]) {
      const hurt = recorderOf({ sink: memorySink(), sinks: [broken], onFault });
      expect(() => hurt.userMessage("hello")).not.toThrow();
      await hurt.end();
    }
    expect(faults.map(({ message }) => message)).toEqual(["the sink refused an event: down"]);
  });
});
