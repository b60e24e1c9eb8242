import * as fc from "fast-check";
import { expect, it } from "vitest";

import { KeyTable } from "./key-table.ts";

it("answers as a Map would, whatever the keys", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.nat())), (entries) => {
      const table = new KeyTable();
      const map = new Map<string, number>();
      for (const [key, value] of entries) {
        table.add(key, value);
        if (!map.has(key)) map.set(key, value);
      }
      expect(table.size).toBe(map.size);
      for (const [key] of entries) expect(table.get(key)).toBe(map.get(key));
      expect(table.has("never added, and longer than any")).toBe(false);
    }),
  );
});

it("tells half a million similar ids apart", () => {
  const table = new KeyTable();
  const count = 500_000;
  for (let index = 0; index < count; index++)
    table.add(`tool:toolu_${index.toString(36).padStart(24, "0")}`, index);
  expect(table.size).toBe(count);
  for (let index = 0; index < count; index += 997) {
    expect(table.get(`tool:toolu_${index.toString(36).padStart(24, "0")}`)).toBe(index);
  }
  expect(table.has("tool:toolu_")).toBe(false);
});
