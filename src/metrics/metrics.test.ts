import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { loadPrices } from "../pricing/index.ts";
import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { Budget, gate, hourlySpend, spendReport, SpendWindow } from "./index.ts";
import type { Charge } from "./index.ts";

const NOW = Date.parse("2026-01-06T22:00:00.000Z");
const HOUR_MS = 3_600_000;
const clockAt = (ms: number): { wallMs: () => number; monotonicMs: () => number } => ({
  wallMs: () => ms,
  monotonicMs: () => ms,
});

let folder: string;
let store: Store;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = openStore({ dir: folder, handleSignals: false, prices: false });
});
afterEach(() => {
  store.close();
  fs.rmSync(folder, { recursive: true });
});

/** A session that paid so much so many milliseconds ago. */
function pay(id: string, ...charges: readonly (readonly [agoMs: number, usd: number])[]): void {
  const startedAt = new Date(NOW - Math.max(...charges.map(([agoMs]) => agoMs))).toISOString();
  const session = store.startSession({ id, startedAt, project: "/p" });
  for (const [agoMs, usd] of charges) {
    const timestamp = new Date(NOW - agoMs).toISOString();
    session.log({ event: "MODEL_RESPONSE", timestamp, model: "m", output_tokens: 1, cost_usd: usd });
  }
  session.end();
}

const reader = (): ReturnType<typeof openReader> => openReader({ dir: folder, clock: clockAt(NOW) });

describe("SpendWindow", () => {
  it("has what lies in the window, its beginning included, to the millisecond", () => {
    const hour = new SpendWindow(HOUR_MS);
    hour.add(NOW, 1.5);
    expect(hour.at(NOW + HOUR_MS)).toBe(1.5);
    expect(hour.at(NOW + HOUR_MS + 1)).toBe(0);
  });

  it("is what adding up by hand gives, for any charges in any order within the window", () => {
    const charges = fc.array(fc.tuple(fc.nat(50), fc.nat(1000)), { maxLength: 60 });
    fc.assert(
      fc.property(charges, fc.nat(40), (all, ahead) => {
        const window = new SpendWindow(50);
        for (const [at, cents] of all) window.add(at, cents / 100);
        const now = Math.max(0, ...all.map(([at]) => at)) + ahead;
        const expected = all.reduce((sum, [at, cents]) => (at >= now - 50 ? sum + cents : sum), 0);
        expect(window.at(now)).toBeCloseTo(expected / 100, 9);
      }),
    );
  });

  it("holds no noise after millions of charges came and went", () => {
    const window = new SpendWindow(1000);
    for (let at = 0; at < 1_000_000; at++) window.add(at, 0.1);
    expect(window.at(999_999)).toBe(100.1);
    expect(window.at(2_000_000)).toBe(0);
  });

  it("refuses a window without length", () => {
    expect(() => new SpendWindow(0)).toThrow(RangeError);
    expect(() => new SpendWindow(NaN)).toThrow(RangeError);
  });
});

describe("hourlySpend", () => {
  it("covers exactly the hours asked for, not 60 to 120 minutes, whatever the minute of the hour", async () => {
    pay("s", [118 * 60_000, 4], [HOUR_MS + 1, 2], [HOUR_MS, 1], [0, 0.5]);
    expect(await hourlySpend(reader(), 1, new Date(NOW))).toBe(1.5);
    expect(await hourlySpend(reader(), 2, new Date(NOW))).toBe(7.5);
    expect(await hourlySpend(reader(), 0.5, new Date(NOW))).toBe(0.5);
    await expect(hourlySpend(reader(), 0)).rejects.toThrow(/hours must be more than 0/);
  });

  it("sees what a session recorded a moment ago, and no NaN", async () => {
    const session = store.startSession({ id: "now" });
    session.log({ event: "MODEL_RESPONSE", model: "m", cost_usd: 0.25 });
    session.log({ event: "MODEL_RESPONSE", model: "m", cost_usd: NaN });
    expect(await hourlySpend(openReader({ dir: folder }))).toBe(0.25);
  });
});

describe("spendReport", () => {
  it("shows what a source reported beside what the price list says", async () => {
    const session = store.startSession({ id: "s" });
    const usage = { model: "gpt-5", input_tokens: 1000, output_tokens: 1000 };
    session.log({ event: "MODEL_RESPONSE", ...usage, cost_usd: 0.5, cost_source: "reported" });
    session.log({ event: "MODEL_RESPONSE", ...usage });
    session.log({ event: "MODEL_RESPONSE", model: "gpt-5" });
    session.end();
    const prices = await loadPrices();
    const plain = await spendReport(reader());
    expect(plain.total).toMatchObject({
      cost_usd: 0.5,
      unpriced: ["gpt-5"],
      unpriced_records: 2,
      reported_usd: null,
    });
    const compared = await spendReport(reader(), { prices });
    expect(compared.total).toMatchObject({
      cost_usd: 0.51125,
      reported_usd: 0.5,
      computed_usd: 0.01125,
      // One that tells no tokens is not free.
      unpriced_records: 1,
    });
    const anew = await spendReport(reader(), { prices, reprice: true });
    expect(anew.total.cost_usd).toBe(0.0225);
    await expect(spendReport(reader(), { reprice: true })).rejects.toThrow(/reprice needs prices/);
  });

  it("prices a call that goes on as a whole, because long prompts cost more", async () => {
    const session = store.startSession({ id: "s" });
    const model = "claude-sonnet-4-5-20250929";
    session.log({ event: "MODEL_RESPONSE", call_id: "c", model, input_tokens: 199_000, output_tokens: 10 });
    session.log({
      event: "MODEL_RESPONSE",
      call_id: "c",
      model,
      input_tokens: 2000,
      output_tokens: 90,
      continues: true,
    });
    session.end();
    const { total } = await spendReport(reader(), { prices: await loadPrices(), reprice: true });
    expect(total.cost_usd).toBeCloseTo((201_000 * 6 + 100 * 22.5) / 1e6, 9);
    expect(total.model_calls).toBe(1);
  });

  it("says of every record whether and why it was counted", async () => {
    const session = store.startSession({ id: "s" });
    session.log({ event: "MODEL_RESPONSE", call_id: "c", model: "m", output_tokens: 1, cost_usd: 1 });
    session.log({
      event: "MODEL_RESPONSE",
      call_id: "c",
      model: "m",
      output_tokens: 1,
      cost_usd: 1,
      continues: true,
    });
    session.log({ event: "MODEL_RESPONSE", model: "unheard-of", output_tokens: 1 });
    session.log({ event: "MODEL_RESPONSE", output_tokens: 1 });
    session.log({ event: "TOOL_RESULT", cost_usd: 0.1 });
    session.log({ event: "MODEL_RESPONSE", model: "m", cost_usd: 9 }, { copyOf: "other" });
    session.log({ event: "RETURN", cost_usd: 100 });
    session.end();
    const charges: Charge[] = [];
    const { total, rows } = await spendReport(reader(), { onCharge: (charge) => charges.push(charge) });
    expect(charges.map(({ counted, reason }) => `${counted}: ${reason}`)).toEqual([
      "true: a call",
      "true: more of a call counted before",
      "true: not priced: unheard-of",
      "true: not priced: the source names no model",
      "true: cost of a TOOL_RESULT",
      "false: copy of a record in session other, counted there",
    ]);
    expect(total).toMatchObject({
      cost_usd: 2.1,
      model_calls: 3,
      unpriced: ["(unnamed)", "unheard-of"],
      copies: { records: 1, cost_usd: 9 },
    });
    expect(rows.map(({ key, cost_usd: cost }) => [key, cost])).toEqual([
      ["m", 2],
      ["(unnamed)", 0.1],
      ["unheard-of", null],
    ]);
  });
});

describe("a budget", () => {
  it("warns near a limit and stops before it is passed, and says why", () => {
    const budget = new Budget({ sessionUsd: 1, hourUsd: 10, clock: clockAt(NOW) });
    budget.add("s", NOW, 0.5);
    expect(budget.check({ session: "s", usd: 0.2 })).toMatchObject({
      level: "ok",
      allowed: true,
      reason: "",
    });
    expect(budget.check({ session: "s", usd: 0.3 })).toMatchObject({ level: "warn", allowed: true });
    expect(budget.check({ session: "s", usd: 0.5 })).toMatchObject({ level: "warn", allowed: true });
    expect(budget.check({ session: "s", usd: 0.500001 })).toEqual({
      level: "stop",
      allowed: false,
      reason: "this session has cost $0.50, and this is expected to cost $0.50 more; its budget is $1.00",
      spent: { sessionUsd: 0.5, hourUsd: 0.5, dayUsd: 0.5 },
    });
    expect(budget.check({ session: "another", usd: 0.7 }).level).toBe("ok");
  });

  it("stops without an estimate once a limit is reached", () => {
    const budget = new Budget({ hourUsd: 1, clock: clockAt(NOW) });
    budget.add("s", NOW, 1);
    expect(budget.check()).toMatchObject({
      level: "stop",
      reason: "the last hour has cost $1.00; its budget is $1.00",
    });
  });

  it("lets money go again when it is an hour, or a day, old", () => {
    const budget = new Budget({ hourUsd: 1, dayUsd: 2, clock: clockAt(NOW + HOUR_MS + 1) });
    budget.add("s", NOW, 1);
    expect(budget.check()).toMatchObject({ level: "ok", spent: { hourUsd: 0, dayUsd: 1 } });
  });

  it("is a sink: a store beside which it stands keeps it up to date, without copies", () => {
    const budget = new Budget({ sessionUsd: 1 });
    const watched = openStore({ dir: folder, handleSignals: false, sinks: [budget] });
    const session = watched.startSession({ id: "s" });
    session.log({ event: "MODEL_RESPONSE", model: "m", cost_usd: 0.75 });
    session.log({ event: "MODEL_RESPONSE", model: "m", cost_usd: 0.75 }, { copyOf: "other" });
    session.end();
    watched.close();
    expect(budget.check({ session: "s", usd: 0.25 })).toMatchObject({
      allowed: true,
      spent: { sessionUsd: 0.75 },
    });
    expect(budget.check({ session: "s", usd: 0.26 })).toMatchObject({ allowed: false });
  });

  it("refuses limits and estimates that are no amounts", () => {
    expect(() => new Budget({ hourlyUsd: 1 } as never)).toThrow(
      /unknown option "hourlyUsd"; did you mean "hourUsd"/,
    );
    expect(() => new Budget({ hourUsd: -1 })).toThrow(RangeError);
    expect(() => new Budget({ warnAt: 2 })).toThrow(RangeError);
    expect(() => new Budget({}).check({ usd: NaN })).toThrow(/must be a number from 0/);
    expect(() => new Budget({}).add("s", NOW, -1)).toThrow(RangeError);
  });
});

describe("gate", () => {
  it("answers from the store: sessions in full, the hour and the day exactly", () => {
    pay("long", [30 * HOUR_MS, 5], [10 * 60_000, 1]);
    pay("other", [2 * HOUR_MS, 3]);
    const limits = { sessionUsd: 7, hourUsd: 2, dayUsd: 5, clock: clockAt(NOW) };
    expect(gate(reader(), limits, { session: "long" })).toMatchObject({
      allowed: true,
      spent: { sessionUsd: 6, hourUsd: 1, dayUsd: 4 },
    });
    expect(gate(reader(), limits, { session: "long", usd: 1.01 })).toMatchObject({ allowed: false });
    expect(gate(reader(), limits, { session: "other", usd: 1 })).toMatchObject({
      level: "warn",
      spent: { sessionUsd: 3 },
    });
  });

  it("takes a session that does not exist yet for one that has cost nothing", () => {
    expect(gate(reader(), { sessionUsd: 1 }, { session: "new", usd: 0.5 })).toMatchObject({
      allowed: true,
      spent: { sessionUsd: 0, hourUsd: 0, dayUsd: 0 },
    });
  });
});
