import { describe, expect, it } from "vitest";

import { checkPolicy, KEEP_EVERYTHING, policyName, PRESETS } from "./policy.ts";

describe("a retention policy", () => {
  it("keeps everything unless told otherwise", () => {
    expect(checkPolicy("test", {})).toEqual(KEEP_EVERYTHING);
    expect(Object.values(KEEP_EVERYTHING).filter((value) => typeof value === "number")).toEqual([]);
  });

  it("has Sentinel's six settings with Sentinel's values as the preset dev", () => {
    expect(PRESETS["dev"]).toEqual({
      active_retention_days: 7,
      archive_retention_days: 30,
      active_max_size_mb: 100,
      archive_max_size_mb: 500,
      compress_archive: true,
      rotation_schedule: "daily",
    });
  });

  it.each(Object.entries(PRESETS))("takes the preset %s as it is and knows its name", (name, preset) => {
    expect(policyName(checkPolicy("test", preset))).toBe(name);
  });

  it("calls any other policy custom", () => {
    expect(policyName(checkPolicy("test", { archive_retention_days: 12 }))).toBe("custom");
  });

  it.each([
    [
      { active_retention_day: 7 },
      /unknown option "active_retention_day"; did you mean "active_retention_days"/,
    ],
    [{ active_retention_days: -1 }, /active_retention_days must be from 0/],
    [{ archive_max_size_mb: "500" }, /archive_max_size_mb must be a number or null, got "500"/],
    [{ compress_archive: "yes" }, /compress_archive must be true or false/],
    [{ rotation_schedule: "hourly" }, /rotation_schedule must be one of daily, weekly, on_startup, manual/],
    [{ active_retention_days: 30, archive_retention_days: 7 }, /cannot be less than active_retention_days/],
  ])("refuses %j by name", (given, message) => {
    expect(() => checkPolicy("test", given as never)).toThrow(message);
  });
});
