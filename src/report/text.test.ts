import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { renderTable } from "./table.ts";
import {
  fitText,
  formatBytes,
  formatDuration,
  formatPercent,
  formatShort,
  formatUsd,
  padText,
  plural,
  printable,
  textWidth,
} from "./text.ts";

describe("numbers for people", () => {
  it.each([
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [59_949, "59.9 s"],
    [59_960, "1 m 00 s"],
    [3_599_600, "1 h 00 m"],
    [3_720_000, "1 h 02 m"],
    [86_400_000, "1 d 00 h"],
    [183_600_000, "2 d 03 h"],
  ])("shows %d ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [0, "0"],
    [999, "999"],
    [1_000, "1.00k"],
    [12_345, "12.3k"],
    [999_960, "1.00M"],
    [123_456_789, "123M"],
    [1.5e9, "1.50G"],
  ])("shows %d shortly as %s", (value, text) => expect(formatShort(value)).toBe(text));

  it("shows money to the cent and never calls a little nothing", () => {
    expect(formatUsd(0)).toBe("$0.00");
    expect(formatUsd(0.001)).toBe("<$0.01");
    expect(formatUsd(1234.567)).toBe("$1,234.57");
  });

  it("shows sizes, shares and plurals", () => {
    expect(formatBytes(1)).toBe("1 byte");
    expect(formatBytes(1536)).toBe("1.5 KiB");
    expect(formatBytes(1024 ** 2 - 1)).toBe("1.0 MiB");
    expect(formatPercent(1, 8)).toBe("12.5 %");
    expect(formatPercent(0, 0)).toBe("0 %");
    expect(plural(1, "session")).toBe("1 session");
    expect(plural(2_000, "session")).toBe("2,000 sessions");
  });
});

describe("text from recordings", () => {
  it("never brings a control character to the terminal", () => {
    expect(printable("a\u001b[31mb\u009bc\u202ed\u{e0041}")).toBe(
      "a\\u{1b}[31mb\\u{9b}c\\u{202e}d\\u{e0041}",
    );
    expect(printable("two\nlines\tand tab")).toBe("two lines and tab");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // oxlint-disable-next-line no-control-regex -- control characters are what this is about
        expect(printable(text)).not.toMatch(
          // oxlint-disable-next-line no-control-regex -- control characters are what this is about
          /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u,
        );
      }),
    );
  });

  it.each([
    ["abc", 3],
    ["日本語", 6],
    ["é", 1],
    ["🎞", 1],
    ["🎞\ufe0f", 2],
    ["👨‍👩‍👧", 2],
    ["ｆｕｌｌ", 8],
    ["한국", 4],
    ["", 0],
  ])("measures %j as %d columns", (text, width) => expect(textWidth(text)).toBe(width));

  it("fits any text into any width, whole characters only", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 40 }), (text, columns) => {
        const safe = printable(text);
        const fitted = fitText(safe, columns);
        expect(textWidth(fitted)).toBeLessThanOrEqual(columns);
        if (textWidth(safe) <= columns) expect(fitted).toBe(safe);
        expect(textWidth(padText(fitted, columns))).toBe(columns);
      }),
    );
  });
});

describe("the width of a text", () => {
  it("is the same for what tables say themselves, alone and beside characters that take two columns or none", () => {
    for (const text of ["–", "…", "019b9f2e…", "“é—ÿ”", "½°©"]) {
      expect(textWidth(text)).toBe(text.length);
      expect(textWidth(`${text}漢`)).toBe(text.length + 2);
    }
    expect(textWidth("…\u0301")).toBe(1);
    expect(textWidth("©\ufe0f")).toBe(2);
    expect(textWidth("\u00ad")).toBe(0);
    expect(fitText("–––––", 3)).toBe("––…");
    expect(fitText("……e\u0301", 3)).toBe("……e\u0301");
  });
});

describe("renderTable", () => {
  const spec = [
    { title: "tool", shrinks: true },
    { title: "calls", align: "right" as const },
  ];

  it("aligns columns, also with wide characters", () => {
    expect(
      renderTable(
        spec,
        [
          ["bash", "1,234"],
          ["読む", "5"],
        ],
        80,
      ),
    ).toEqual(["tool  calls", "bash  1,234", "読む      5"]);
  });

  it("cuts the column that gives way so that no line is wider than the terminal", () => {
    const lines = renderTable(spec, [["a very long tool name that does not fit", "12"]], 24);
    expect(lines.every((line) => textWidth(line) <= 24)).toBe(true);
    expect(lines[1]).toContain("…");
  });
});
