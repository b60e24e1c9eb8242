import fc from "fast-check";
import { expect, it } from "vitest";

import type { EventDraft } from "../event/index.ts";
import { decodeLine, encodeEvent } from "../format/index.ts";
import { Redactor } from "../redact/index.ts";
import { DraftReader } from "./draft.ts";
import { EventEncoder } from "./encoder.ts";

const drafts = new DraftReader(undefined, new Redactor());
const encoder = new EventEncoder("a session", "an agent", 8_192);

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep);
}

it("gives sinks the event that its line decodes to, frozen all the way down, whatever it holds", () => {
  const draft = fc.record({
    event: fc.oneof(fc.constant("TOOL_CALL"), fc.string()),
    args: fc.anything({ withDate: true, withMap: true, withBigInt: true, withNullPrototype: true }),
    call_id: fc.option(fc.string(), { nil: undefined }),
    severity: fc.constantFrom(undefined, "WARN", "LOUD"),
    seq: fc.option(fc.nat(), { nil: undefined }),
    message: fc.oneof(fc.string(), fc.constant("long ".repeat(5_000)), fc.constant("AKIAIOSFODNN7EXAMPLE")),
  });
  fc.assert(
    fc.property(draft, (given) => {
      const { event, line } = encoder.encode(drafts.read(given as EventDraft));
      const decoded = decodeLine(Buffer.from(line));
      expect(decoded).toEqual({ kind: "event", event });
      expect(Object.keys(event)).toEqual(decoded.kind === "event" ? Object.keys(decoded.event) : []);
      expect(encodeEvent(event)).toBe(line);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(8_192);
      expect(isFrozenDeep(event)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it("leaves the caller's own objects as they are, and is not changed by what the caller does to them later", () => {
  const args = { files: ["a.ts"], nested: { count: 1 } };
  const { event } = encoder.encode(drafts.read({ event: "TOOL_CALL", tool: "edit", args }));
  args.files.push("b.ts");
  args.nested.count = 2;
  expect(event["args"]).toEqual({ files: ["a.ts"], nested: { count: 1 } });
});
