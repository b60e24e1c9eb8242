import { expect, it } from "vitest";

import { uuidv7, randomSalt } from "../../base/ids.ts";
import { encodeIdentity, LineWriter, MAX_LINE_BYTES } from "../../format/index.ts";
import type { LineParts } from "../../format/index.ts";
import { LineBuffer } from "./line-buffer.ts";

const writer = new LineWriter(encodeIdentity("s", "a"), MAX_LINE_BYTES);

function partsWith(text: () => string): LineParts {
  const body = {
    event: "A",
    get text() {
      return text();
    },
  };
  const timestamp = "2026-01-06T22:00:00.000Z";
  return {
    event: "A",
    timestamp,
    severity: "INFO",
    seq: 0,
    id: uuidv7(0),
    body,
    typed: true,
    salt: randomSalt(),
  };
}

it("keeps its lines whole when a getter of an event records, or takes them, in turn", () => {
  const buffer = new LineBuffer();
  buffer.add("first\n", undefined);
  for (const interfere of [() => buffer.add("inner\n", undefined), () => buffer.take()]) {
    const line = writer.lineOf(
      partsWith(() => {
        interfere();
        return "x";
      }),
    );
    expect(() => buffer.add(line, undefined)).toThrow("must not record or flush");
  }
  buffer.add("last\n", undefined);
  const { bytes, lines } = buffer.take();
  expect({ text: bytes.toString(), lines }).toEqual({ text: "first\nlast\n", lines: 2 });
});
