// Timing against a clock that moves only when somebody sleeps; bench/replay.ts measures the real one.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { chunksOf } from "./chunks.ts";
import { openPlayer } from "./index.ts";
import type { Played, Player, PlayerOptions, PlayerTimer } from "./index.ts";

let dir: string;
beforeEach(() => (dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), ".tracekeep")));
afterEach(() => fs.rmSync(path.dirname(dir), { recursive: true }));

const START_MS = Date.parse("2026-01-06T22:00:00.000Z");

/** Events at so many milliseconds after the start. */
function recordAt(id: string, offsetsMs: readonly number[], more: (at: number) => object = () => ({})): void {
  const store = openStore({ dir, handleSignals: false });
  const session = store.startSession({ id, startedAt: new Date(START_MS).toISOString() });
  offsetsMs.forEach((offsetMs, at) =>
    session.log({
      event: "NOTE",
      timestamp: new Date(START_MS + offsetMs),
      message: `${id}${at}`,
      ...more(at),
    }),
  );
  session.close();
  store.close();
}

class FakeTimer implements PlayerTimer {
  ms = 0;
  /** Called when a wait begins. */
  onSleep: ((ms: number) => void) | undefined;
  nowMs(): number {
    return this.ms;
  }
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.onSleep?.(ms);
    await Promise.resolve();
    if (!signal.aborted) this.ms += ms;
  }
}

let timer: FakeTimer;
beforeEach(() => (timer = new FakeTimer()));

function playerOf(options: Partial<PlayerOptions> = {}): Player {
  return openPlayer({ sessions: "a", reader: openReader({ dir }), timer, ...options });
}

/** Time and text of everything played, START left out. */
async function played(player: Player, onPlayed?: (each: Played) => void): Promise<[number, unknown][]> {
  const all: [number, unknown][] = [];
  await player.play((each) => {
    if (each.event.event === "NOTE") all.push([timer.ms, each.chunk?.text ?? each.event["message"]]);
    onPlayed?.(each);
  });
  return all;
}

describe("Player", () => {
  it.each([
    ["the recorded pace", {}, [0, 100, 100, 5100]],
    ["ten times the pace", { speed: 10 }, [0, 10, 10, 510]],
    ["half the pace", { speed: 0.5 }, [0, 200, 200, 10_200]],
    ["silences cut to a second", { maxSilenceMs: 1000 }, [0, 100, 100, 1100]],
    ["both", { maxSilenceMs: 1000, speed: 10 }, [0, 10, 10, 110]],
    ["as fast as it goes", { speed: Infinity }, [0, 0, 0, 0]],
  ])("plays at %s", async (_, options, expected) => {
    // Time goes back at the third event, which is no silence.
    recordAt("a", [0, 100, 40, 5100]);
    expect((await played(playerOf(options))).map(([ms]) => ms)).toEqual(expected);
  });

  it("does not add up the lateness of timers, at any speed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0.1, max: 50, noNaN: true }),
        async (gaps, speed) => {
          fs.rmSync(dir, { recursive: true, force: true });
          let sum = 0;
          const offsets = gaps.map((gap) => (sum += gap));
          recordAt("a", offsets);
          const late = new FakeTimer();
          const real = late.sleep.bind(late);
          late.sleep = async (ms, signal) => {
            await real(ms, signal);
            late.ms += 0.7;
          };
          const at: number[] = [];
          await playerOf({ speed, timer: late }).play(() => at.push(late.ms));
          for (const [index, offset] of offsets.entries())
            expect(Math.abs((at[index + 1] ?? NaN) - offset / speed)).toBeLessThan(0.8);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("goes on from where a reader was away, without a burst of what was missed", async () => {
    recordAt("a", [0, 100, 200, 300]);
    const times = await played(playerOf(), ({ event }) => {
      if (event["message"] === "a1") timer.ms += 60_000;
    });
    expect(times.map(([ms]) => ms)).toEqual([0, 100, 60_100, 60_200]);
  });

  it("changes speed and pauses in the middle of a wait", async () => {
    recordAt("a", [0, 1000, 2000]);
    const player = playerOf();
    const actions = [
      () => {
        timer.ms += 400;
        player.speed = 6;
      },
      () => {
        timer.ms += 50;
        player.pause();
      },
      () => {
        timer.ms += 10_000;
        player.resume();
      },
    ];
    timer.onSleep = () => actions.shift()?.();
    // 400 at single speed, 50 × 6 = 300, a pause, and 300 / 6 = 50 more; then a second at six times the pace.
    expect((await played(player)).map(([ms]) => Math.round(ms))).toEqual([0, 10_500, 10_667]);
  });

  it("steps and seeks while it is paused", async () => {
    recordAt("a", [0, 1000, 2000]);
    const player = playerOf({ paused: true, from: 1 });
    const actions = [
      () => player.step(),
      () => player.step(2),
      () => player.seek(1),
      () => player.step(),
      () => player.stop(),
    ];
    timer.onSleep = () => actions.shift()?.();
    expect(await played(player)).toEqual([
      [0, "a0"],
      [0, "a1"],
      [0, "a2"],
    ]);
    expect(actions).toHaveLength(3);
    const again = playerOf({ paused: true, from: 1 });
    const back = [() => again.step(2), () => again.seek(0), () => again.step(), () => again.stop()];
    timer.onSleep = () => back.shift()?.();
    expect((await played(again)).map(([, text]) => text)).toEqual(["a0", "a1", "a0"]);
    expect(() => again.seek(4)).toThrow(RangeError);
  });

  it("plays a range, by numbers and by times, and loops over it", async () => {
    recordAt("a", [0, 1000, 2000, 3000]);
    expect((await played(playerOf({ from: 2, to: 3 }))).map(([, text]) => text)).toEqual(["a1", "a2"]);
    const from = new Date(START_MS + 2000);
    const player = playerOf({ from, loop: true });
    const seen: unknown[] = [];
    for await (const { event } of player) {
      seen.push([timer.ms % 100_000, event["message"]]);
      if (seen.length === 4) break;
    }
    expect(seen.map((each) => (each as unknown[])[1])).toEqual(["a2", "a3", "a2", "a3"]);
    const to = playerOf();
    to.seekTime(new Date(START_MS + 1500));
    expect((await played(to)).map(([, text]) => text)).toEqual(["a2", "a3"]);
    expect(await played(playerOf({ from: 90, loop: true }))).toEqual([]);
  });

  it("interleaves sessions by time, each in its own order", async () => {
    recordAt("a", [0, 200, 100, 400]);
    recordAt("b", [50, 150, 300]);
    const player = playerOf({ sessions: ["a", "b"] });
    expect((await played(player)).map(([, text]) => text)).toEqual([
      "a0",
      "b0",
      "b1",
      "a1",
      "a2",
      "b2",
      "a3",
    ]);
    expect(() => playerOf({ sessions: ["a", "b"], from: 3 })).toThrow(
      "of several sessions, from must be a time",
    );
  });

  it("gives pieces of a text at their own times, between other events", async () => {
    recordAt("a", [0, 100, 250], (at) =>
      at === 0
        ? {
            content: "Hällo 😀!",
            chunks: [
              [0, 5],
              [200, 3],
              [300, 1],
            ],
          }
        : {},
    );
    expect(await played(playerOf())).toEqual([
      [0, "Hällo"],
      [100, "a1"],
      [200, " 😀"],
      [250, "a2"],
      [300, "!"],
    ]);
    expect((await played(playerOf({ chunks: false }))).map(([, text]) => text)).toEqual(["a0", "a1", "a2"]);
  });

  it("gives pieces that were written down late at the times that are still to come", async () => {
    recordAt("a", [0, 150, 0], (at) =>
      at === 2
        ? {
            content: "early late",
            chunks: [
              [100, 6],
              [400, 4],
            ],
          }
        : {},
    );
    expect(await played(playerOf())).toEqual([
      [0, "a0"],
      [150, "a1"],
      [150, "early "],
      [400, "late"],
    ]);
  });

  it("leaves the store as it was", async () => {
    recordAt("a", [0, 1]);
    const look = (): unknown[] =>
      (fs.readdirSync(dir, { recursive: true }) as string[])
        .filter((name) => fs.statSync(path.join(dir, name)).isFile())
        .map((name) => [
          name,
          fs.readFileSync(path.join(dir, name), "utf8"),
          fs.statSync(path.join(dir, name)).mtimeMs,
        ]);
    const before = look();
    await played(playerOf({ speed: Infinity }));
    expect(look()).toEqual(before);
  });

  it("ends at once when it is aborted in a wait, and refuses what makes no sense", async () => {
    recordAt("a", [0, 3_600_000]);
    const controller = new AbortController();
    const player = playerOf({ signal: controller.signal });
    timer.onSleep = () => controller.abort();
    expect(await played(player)).toEqual([[0, "a0"]]);
    expect(() => playerOf({ speed: 0 })).toThrow("speed must be a number above 0");
    expect(() => playerOf({ maxSilenceMs: -1 })).toThrow("maxSilenceMs");
    expect(() => playerOf({ sped: 1 } as object)).toThrow('did you mean "speed"?');
    expect(() => playerOf({ sessions: [] })).toThrow("name one session");
  });
});

describe("chunksOf", () => {
  const event = (chunks: unknown): never => ({ content: "abcdef", chunks }) as never;
  it("reads nothing from what is no list of pieces, or does not fit the text", () => {
    for (const chunks of [
      undefined,
      [],
      "x",
      [1],
      [[0]],
      [["0", 1]],
      [[-1, 2]],
      [
        [0, 9],
        [0, 1],
      ],
    ])
      expect(chunksOf(event(chunks))).toBeUndefined();
  });
  it("always gives the whole text, in order of time", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100), fc.nat(3)), { minLength: 1, maxLength: 6 }), (chunks) => {
        const found = chunksOf(event(chunks));
        if (found === undefined) return;
        expect(found.map(({ text }) => text).join("")).toBe("abcdef");
        const times = found.map(({ offsetMs }) => offsetMs);
        expect(times).toEqual(times.toSorted((left, right) => left - right));
      }),
    );
  });
});
