import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { formatTimestamp } from "../event/index.ts";
import { formatSessionFileName, parseSessionFileName, sessionFileNames } from "./session-name.ts";
import { decodeTombstone, encodeTombstone } from "./tombstone.ts";

const START_MS = Date.parse("2026-01-06T22:00:00Z");

describe("session file names", () => {
  it("gives the first session of an agent with date and tag exactly Sentinel's name", () => {
    const names = sessionFileNames(
      "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
      "Claude-Orch-Prime-20260106-C614",
      START_MS,
    );
    expect(names.map(formatSessionFileName)[0]).toBe("session_20260106_c614.jsonl");
    expect(names.map(formatSessionFileName)[1]).toBe("session_20260106_c614-0c6d2f9e8b41.jsonl");
  });

  it("uses the UTC day of the start and the end of the id for every other agent", () => {
    const [name] = sessionFileNames("019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41", "claude-code", START_MS);
    expect(name && formatSessionFileName(name)).toBe("session_20260106_2f9e8b41.jsonl");
  });

  it("lets no id or agent reach the path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (id, agent) => {
        for (const hostile of [agent, `a-b-c-../../${agent}`, `${agent}-20260106-c614`]) {
          for (const name of sessionFileNames(`../${id}`, hostile, START_MS)) {
            expect(formatSessionFileName(name)).toMatch(
              /^session_\d{8}_[0-9a-f]{4,8}(-[0-9a-f]{12}|-[0-9a-f]{32})?\.jsonl$/,
            );
          }
        }
      }),
    );
  });

  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
  it("parse(format(x)) is x", () => {
    const anyName = fc.record(
      {
        date: fc
          .integer({ min: 0, max: 4e12 })
          .map((ms) => formatTimestamp(ms).slice(0, 10).replaceAll("-", "")),
        tag: fc.integer({ min: 4, max: 8 }).chain(hex),
        suffix: fc.oneof(hex(12), hex(32)),
        segment: fc.integer({ min: 1, max: 999_999_999 }),
        gzip: fc.constant(true as const),
      },
      { requiredKeys: ["date", "tag"] },
    );
    fc.assert(
      fc.property(anyName, (name) => {
        expect(parseSessionFileName(formatSessionFileName(name))).toEqual(name);
      }),
    );
  });

  it.each([
    "session_20260106_C614.jsonl",
    "session_20260230_c614.jsonl",
    "session_20260106_c61.jsonl",
    "session_20260106_c614.0000.jsonl",
    "session_20260106_c614.00001.jsonl",
    "session_20260106_c614.1.jsonl",
    "session_20260106_c614.jsonl.gz.gz",
    "session_20260106_c614.jsonl\n",
    "../session_20260106_c614.jsonl",
  ])("refuses %j, which it would never have written", (text) => {
    expect(parseSessionFileName(text)).toBeUndefined();
  });
});

describe("tombstones", () => {
  const leaf = Buffer.alloc(32, 7).toString("base64");
  const event = {
    event: "USER_MESSAGE",
    timestamp: "2026-01-06T22:00:00.000Z",
    severity: "INFO",
    seq: 17,
    session_id: "s-1",
  } as const;

  it("decode(encode(x)) is x, at exactly the length of the line it replaces", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.nat(),
        fc.integer({ min: 400, max: 900 }),
        (sessionId, seq, bytes) => {
          fc.pre(Buffer.byteLength(JSON.stringify(sessionId)) < 150);
          const line = encodeTombstone({ ...event, session_id: sessionId, seq }, leaf, bytes);
          expect(Buffer.byteLength(line)).toBe(bytes);
          expect(decodeTombstone(line)).toEqual({ ...event, session_id: sessionId, seq, erased: leaf });
        },
      ),
    );
  });

  it("refuses what it would not have written", () => {
    const line = encodeTombstone(event, leaf, 300);
    const shortest = encodeTombstone(event, leaf, Buffer.byteLength(line.trimEnd()) + 1);
    for (const bad of [
      // Ours would be longer than these.
      shortest.replace('"seq":17', '"seq":1e5'),
      shortest.replace("s-1", "s\u007f1"),
      line.trimEnd(),
      `${line} `,
      line.replace('"seq":17', '"seq": 17'),
      line.replace("Bw", "Cw").replace("=", ""),
      "{}\n",
      "null\n",
      "x\n",
    ]) {
      expect(decodeTombstone(bad)).toBeUndefined();
    }
    expect(() => encodeTombstone(event, leaf, 20)).toThrow(RangeError);
    expect(() => encodeTombstone(event, "AAAA", 300)).toThrow(RangeError);
  });
});
