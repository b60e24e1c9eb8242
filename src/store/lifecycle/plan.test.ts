import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { DAY_MS, planArchiveLimit, planRetention } from "./plan.ts";
import type { SegmentFacts } from "./plan.ts";
import { checkPolicy, KEEP_EVERYTHING, PRESETS } from "./policy.ts";

const NOW_MS = Date.UTC(2026, 10, 21);
const MB = 1024 * 1024;
const nobodyHeld = (): boolean => false;

let made = 0;
function segment(ageDays: number, more: Partial<SegmentFacts> = {}): SegmentFacts {
  return {
    path: `session_${made++}.jsonl`,
    sessionId: "s",
    archived: false,
    sealed: true,
    bytes: 1000,
    lastMs: NOW_MS - ageDays * DAY_MS,
    ...more,
  };
}

function plan(segments: SegmentFacts[], policy = PRESETS["dev"] ?? KEEP_EVERYTHING, isHeld = nobodyHeld) {
  return planRetention(segments, policy, NOW_MS, isHeld).map(
    ({ action, segment: { path } }) => `${action} ${path}`,
  );
}

describe("planning retention", () => {
  it("moves what is older than the active days and deletes what is older than the archive days", () => {
    const [young, old, expired] = [segment(6.9), segment(7.1), segment(30.1, { archived: true })];
    expect(plan([young, old, expired])).toEqual([`delete ${expired.path}`, `archive ${old.path}`]);
  });

  it("never touches a segment that is still written to, however old", () => {
    expect(plan([segment(400, { sealed: false })])).toEqual([]);
  });

  it("never touches a session under legal hold", () => {
    expect(plan([segment(400), segment(400, { archived: true })], undefined, () => true)).toEqual([]);
  });

  it("does nothing at all when everything is kept", () => {
    expect(plan([segment(9000), segment(9000, { bytes: 1e12 })], KEEP_EVERYTHING)).toEqual([]);
  });

  it("moves the oldest first until the active size holds, and counts what cannot move", () => {
    const policy = checkPolicy("test", { active_max_size_mb: 10 });
    const written = segment(0, { bytes: 6 * MB, sealed: false });
    const [first, second, third] = [3, 2, 1].map((days) => segment(days, { bytes: 3 * MB }));
    expect(plan([third!, written, first!, second!], policy)).toEqual([
      `archive ${first?.path}`,
      `archive ${second?.path}`,
    ]);
  });

  it("says for every step which setting asks for it", () => {
    const [step] = planRetention([segment(8)], PRESETS["dev"]!, NOW_MS, nobodyHeld);
    expect(step?.reason).toBe("its last event is older than 7 days");
  });

  it("keeps the archive below its size whatever lies in it, deleting no more than needed", () => {
    const sizes = fc.array(fc.record({ mb: fc.integer({ min: 1, max: 20 }), age: fc.nat(500) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 100 }), (entries, limit) => {
        const archived = entries.map(({ mb, age }) => segment(age, { archived: true, bytes: mb * MB }));
        const policy = checkPolicy("test", { archive_max_size_mb: limit });
        const gone = planArchiveLimit(archived, policy, nobodyHeld).map((step) => step.segment);
        const left = archived.filter((each) => !gone.includes(each));
        const size = (list: SegmentFacts[]): number => list.reduce((sum, { bytes }) => sum + bytes, 0);
        expect(size(left)).toBeLessThanOrEqual(limit * MB);
        const last = gone.at(-1);
        if (last !== undefined) expect(size(left) + last.bytes).toBeGreaterThan(limit * MB);
        for (const each of left)
          for (const other of gone) expect(other.lastMs).toBeLessThanOrEqual(each.lastMs);
      }),
    );
  });
});
