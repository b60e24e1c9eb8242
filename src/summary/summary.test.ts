import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseTimestamp, severityOfType } from "../event/index.ts";
import {
  addSummary,
  endCounts,
  foldContext,
  foldEvent,
  MAX_NAMES,
  MAX_OPEN_CALLS,
  instantOf,
  newSummary,
  newTotals,
  OTHER_NAMES,
  sessionStatus,
  unpricedModels,
} from "./index.ts";
import type { EventHead, SessionSummary } from "./index.ts";

type TestEvent = EventHead & Record<string, unknown>;

const START_MS = Date.parse("2026-01-06T22:00:00.000Z");

/** Events a second apart, numbered from 0. */
function events(...drafts: (Partial<TestEvent> & { event: string; atMs?: number })[]): TestEvent[] {
  return drafts.map(({ atMs, ...draft }, seq) => ({
    timestamp: new Date(START_MS + (atMs ?? seq * 1000)).toISOString(),
    severity: severityOfType(draft.event),
    seq,
    session_id: "s",
    agent_id: "a",
    ...draft,
  }));
}

function fold(list: readonly TestEvent[], summary: SessionSummary = newSummary("s")): SessionSummary {
  for (const event of list) foldEvent(summary, event, event);
  return summary;
}

describe("tools", () => {
  it("counts a call once, and its failure and duration by its result", () => {
    const summary = fold(
      events(
        { event: "TOOL_CALL", call_id: "1", tool: "bash" },
        { event: "TOOL_CALL", call_id: "2", tool: "read" },
        { event: "TOOL_RESULT", call_id: "1", status: "error", duration_ms: 700 },
        { event: "TOOL_RESULT", call_id: "2", status: "ok" },
      ),
    );
    expect(summary).toMatchObject({ tool_calls: 2, tool_errors: 1, errors: 1 });
    // Without a duration of its own, a call took from its event to its result's.
    expect(summary.tools).toEqual({
      bash: { calls: 1, errors: 1, duration_ms: 700 },
      read: { calls: 1, errors: 0, duration_ms: 2000 },
    });
  });

  it("takes a call with its own duration or status as finished, whatever result follows", () => {
    const summary = fold(
      events(
        { event: "TOOL_CALL", call_id: "1", tool: "bash", duration_ms: 150, status: "error" },
        { event: "TOOL_RESULT", call_id: "1", status: "error", duration_ms: 150 },
        { event: "TOOL_CALL", tool: "bash", duration_ms: 50 },
      ),
    );
    expect(summary.tools).toEqual({ bash: { calls: 2, errors: 1, duration_ms: 200 } });
    expect(summary.tool_errors).toBe(1);
  });

  it("counts only status error as a failed call, and a result without a call as no call", () => {
    const summary = fold(
      events(
        { event: "TOOL_RESULT", call_id: "lost", tool: "edit", status: "error" },
        { event: "TOOL_RESULT", call_id: "lost too", status: "denied" },
        { event: "TOOL_RESULT", status: "cancelled" },
      ),
    );
    expect(summary).toMatchObject({ tool_calls: 0, tool_errors: 1 });
    expect(summary.tools["edit"]).toEqual({ calls: 0, errors: 1, duration_ms: 0 });
  });

  it("forgets the oldest of too many open calls, and remembers the latest", () => {
    const summary = newSummary("s");
    for (let call = 0; call <= MAX_OPEN_CALLS; call++) {
      fold(events({ event: "TOOL_CALL", call_id: String(call), tool: "bash" }), summary);
    }
    const result = { event: "TOOL_RESULT", duration_ms: 2 };
    fold(events({ ...result, call_id: "0" }), summary);
    for (let call = MAX_OPEN_CALLS / 2; call <= MAX_OPEN_CALLS; call++) {
      fold(events({ ...result, call_id: String(call) }), summary);
    }
    expect(summary.tool_calls).toBe(MAX_OPEN_CALLS + 1);
    expect(summary.tools["bash"]?.duration_ms).toBe(2 * (MAX_OPEN_CALLS / 2 + 1));
  });
});

describe("models", () => {
  const call = { event: "MODEL_RESPONSE", model: "opus", call_id: "m", input_tokens: 10, output_tokens: 5 };

  it("adds tokens and money of a continued response without counting another call", () => {
    const summary = fold(
      events(
        { ...call, cache_read_tokens: 100, cache_write_tokens: 7, cost_usd: 0.5 },
        {
          ...call,
          input_tokens: undefined,
          output_tokens: 3,
          reasoning_tokens: 2,
          cost_usd: 0.25,
          continues: true,
        },
      ),
    );
    const tokens = { input: 10, output: 8, cache_read: 100, cache_write: 7, reasoning: 2 };
    expect(summary).toMatchObject({ model_calls: 1, tokens, cost_usd: 0.75 });
    expect(summary.models["opus"]).toEqual({ calls: 1, tokens, cost_usd: 0.75, priced: 2, unpriced: 0 });
  });

  it("says what has no price, and never takes it for free", () => {
    expect(fold(events(call)).cost_usd).toBeNull();
    const summary = fold(events(call, { ...call, model: "haiku", cost_usd: 0 }, { ...call, model: "local" }));
    expect(summary.cost_usd).toBe(0);
    expect(unpricedModels(summary)).toEqual(["local", "opus"]);
  });

  it("takes a call that says nothing of its tokens as unpriced, and one that used none as priced enough", () => {
    const silent = fold(events({ event: "MODEL_RESPONSE", model: "opus" }));
    expect([silent.model_calls, unpricedModels(silent)]).toEqual([1, ["opus"]]);
    const unused = fold(
      events({ event: "MODEL_RESPONSE", model: "opus", input_tokens: 0, output_tokens: 0 }),
    );
    expect([unused.model_calls, unpricedModels(unused)]).toEqual([1, []]);
  });

  it("counts money on any event, but not twice where events repeat what others said", () => {
    const usage = { model: "opus", input_tokens: 10, cost_usd: 1 };
    const summary = fold(
      events(
        { event: "MODEL_CALL", ...usage },
        { event: "MODEL_RESPONSE", ...usage },
        { event: "nav", ...usage },
        { event: "TOOL_RESULT", tool: "search", cost_usd: 0.5 },
        { event: "RETURN", ...usage },
        { event: "END", ...usage },
      ),
    );
    expect(summary).toMatchObject({ cost_usd: 2.5, model_calls: 1, tokens: { input: 20 } });
    expect(summary.models["opus"]).toMatchObject({ calls: 1, cost_usd: 2 });
  });
});

describe("the session itself", () => {
  it("is described by START, its writer by the last epoch, its end by END until it is resumed", () => {
    const writer = { host: "h", boot_id: "b", pid: 7, process_start: "1" };
    const list = events(
      { event: "START", origin: "recorded", parent_session_id: "p", title: "t", project: "/x", ...writer },
      { event: "END", reason: "NORMAL" },
      { event: "RESUMED", ...writer, pid: 8 },
      { event: "END", reason: "scope_exit" },
    );
    expect(fold(list.slice(0, 2))).toMatchObject({
      agent_id: "a",
      origin: "recorded",
      parent_id: "p",
      title: "t",
      project: "/x",
      writer,
      started_at: "2026-01-06T22:00:00.000Z",
      ended_at: "2026-01-06T22:00:01.000Z",
      ended_reason: "NORMAL",
    });
    expect(fold(list.slice(0, 3))).toMatchObject({ ended_at: null, ended_reason: null, writer: { pid: 8 } });
    expect(fold(list)).toMatchObject({ ended_at: "2026-01-06T22:00:03.000Z", ended_reason: "scope_exit" });
  });

  it("knows its longest silences, and how long it was active between them", () => {
    const minute = 60_000;
    const at = [0, 1, 8, 9, 19, 20].map((minutes) => ({ event: "CHECKPOINT", atMs: minutes * minute }));
    const summary = fold(events(...at, { event: "RESUMED", atMs: 500 * minute }));
    expect(summary.silences.slice(0, 2)).toEqual([
      { ms: 10 * minute, after_seq: 3, after_at: "2026-01-06T22:09:00.000Z" },
      { ms: 7 * minute, after_seq: 1, after_at: "2026-01-06T22:01:00.000Z" },
    ]);
    expect(summary.active_ms).toBe(3 * minute);
  });

  it("takes time that goes back as no silence, and keeps the latest time", () => {
    const summary = fold(
      events({ event: "X", atMs: 5000 }, { event: "X", atMs: 1000 }, { event: "X", atMs: 6000 }),
    );
    expect(summary.silences).toEqual([{ ms: 1000, after_seq: 0, after_at: "2026-01-06T22:00:05.000Z" }]);
    expect(summary.last_at).toBe("2026-01-06T22:00:06.000Z");
  });

  it("tells losses of its own from lines of a source that could not be read", () => {
    const source = { file: "/f", offset: 0, line: 1 };
    const summary = fold(
      events(
        { event: "GAP", count: 3 },
        { event: "GAP", count: 2, source },
        { event: "GAP", count: "many", source },
      ),
    );
    expect(summary.gaps).toEqual({ lost: 3, unreadable: 3 });
  });

  it("is running, interrupted, unknown, ended or imported", () => {
    const writer = { host: "h", boot_id: "b", pid: 7, process_start: "1" };
    const start = { event: "START", origin: "recorded", ...writer };
    const open = fold(events(start));
    expect(sessionStatus(open, () => true)).toBe("running");
    expect(sessionStatus(open, () => false)).toBe("interrupted");
    expect(sessionStatus(open, () => undefined)).toBe("unknown");
    expect(sessionStatus(fold(events({ event: "TOOL_CALL" })), () => true)).toBe("unknown");
    expect(sessionStatus(fold(events(start, { event: "END" })), () => true)).toBe("ended");
    expect(sessionStatus(fold(events({ ...start, origin: "codex" })), () => true)).toBe("imported");
  });

  it("gives END its counts, and no cost where none is known", () => {
    const list = events({ event: "START" }, { event: "MODEL_RESPONSE", model: "m", output_tokens: 4 });
    expect(endCounts(fold(list))).toEqual({
      events: 2,
      event_counts: { START: 1, MODEL_RESPONSE: 1 },
      tool_calls: 0,
      tool_errors: 0,
      model_calls: 1,
      input_tokens: 0,
      cache_read_tokens: 0,
      cache_write_tokens: 0,
      output_tokens: 4,
      reasoning_tokens: 0,
    });
  });
});

describe("store totals", () => {
  const copied = { event: "MODEL_RESPONSE", model: "opus", input_tokens: 10, cost_usd: 1 };
  const original = fold(
    events(copied, { event: "TOOL_CALL", tool: "bash", duration_ms: 5, status: "error" }),
  );
  const copy = fold(
    events(
      { ...copied, copy_of: "another" },
      { event: "TOOL_CALL", tool: "bash", duration_ms: 5, status: "error", copy_of: "another" },
      { event: "TOOL_CALL", tool: "bash", duration_ms: 9 },
    ),
  );

  it("are the sum of the sessions without their copies, and both are kept", () => {
    const totals = newTotals();
    addSummary(totals, original);
    addSummary(totals, copy);
    expect(copy).toMatchObject({ events: 3, model_calls: 1, tool_calls: 2, tool_errors: 1, cost_usd: 1 });
    expect(totals).toMatchObject({
      sessions: 2,
      events: 3,
      model_calls: 1,
      tool_calls: 2,
      tool_errors: 1,
      errors: 1,
      cost_usd: 1,
      tokens: { input: 10 },
      copies: { events: 2, model_calls: 1, tool_calls: 1, cost_usd: 1 },
    });
    expect(totals.tools["bash"]).toEqual({ calls: 2, errors: 1, duration_ms: 14 });
  });

  it("have no cost when only copies have one", () => {
    const totals = newTotals();
    addSummary(totals, copy);
    expect(totals.cost_usd).toBeNull();
    expect(totals.models["opus"]?.cost_usd).toBeNull();
  });

  it("span from the first start to the latest event", () => {
    const totals = newTotals();
    addSummary(totals, fold(events({ event: "X", atMs: 5000 }, { event: "X", atMs: 9000 })));
    addSummary(totals, fold(events({ event: "X", atMs: 1000 }, { event: "X", atMs: 2000 })));
    // A line of somebody else's that says no time.
    addSummary(totals, fold(events({ event: "X" }).map((event) => ({ ...event, timestamp: "" }))));
    expect([totals.started_at, totals.last_at]).toEqual([
      "2026-01-06T22:00:01.000Z",
      "2026-01-06T22:00:09.000Z",
    ]);
  });
});

/** Events of every kind that counts, with fields that are right, wrong and absent. */
const anyEvent = fc
  .record({
    event: fc.constantFrom(
      "TOOL_CALL",
      "TOOL_RESULT",
      "MODEL_RESPONSE",
      "ERROR",
      "GAP",
      "nav",
      "__proto__",
      "RETURN",
    ),
    fields: fc.dictionary(
      fc.constantFrom(
        "call_id",
        "tool",
        "status",
        "model",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "duration_ms",
      ),
      fc.oneof(
        fc.constantFrom("1", "2", "bash", "__proto__", "error", ""),
        fc.integer({ min: -1, max: 1000 }),
        fc.constantFrom(null, NaN, Infinity, 0.5, {}, [], true, undefined),
      ),
    ),
    copied: fc.boolean(),
    atMs: fc.integer({ min: 0, max: 1_000_000 }),
  })
  .map(({ event, fields, copied, atMs }) => ({
    event,
    atMs,
    ...fields,
    ...(copied ? { copy_of: "other" } : {}),
  }));

describe("for any events", () => {
  it("never throws, and no figure is negative or no number", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (drafts) => {
        const totals = newTotals();
        addSummary(totals, fold(events(...drafts)));
        const numbers: number[] = [];
        JSON.stringify(totals, (_key, value: unknown) => {
          if (typeof value === "number") numbers.push(value);
          return value;
        });
        expect(numbers.filter((number) => !(number >= -1e-9 && number < Infinity))).toEqual([]);
        expect(totals.events + totals.copies.events).toBe(drafts.length);
      }),
    );
  });

  it("figures of a whole are the sum of the figures of its parts, where no call is cut in two", () => {
    const part = fc.array(anyEvent, { maxLength: 40 });
    fc.assert(
      fc.property(part, part, (first, second) => {
        // Whole dollars, so that sums do not depend on their order; and no pairs over the seam.
        const list = events(...first, ...second).map((event): TestEvent => {
          const cost = event["cost_usd"];
          return { ...event, call_id: undefined, cost_usd: Number.isInteger(cost) ? cost : undefined };
        });
        const parts = newTotals();
        addSummary(parts, fold(list.slice(0, first.length)));
        addSummary(parts, fold(list.slice(first.length)));
        const all = newTotals();
        addSummary(all, fold(list));
        // These belong to a session as a whole and not to its events.
        const whole = { sessions: 0, started_at: null, active_ms: 0 };
        expect({ ...parts, ...whole }).toEqual({ ...all, ...whole });
      }),
    );
  });

  it("the state stays bounded, however many names there are", () => {
    const summary = newSummary("s");
    for (let index = 0; index < MAX_NAMES + 500; index++) {
      const name = `n${index}`;
      fold(
        events({ event: name }, { event: "TOOL_CALL", tool: name }, { event: "MODEL_RESPONSE", model: name }),
        summary,
      );
    }
    for (const record of [summary.event_counts, summary.tools, summary.models]) {
      expect(Object.keys(record)).toHaveLength(MAX_NAMES + 1);
    }
    expect(summary.tools[OTHER_NAMES]?.calls).toBe(500);
    expect(summary.tool_calls).toBe(MAX_NAMES + 500);
  });
});

describe("a time window", () => {
  it("knows of calls before it, without counting them", () => {
    const list = events(
      { event: "START", origin: "recorded" },
      { event: "TOOL_CALL", call_id: "1", tool: "bash" },
      { event: "TOOL_RESULT", call_id: "1" },
    );
    const summary = newSummary("s");
    for (const event of list.slice(0, 2)) foldContext(summary, event, event);
    fold(list.slice(2), summary);
    expect(summary).toMatchObject({ events: 1, tool_calls: 0, origin: "recorded" });
    expect(summary.tools["bash"]).toEqual({ calls: 0, errors: 0, duration_ms: 1000 });
  });
});

it("instants of timestamps are those of the checking parser", () => {
  const date = fc.date({
    noInvalidDate: true,
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59Z"),
  });
  fc.assert(
    fc.property(date, fc.constantFrom("Z", "+01:00", "-0330"), (at, zone) => {
      const timestamp = at.toISOString().replace("Z", zone);
      expect(instantOf(timestamp)).toBe(parseTimestamp(timestamp) ?? NaN);
    }),
  );
  expect(instantOf("no timestamp")).toBeNaN();
});
