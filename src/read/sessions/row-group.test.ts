import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { encodeRows, RowGroup } from "./row-group.ts";

const value = fc.oneof(
  fc.constantFrom(null, 0, "", "\u0085", "null", "0"),
  fc.integer({ min: 0, max: 3 }),
  fc.jsonValue(),
);

describe("rows that are kept as columns", () => {
  it("come back as they were, whatever they have in common", () => {
    const rows = fc
      .integer({ min: 1, max: 5 })
      .chain((width) =>
        fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 40 }),
      );
    fc.assert(
      fc.property(rows, (given) => {
        const group = RowGroup.parse(encodeRows(given));
        const back = given.map((_, index) => [...(group?.row(index) ?? [])]);
        expect(JSON.stringify(back)).toBe(JSON.stringify(given));
        const firsts = given.map((_, index) => group?.value(index, 0));
        expect(JSON.stringify(firsts)).toBe(JSON.stringify(given.map(([first]) => first)));
      }),
    );
  });

  it("have null where a row has no value", () => {
    const group = RowGroup.parse(encodeRows([[], [1, "a"]]));
    expect(group?.row(0)).toEqual([null, null]);
    expect(group?.row(1)).toEqual([1, "a"]);
  });

  it("are none in what is no JSON text of a list", () => {
    expect([RowGroup.parse("[1"), RowGroup.parse("{}")]).toEqual([undefined, undefined]);
  });
});
