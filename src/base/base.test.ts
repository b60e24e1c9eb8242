import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SteadyClock } from "./clock.ts";
import type { ClockStep } from "./clock.ts";
import { ioError, TracekeepError } from "./errors.ts";
import { randomSalt, uuidv7 } from "./ids.ts";
import { nearestName } from "./nearest.ts";
import {
  checkOptionNames,
  choiceOption,
  flagOption,
  integerOption,
  pathOption,
  textOption,
} from "./options.ts";

describe("uuidv7", () => {
  it("has the version, the variant and the time of RFC 9562", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (timeMs) => {
        const id = uuidv7(timeMs);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(timeMs);
      }),
    );
  });

  it("does not repeat within a millisecond", () => {
    const ids = new Set(Array.from({ length: 20_000 }, () => uuidv7(1_767_736_800_000)));
    expect(ids.size).toBe(20_000);
  });
});

describe("randomSalt", () => {
  it("is 16 characters of base64url that stand for 12 bytes", () => {
    const salts = new Set(Array.from({ length: 20_000 }, () => randomSalt()));
    expect(salts.size).toBe(20_000);
    for (const salt of salts) expect(Buffer.from(salt, "base64url").toString("base64url")).toBe(salt);
    expect([...salts][0]).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });
});

describe("SteadyClock", () => {
  const clockOf = (readings: { wall: number; mono: number }[]) => {
    let at = 0;
    const current = () => readings[Math.min(at, readings.length - 1)] ?? { wall: 0, mono: 0 };
    return {
      next: () => at++,
      clock: new SteadyClock({ wallMs: () => current().wall, monotonicMs: () => current().mono }),
    };
  };

  it("goes on by the monotonic clock when the wall clock falls behind, and says so once", () => {
    const { clock, next } = clockOf([
      { wall: 1_000, mono: 0 },
      { wall: 400, mono: 10 },
      { wall: 410, mono: 20 },
      { wall: 2_000, mono: 30 },
    ]);
    const steps: ClockStep[] = [];
    const times: number[] = [];
    for (let reading = 0; reading < 4; reading++) {
      times.push(clock.now((step) => steps.push(step)));
      next();
    }
    expect(times).toEqual([1_000, 1_010, 1_020, 2_000]);
    expect(steps).toEqual([{ expectedMs: 1_010, actualMs: 400 }]);
  });

  it("never goes back, whatever the wall clock does", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.double({ min: 0, max: 5, noNaN: true }))),
        (steps) => {
          let mono = 0;
          const { clock, next } = clockOf(steps.map(([wall, passed]) => ({ wall, mono: (mono += passed) })));
          let last = -Infinity;
          for (let step = 0; step < steps.length; step++, next()) {
            const now = clock.now();
            expect(now).toBeGreaterThanOrEqual(last);
            expect(Number.isInteger(now)).toBe(true);
            last = now;
          }
        },
      ),
    );
  });
});

function thrownBy(action: () => void): string {
  try {
    action();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("options", () => {
  it("refuses an unknown name and names the nearest known one", () => {
    expect(() => checkOptionNames("openStore", { durabilty: "os" }, ["dir", "durability"])).toThrow(
      new TypeError('openStore: unknown option "durabilty"; did you mean "durability"?'),
    );
    expect(() => checkOptionNames("openStore", { zzz: 1 }, ["dir", "durability"])).toThrow(
      "known options: dir, durability",
    );
  });

  it("refuses wrong types and values outside the bounds", () => {
    const bounds = { min: 1, max: 9, default: 5 };
    expect(integerOption("f", "n", undefined, bounds)).toBe(5);
    expect(integerOption("f", "n", 9, bounds)).toBe(9);
    for (const bad of [0, 10, 1.5, Number.NaN])
      expect(() => integerOption("f", "n", bad, bounds)).toThrow(RangeError);
    expect(() => choiceOption("f", "c", "x" as string, ["a", "b"], "a")).toThrow("one of a, b");
    expect(() => textOption("f", "t", "")).toThrow(RangeError);
    expect(() => flagOption("f", "b", "no" as never, true)).toThrow('f: b must be true or false, got "no"');
  });

  it("refuses a URL for a path, and says how to make one of it", () => {
    expect(pathOption("f", "p", "a/b")).toBe("a/b");
    for (const url of [new URL("file:///tmp/a"), "file:///tmp/a"]) {
      expect(() => pathOption("f", "p", url as string)).toThrow("fileURLToPath of node:url");
    }
  });

  it("refuses what is no options but has no names that could be wrong: a URL, a Map, a promise", () => {
    const wrong = [
      new URL("file:///tmp/a"),
      new Map([["dir", "x"]]),
      Promise.resolve({ dir: "x" }),
      new Date(0),
    ];
    const told = wrong.map(
      (value) => /got an? (\w+)$/.exec(thrownBy(() => checkOptionNames("f", value, ["dir"])))?.[1],
    );
    expect(told).toEqual(["URL", "Map", "Promise", "Date"]);
    class Settings {
      dir = "x";
    }
    for (const fine of [{}, Object.create(null) as object, new Settings()]) {
      expect(thrownBy(() => checkOptionNames("f", fine, ["dir"]))).toBe("");
    }
  });
});

describe("nearestName", () => {
  it("finds a misspelling and leaves strangers alone", () => {
    expect(nearestName("sesion", ["session", "agent"])).toBe("session");
    expect(nearestName("agnet", ["session", "agent"])).toBe("agent");
    expect(nearestName("colour", ["session", "agent"])).toBeUndefined();
  });
});

describe("ioError", () => {
  it("says what to do about a full disk and a missing permission", () => {
    const full = ioError("write to", "/x", Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC" }));
    expect(full).toBeInstanceOf(TracekeepError);
    expect(full.code).toBe("DISK_FULL");
    expect(full.hint).toContain("free space");
    const error = (code: string): Error => Object.assign(new Error(code), { code });
    const here = import.meta.dirname;
    const denied = ioError("open", `${here}/no such`, error("EACCES"));
    expect(denied.message).toMatch(/cannot open .*no such: EACCES; .*base belongs to .*, mode 0\d{3}$/);
    expect(denied.hint).toContain(`'${here}'`);
    expect(ioError("open", "/x", error("EROFS"))).toMatchObject({ code: "PERMISSION" });
    expect(ioError("open", "/x", error("EROFS")).hint).toContain("remount,rw");
    expect(ioError("open", "/x", error("EMFILE")).hint).toContain("ulimit -n");
  });
});
