import { describe, expect, it } from "vitest";

import { readerOfZone } from "./zone.ts";

const iso = (zone: string, text: string): string | undefined => {
  const ms = readerOfZone(zone)(text);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

describe("a time without an offset", () => {
  it.each([
    ["UTC", "2025-06-10T14:03:22.123456", "2025-06-10T14:03:22.123Z"],
    ["+09:00", "2025-06-10 14:03:22", "2025-06-10T05:03:22.000Z"],
    ["Asia/Seoul", "2025-06-10T14:03:22.123456", "2025-06-10T05:03:22.123Z"],
    ["Europe/Berlin", "2025-03-30T01:59:59", "2025-03-30T00:59:59.000Z"],
    ["Europe/Berlin", "2025-03-30T03:00:00", "2025-03-30T01:00:00.000Z"],
    // Shown twice that night; the first of the two.
    ["Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26T00:30:00.000Z"],
    ["America/New_York", "2025-01-01T00:00:00.5", "2025-01-01T05:00:00.500Z"],
    ["America/New_York", "1969-07-16T09:32:00.25", "1969-07-16T13:32:00.250Z"],
    // Beyond what a timestamp can say.
    ["America/New_York", "9999-12-31T23:59:59", undefined],
  ])("means in %s, as %s, %s", (zone, text, instant) => expect(iso(zone, text)).toBe(instant));

  it("is one that a timestamp can say, also where a program knew no time", () => {
    for (const text of ["0001-01-01T00:00:00", "0000-01-01T00:00:00", "0099-12-31T23:59:59"])
      expect(iso("Asia/Seoul", text) ?? "0000").toMatch(/^00(?:0[01]|99)/);
  });

  it("means on this machine what its clock shows", () => {
    const text = "2025-06-10T14:03:22.123";
    expect(readerOfZone("local")(text)).toBe(new Date(2025, 5, 10, 14, 3, 22, 123).getTime());
  });

  it.each(["", "2025-06-10", "2025-02-30T00:00:00", "yesterday", "2025-06-10T14:03:22Z"])(
    "is not %j",
    (text) => expect(iso("UTC", text)).toBeUndefined(),
  );

  it.each(["Mars/Olympus", "+99:00", "+9", ""])("has no zone %j", (zone) =>
    expect(() => readerOfZone(zone)).toThrow(RangeError),
  );
});
