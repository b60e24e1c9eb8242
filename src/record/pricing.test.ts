import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { TracekeepError } from "../base/errors.ts";
import type { EventDraft } from "../event/index.ts";
import { Budget } from "../metrics/index.ts";
import { loadPrices } from "../pricing/index.ts";
import type { PriceTable } from "../pricing/index.ts";
import { openReader } from "../read/index.ts";
import { memorySink } from "../sinks/index.ts";
import { createRecorder } from "./recorder.ts";
import { openSharedLog } from "./shared-log.ts";
import { openStore } from "./store.ts";
import type { StoreOptions } from "./options.ts";

const ANSWER = {
  event: "MODEL_RESPONSE",
  provider: "anthropic",
  model: "claude-opus-4-5",
  input_tokens: 1000,
  cache_read_tokens: 20_000,
  cache_write_tokens: 300,
  output_tokens: 40,
};

let dir: string;
beforeEach(() => (dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"))));
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** What is in the log of one event that was recorded. */
function recorded(draft: EventDraft, options: StoreOptions = {}) {
  const store = openStore({ dir, ...options });
  const session = store.startSession();
  session.log(draft);
  session.end();
  store.close();
  const [, event, end] = [...openReader({ dir }).events({ session: session.id })];
  return { event, end };
}

describe("a model call that does not say what it cost", () => {
  it("is recorded with its list price, which everything that adds up money then counts", async () => {
    const budget = new Budget({ hourUsd: 1 });
    const { event, end } = recorded(ANSWER, { sinks: [budget] });
    const { provider, model, event: _, ...tokens } = ANSWER;
    const price = (await loadPrices()).price({ provider, model, ...tokens }, Date.now());
    expect(price?.cost_usd).toBeGreaterThan(0.015);
    expect(event).toMatchObject({ ...ANSWER, ...price });
    expect(end?.["cost_usd"]).toBe(price?.cost_usd);
    const [session] = openReader({ dir }).sessions();
    expect(session?.cost_usd).toBe(price?.cost_usd);
    expect(budget.check().spent.hourUsd).toBe(price?.cost_usd);
  });

  it("costs what held at its own time, where it has one", () => {
    const prices: PriceTable = {
      price: (_, atMs) => ({ cost_usd: atMs === Date.parse("2026-01-06") ? 1 : 2, cost_source: "ours" }),
    };
    const dated = { ...ANSWER, timestamp: "2026-01-06T00:00:00Z" };
    expect(recorded(dated, { prices }).event).toMatchObject({ cost_usd: 1, cost_source: "ours" });
  });

  it("is priced through a recorder and in a shared log as well", async () => {
    const sink = memorySink();
    const recorder = createRecorder({ sink });
    recorder.log(ANSWER);
    await recorder.end();
    const file = path.join(dir, "audit.jsonl");
    await using log = openSharedLog(file);
    await log.append(ANSWER);
    const lines = fs.readFileSync(file, "utf8").split("\n").slice(0, -1);
    const shared = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
    const cost = {
      cost_source: expect.stringMatching(/^genai-prices@\d/) as unknown,
      cost_usd: shared["cost_usd"],
    };
    expect(shared["cost_usd"]).toBeGreaterThan(0);
    expect(sink.events[1]).toMatchObject(cost);
    expect(shared).toMatchObject(cost);
  });
});

describe("no price is made up", () => {
  it.each([
    ["the caller says what it cost", { ...ANSWER, cost_usd: 0.5 }, 0.5],
    ["the caller says that nobody knows", { ...ANSWER, cost_usd: null }, null],
    ["the list does not know the model", { ...ANSWER, provider: "ours", model: "ours-1" }, undefined],
    ["there is no model", { ...ANSWER, model: undefined }, undefined],
    ["no tokens are told", { event: "MODEL_RESPONSE", model: "claude-opus-4-5" }, undefined],
    ["it is only asked", { ...ANSWER, event: "MODEL_CALL" }, undefined],
    ["it is more of a call that was begun before", { ...ANSWER, continues: true }, undefined],
    ["the fast mode has a surcharge", { ...ANSWER, metadata: { speed: "fast" } }, undefined],
    ["a count is none", { ...ANSWER, cache_write_1h_tokens: -1 }, undefined],
  ])("where %s", (_, draft, cost) => {
    const { event } = recorded(draft);
    expect(event?.["cost_usd"]).toBe(cost);
    expect(event).not.toHaveProperty("cost_source");
  });

  it("where prices are switched off", () => {
    expect(recorded(ANSWER, { prices: false }).event).not.toHaveProperty("cost_usd");
  });

  it("where the caller's table throws: the event is recorded, and the fault told once", () => {
    const faults: TracekeepError[] = [];
    const prices: PriceTable = {
      price: () => {
        throw new Error("broken table");
      },
    };
    const store = openStore({ dir, prices, onFault: (error) => faults.push(error) });
    const session = store.startSession();
    for (let call = 0; call < 3; call++) session.log(ANSWER);
    session.end();
    store.close();
    expect(faults.map(({ code }) => code)).toEqual(["BAD_PRICES"]);
    expect([...openReader({ dir }).events({ event: "MODEL_RESPONSE" })]).toHaveLength(3);
  });
});

it("refuses prices that are no table", () => {
  expect(() => openStore({ dir, prices: { "claude-opus-4-5": 1 } as unknown as PriceTable })).toThrow(
    "openStore: prices must be a price table of tracekeep/pricing, or false",
  );
});
