import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../base/errors.ts";
import type { Event } from "../event/index.ts";
import { ChunkView, hubOf, streamChunks } from "../live/index.ts";
import { withoutFingerprints } from "../redact/index.ts";
import type { LiveEvent, VolatileEvent } from "../live/index.ts";
import { openStore } from "./store.ts";
import type { Session } from "./session.ts";

let dir: string;
let session: Session;
const faults: TracekeepError[] = [];
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  faults.length = 0;
  session = openStore({ dir, handleSignals: false, onFault: (error) => faults.push(error) }).startSession();
});
afterEach(() => {
  session.close();
  fs.rmSync(dir, { recursive: true });
});

/** What the log holds of streams. */
function recorded(): Event[] {
  session.flush();
  const lines = fs.readFileSync(session.file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Event).filter((event) => event["stream_id"] !== undefined);
}

const contentOf = (events: readonly Event[]): string =>
  events.map((event) => String(event["content"])).join("");

describe("session.stream", () => {
  it("writes the first chunk at once and the rest in few events, with the time of each chunk", async () => {
    const stream = session.stream({ flushIntervalMs: 60_000, fields: { model: "m" } });
    stream.write("Hello");
    expect(recorded().map(({ content }) => content)).toEqual(["Hello"]);
    await sleep(5);
    stream.write(", ");
    for (let n = 0; n < 50; n++) stream.write(`word${n} `);
    expect(recorded()).toHaveLength(1);
    stream.end({ finish_reason: "stop" });
    const [first, second, ...others] = recorded();
    expect(others).toEqual([]);
    expect(first).toMatchObject({ event: "AGENT_MESSAGE", position: 0, chunks: [[0, 5]], model: "m" });
    expect(second).toMatchObject({ position: 5, model: "m", chunk_count: 52, finish_reason: "stop" });
    expect(first?.["stream_id"]).toBe(second?.["stream_id"]);
    expect(second?.["first_token_ms"]).toBeGreaterThanOrEqual(0);
    expect(second?.["chunks_per_second"]).toBeGreaterThan(0);
    const texts = streamChunks(second ?? {}).map(({ text }) => text);
    expect(texts).toEqual([", ", ...Array.from({ length: 50 }, (_, n) => `word${n} `)]);
    expect(Date.parse(second?.timestamp ?? "")).toBeGreaterThan(Date.parse(first?.timestamp ?? ""));
  });

  it("writes what waits after a while, and when it is long", async () => {
    const stream = session.stream({ flushIntervalMs: 20, flushLength: 100 });
    for (const chunk of ["a ", "b ", "c "]) stream.write(chunk);
    await sleep(60);
    expect(recorded().map(({ content }) => content)).toEqual(["a ", "b c "]);
    for (let n = 0; n < 100; n++) stream.write("0123 6789 ");
    expect(recorded().length).toBeGreaterThanOrEqual(11);
    stream.end();
    expect(contentOf(recorded())).toBe(`a b c ${"0123 6789 ".repeat(100)}`);
  });

  it("tells the parts apart by their marks, wherever those are cut", () => {
    const text = "Well <start>Hi<think>hm < 3</think> yes<tool>ls</tool></end> done</think>";
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 30 }), (places) => {
        const before = recorded().length;
        const cuts = [0, ...places.toSorted((a, b) => a - b), text.length];
        const stream = session.stream();
        for (const [index, cut] of cuts.entries()) stream.write(text.slice(cuts[index - 1] ?? 0, cut));
        stream.end();
        const events = recorded().slice(before);
        expect(contentOf(events)).toBe(text);
        const parts = new Map<string, string>();
        for (const event of events) {
          const part = `${event.event} ${String(event["part"] ?? "")}`.trim();
          parts.set(part, (parts.get(part) ?? "") + String(event["content"]));
        }
        expect(Object.fromEntries(parts)).toEqual({
          AGENT_MESSAGE: "Well  done</think>",
          STREAM: "<start>Hi yes</end>",
          REASONING: "<think>hm < 3</think>",
          "STREAM tool": "<tool>ls</tool>",
        });
        for (const event of events) {
          const pieces = streamChunks(event).map(({ text: piece }) => piece);
          expect(pieces.join("")).toBe(event["content"]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("takes other marks, or none", () => {
    const own = session.stream({ marks: { reasoning: ["[[", "]]"] } });
    own.write("a[");
    own.write("[b]");
    own.write("]<think>c");
    own.end();
    const none = session.stream({ marks: false });
    none.write("<think>d</think>");
    none.end();
    expect(recorded().map(({ event, content }) => [event, content])).toEqual(
      [
        ["AGENT_MESSAGE", "a"],
        ["REASONING", "[[b]]"],
        ["AGENT_MESSAGE", "<think>c"],
        ["AGENT_MESSAGE", "<think>d</think>"],
        ["AGENT_MESSAGE", ""],
      ].slice(0, recorded().length),
    );
  });

  it("keeps a secret off the disk that was split over chunks, and from subscribers", async () => {
    const key = ["sk-", "ant-api03-", "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xYz"].join("");
    const heard: string[] = [];
    const listener = {
      session: undefined,
      wantsVolatile: true,
      take: (event: Event) => read(event as LiveEvent),
      takeVolatile: (event: VolatileEvent) => read(event),
    };
    hubOf(dir).add(listener);
    const view = new ChunkView();
    const read = (event: LiveEvent): void => void heard.push(...view.read(event).map(({ text }) => text));
    const stream = session.stream({ flushIntervalMs: 5 });
    for (const chunk of ["Your ", "key ", "is ", ...key.match(/.{1,4}/g)!, " and", " done"]) {
      stream.write(chunk);
      await turn();
    }
    stream.end();
    const text = "Your key is [REDACTED:anthropic-key] and done";
    expect(withoutFingerprints(contentOf(recorded()))).toBe(text);
    // What was held back to the end comes with the last event, which is told of when it is written.
    await turn();
    hubOf(dir).remove(listener);
    expect(withoutFingerprints(heard.join(""))).toBe(text);
    expect(fs.readFileSync(session.file, "utf8")).not.toContain("aB3d");
  });

  it("announces chunks before they are on disk, and a view of both gives each once, also to who comes late", async () => {
    const listen = (): { texts: string[]; stop: () => void } => {
      const view = new ChunkView();
      const texts: string[] = [];
      const read = (event: LiveEvent): void => void texts.push(...view.read(event).map(({ text }) => text));
      const listener = {
        session: session.id,
        wantsVolatile: true,
        take: (event: Event) => read(event as LiveEvent),
        takeVolatile: (event: VolatileEvent) => {
          expect(event).toMatchObject({ volatile: true, session_id: session.id, event: "AGENT_MESSAGE" });
          expect(event["seq"]).toBeUndefined();
          read(event);
        },
      };
      hubOf(dir).add(listener);
      return { texts, stop: () => hubOf(dir).remove(listener) };
    };
    const early = listen();
    const stream = session.stream();
    for (const chunk of ["one ", "two ", "three "]) stream.write(chunk);
    await turn();
    expect(early.texts).toEqual(["one ", "two ", "three "]);
    const late = listen();
    stream.write("four ");
    await turn();
    expect(late.texts).toEqual([]);
    stream.flush();
    await turn();
    stream.write("five ");
    await turn();
    expect(late.texts.slice(-4)).toEqual(["two ", "three ", "four ", "five "]);
    stream.end();
    session.end();
    await turn();
    expect(early.texts).toEqual(["one ", "two ", "three ", "four ", "five "]);
    expect(late.texts.slice(-4)).toEqual(["two ", "three ", "four ", "five "]);
    early.stop();
    late.stop();
  });

  it("ends with what it passes on, with its session, and tells of chunks that come too late", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "so ";
      await turn();
      throw new Error("the model hung up");
    }
    const passed: string[] = [];
    const reading = (async (): Promise<void> => {
      for await (const chunk of session.stream().tee(failing())) passed.push(chunk);
    })();
    await expect(reading).rejects.toThrow("hung up");
    for await (const _ of session.stream().tee(["left", "early"])) break;
    const open = session.stream();
    open.write("half a wor");
    session.end();
    expect(passed).toEqual(["so "]);
    expect(recorded().map(({ content, status }) => [content, status])).toEqual([
      ["so ", undefined],
      ["", "error"],
      ["left", undefined],
      ["", "cancelled"],
      ["half a wor", undefined],
      ["", "interrupted"],
    ]);
    open.write("d");
    expect(faults).toMatchObject([{ code: "CLOSED" }]);
  });

  it("goes on when the program does, after a signal that it handles itself", () => {
    const reload = (): void => undefined;
    process.on("SIGHUP", reload);
    try {
      const watching = openStore({ dir }).startSession();
      const others = process.listenerCount("SIGTERM");
      const stream = session.stream();
      for (const chunk of ["Hello", " wor"]) stream.write(chunk);
      process.emit("SIGHUP", "SIGHUP");
      stream.write("ld");
      stream.end();
      expect(process.listenerCount("SIGTERM")).toBe(others);
      watching.end();
    } finally {
      process.removeListener("SIGHUP", reload);
    }
    expect(contentOf(recorded())).toBe("Hello world");
    expect(recorded().at(-1)).not.toHaveProperty("status");
    expect(faults).toEqual([]);
  });

  it("refuses options it does not understand", () => {
    expect(() => session.stream({ mark: {} } as never)).toThrow(/did you mean "marks"/);
    expect(() => session.stream({ marks: { tool: ["<a>"] } } as never)).toThrow(TypeError);
    expect(() => session.stream({ marks: { tool: ["<a>", "<a>"] } })).toThrow(RangeError);
    expect(() => session.stream({ flushIntervalMs: 0 })).toThrow(RangeError);
  });
});
