import { describe, expect, it } from "vitest";

import { TracekeepError } from "../base/errors.ts";
import { testEvents } from "../testing/index.ts";
import { bufferedSink, memorySink, multiSink } from "./index.ts";
import type { Sink } from "./index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const events = testEvents(20);
const seqs = (sink: ReturnType<typeof memorySink>): number[] => sink.events.map(({ seq }) => seq);

describe("multiSink", () => {
  it("rejects with what the primary says, and copies only what the primary accepted", () => {
    const copy = memorySink();
    const primary: Sink = {
      write: ({ seq }) => {
        if (seq % 2 === 1) throw new Error("odd");
      },
    };
    const sink = multiSink(primary, copy);
    for (const { event, line } of events) {
      if (event.seq % 2 === 1) expect(() => sink.write(event, line)).toThrow("odd");
      else expect(sink.write(event, line)).toBeUndefined();
    }
    expect(seqs(copy)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  });

  it("keeps the others from each other and from the caller: failures are counted, and told once for each run", async () => {
    const good = memorySink();
    let up = false;
    const throwing: Sink = {
      write: () => {
        if (!up) throw new Error("thrown");
      },
    };
    const rejecting: Sink = { write: () => Promise.reject(new Error("rejected")) };
    const sink = multiSink(memorySink(), throwing, rejecting, good);
    const faults: string[] = [];
    sink.onFault = (error) => {
      expect(error).toBeInstanceOf(TracekeepError);
      faults.push(error.message);
    };
    for (const { event, line } of events.slice(0, 5)) void sink.write(event, line);
    await turn();
    up = true;
    void sink.write(events[5]!.event, events[5]!.line);
    up = false;
    void sink.write(events[6]!.event, events[6]!.line);
    await sink.flush();
    expect(sink.failedEvents).toEqual([6, 7, 0]);
    expect(faults.filter((fault) => fault.endsWith("thrown"))).toHaveLength(2);
    expect(faults.filter((fault) => fault.endsWith("rejected"))).toHaveLength(1);
    expect(seqs(good)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("gives the others the primary's order, also when it accepts some at once and some later", async () => {
    const copy = memorySink();
    const sink = multiSink({ write: ({ seq }) => (seq % 3 === 0 ? turn() : undefined) }, copy);
    await Promise.all(events.map(({ event, line }) => sink.write(event, line)));
    await sink.flush();
    expect(seqs(copy)).toEqual(events.map(({ event }) => event.seq));
  });

  it("keeps that order when a later event is refused before an earlier one is accepted", async () => {
    const copy = memorySink();
    const fates = [() => turn(), () => Promise.reject(new Error("no")), () => undefined];
    const sink = multiSink({ write: ({ seq }) => fates[seq]?.() }, copy);
    const written = events.slice(0, 3).map(async ({ event, line }) => await sink.write(event, line));
    await expect(written[1]).rejects.toThrow("no");
    await sink.flush();
    await Promise.all([written[0], written[2]]);
    expect(seqs(copy)).toEqual([0, 2]);
  });

  it("copies nothing that the primary dropped", async () => {
    const copy = memorySink();
    const primary = bufferedSink({ write: () => turn() }, { capacity: 5, overflow: "drop-newest" });
    const sink = multiSink(primary, copy);
    for (const { event, line } of events) void sink.write(event, line);
    await sink.close();
    expect(copy.events).toHaveLength(5);
    expect(primary.droppedEvents).toBe(15);
  });

  it("flushes and closes all, and only the primary's failure is the caller's", async () => {
    const steps: string[] = [];
    const stubborn = (name: string): Sink => ({
      write: () => undefined,
      flush: () => Promise.reject(new Error(`flush ${name}`)),
      close: () => {
        steps.push(name);
        throw new Error(`close ${name}`);
      },
    });
    const faults: string[] = [];
    const sink = multiSink(stubborn("primary"), stubborn("a"), stubborn("b"));
    sink.onFault = (error) => faults.push(error.message);
    await expect(sink.flush()).rejects.toThrow("flush primary");
    await expect(sink.close()).rejects.toThrow("close primary");
    expect(steps).toEqual(["primary", "a", "b"]);
    expect(faults).toHaveLength(4);
  });
});
