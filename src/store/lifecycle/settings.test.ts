import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { faultyDisk } from "../../testing/index.ts";
import { DEFAULT_SETTINGS, isHeld, mergeSettings, readSettings, writeSettings } from "./settings.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-settings-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

describe("a store's settings", () => {
  it("keep everything when there are none", () => {
    expect(readSettings(directory)).toEqual(DEFAULT_SETTINGS);
    expect(isHeld(DEFAULT_SETTINGS, "s")).toBe(false);
  });

  it("come back as they were written", () => {
    const settings = mergeSettings(DEFAULT_SETTINGS, {
      retention: { archive_retention_days: 184 },
      rotation: { daily: true, time_zone: "Europe/Berlin" },
      legal_hold: ["deploy-42"],
    });
    writeSettings(directory, settings);
    expect(readSettings(directory)).toEqual(settings);
    expect(isHeld(settings, "deploy-42")).toBe(true);
    expect(fs.statSync(path.join(directory, "settings.json")).mode & 0o777).toBe(0o600);
  });

  it("leave nothing behind when they cannot be written", () => {
    const disk = faultyDisk();
    disk.failWrites = [10];
    expect(() => writeSettings(directory, DEFAULT_SETTINGS, disk)).toThrow(
      expect.objectContaining({ code: "DISK_FULL" }) as Error,
    );
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it.each(["{", "[]", '{"retention":{"days":7}}', '{"code":"rm -rf /"}', '{"legal_hold":[7]}'])(
    "are never guessed at: %s",
    (text) => {
      fs.writeFileSync(path.join(directory, "settings.json"), text);
      expect(() => readSettings(directory)).toThrow(/cannot be understood/);
    },
  );

  it.each([
    [{ rotation: { segment_bytes: 10 } }, /segment_bytes must be null or from 65536/],
    [{ rotation: { time_zone: "Mars/Olympus" } }, /IANA time zone/],
    [{ rotation: { dayly: true } }, /did you mean "daily"/],
  ])("refuse %j by name", (change, message) => {
    expect(() => mergeSettings(DEFAULT_SETTINGS, change as never)).toThrow(message);
  });
});
