// The contract has to find what is wrong with a sink, or passing it would mean nothing.

import { describe, expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import type { Sink } from "../sinks/index.ts";
import { sinkContract } from "./index.ts";
import type { SinkUnderTest } from "./index.ts";

/** The promises that a sink breaks. */
async function broken(make: () => SinkUnderTest): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of sinkContract("it", make)) {
    try {
      await run();
    } catch {
      names.push(name);
    }
  }
  return names;
}

/** A correct sink over an array, with some of it replaced. */
function subject(
  change: (lines: string[], self: { down: boolean; closed: boolean }) => Partial<Sink>,
): SinkUnderTest {
  const lines: string[] = [];
  const self = { down: false, closed: false };
  const sink: Sink = {
    write: (_event, line) => {
      if (self.down || self.closed) throw new Error("no");
      lines.push(line);
    },
    flush: () => undefined,
    close: () => void (self.closed = true),
    ...change(lines, self),
  };
  return { sink, arrived: () => lines, fail: () => (self.down = true), heal: () => (self.down = false) };
}

const ALL_IN_ORDER = "it passes on the very lines, in order, when nobody waits between two writes";
const CLOSES = "it passes on everything before it closes, closes twice, and refuses events then";
const SAYS = "it says of each event whether it was accepted";
const CHARACTERS = "it passes on long lines and characters of every kind";

describe("sinkContract", () => {
  it("passes a correct sink, also one that keeps nothing and cannot fail", async () => {
    expect(await broken(() => subject(() => ({})))).toEqual([]);
    expect(await broken(() => ({ sink: { write: () => undefined } }))).toEqual([]);
  });

  it("finds a sink that loses events without a word", async () => {
    const make = (): SinkUnderTest =>
      subject((lines, self) => ({
        write: (_event, line) => {
          if (self.closed) throw new Error("closed");
          if (!self.down) lines.push(line);
        },
      }));
    expect(await broken(make)).toEqual([SAYS]);
  });

  it("finds a sink that changes the order, or the bytes", async () => {
    const shuffling = (): SinkUnderTest =>
      subject((lines, self) => ({
        write: async (event, line) => {
          if (self.down || self.closed) throw new Error("no");
          if (event.seq % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
          lines.push(line);
        },
      }));
    expect(await broken(shuffling)).toContain(ALL_IN_ORDER);
    const trimming = (): SinkUnderTest =>
      subject((lines, self) => ({
        write: (_event, line) => {
          if (self.down || self.closed) throw new Error("no");
          lines.push(line.replaceAll("é", "e"));
        },
      }));
    expect(await broken(trimming)).toEqual([CHARACTERS]);
  });

  it("finds a sink that takes events after it was closed, or forgets those before", async () => {
    const forgetful = (): SinkUnderTest => subject((lines) => ({ close: () => void lines.splice(0) }));
    expect(await broken(forgetful)).toEqual([CLOSES]);
    const open = (): SinkUnderTest => subject(() => ({ close: () => undefined }));
    expect(await broken(open)).toEqual([CLOSES]);
  });

  it("finds a sink that writes into the event", async () => {
    const make = (): SinkUnderTest =>
      subject((lines, self) => ({
        write: (event: Event, line) => {
          if (self.down || self.closed) throw new Error("no");
          event["seen"] = true;
          lines.push(line);
        },
      }));
    expect(await broken(make)).toContain("it does not change an event");
  });
});
