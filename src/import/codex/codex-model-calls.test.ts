import { describe, expect, it } from "vitest";

import type { JsonObject } from "../../event/index.ts";
import type { Translated } from "../importer.ts";
import { objectIn } from "../json.ts";
import { codex } from "./codex.ts";

// Codex's counts, in this order: input, cached (part of input), output, reasoning (part of output).
type Counts = readonly [input: number, cached: number, output: number, reasoning: number];

const FIRST: Counts = [1200, 800, 90, 40];
const SECOND: Counts = [3000, 2000, 190, 40];

describe("model calls", () => {
  it("splits the counts into kinds that do not overlap", () => {
    const [call] = callsOf([meta("a"), count(FIRST)]);
    const tokens = {
      input_tokens: 400,
      cache_read_tokens: 800,
      cache_write_tokens: 0,
      output_tokens: 90,
      reasoning_tokens: 40,
    };
    expect(call?.draft).toMatchObject(tokens);
    const written = {
      input_tokens: 1000,
      cached_input_tokens: 600,
      cache_write_input_tokens: 300,
      output_tokens: 5,
    };
    const [newer] = callsOf([
      meta("a"),
      message("token_count", { info: { total_token_usage: written, last_token_usage: written } }),
    ]);
    expect(newer?.draft).toMatchObject({
      input_tokens: 100,
      cache_read_tokens: 600,
      cache_write_tokens: 300,
      output_tokens: 5,
    });
  });

  it("counts a call once when its count is written twice, and keeps the second writing", () => {
    const events = translate([
      meta("a"),
      count(FIRST),
      count(FIRST),
      count(SECOND, FIRST),
      count(SECOND, FIRST),
      count(SECOND, FIRST),
    ]);
    expect(sum(events)).toEqual(SECOND);
    expect(events.filter(({ draft }) => draft.event === "MODEL_RESPONSE")).toHaveLength(2);
    expect(events.filter(({ draft }) => draft.event === "codex/token_count")).toHaveLength(3);
  });

  it("makes no call of a count that says only how much of the allowance is left", () => {
    const limits = message("token_count", { info: null, rate_limits: { primary: { used_percent: 12.5 } } });
    const handMade = message("token_count", { info: { prompt: 1420, completion: 910 } });
    expect(callsOf([meta("a"), limits, handMade])).toEqual([]);
    expect(translate([limits])[0]?.draft["record"]).toEqual(limits);
  });

  it("goes by the growth of the total when a count between was lost, or does not say what the last call was", () => {
    expect(
      sum(translate([meta("a"), count(FIRST), count([9000, 7000, 300, 40], [8000, 6100, 290, 40])])),
    ).toEqual([9000, 7000, 300, 40]);
    expect(sum(translate([meta("a"), count(FIRST, null), count(SECOND, null), count(SECOND, null)]))).toEqual(
      SECOND,
    );
  });

  it("goes on counting when the counter starts anew", () => {
    const small: Counts = [500, 0, 20, 0];
    const large: Counts = [5000, 4000, 200, 100];
    // To a smaller total, and to one that is larger than the old, as after a long first prompt.
    expect(sum(translate([meta("a"), count(FIRST), count(small), count(small)]))).toEqual([
      1700, 800, 110, 40,
    ]);
    expect(sum(translate([meta("a"), count(FIRST), count(large)]))).toEqual([6200, 4800, 290, 140]);
    // Codex sets the total to the size of the context window, with no counts, when the window is full.
    const full = {
      input_tokens: 0,
      cached_input_tokens: 0,
      output_tokens: 0,
      reasoning_output_tokens: 0,
      total_tokens: 272_000,
    };
    const windowFull = message("token_count", { info: { total_token_usage: full, last_token_usage: full } });
    expect(sum(translate([meta("a"), count(FIRST), windowFull, count(small)]))).toEqual([1700, 800, 110, 40]);
  });

  it("names the model of the turn, and whoever serves it", () => {
    const turns = [turn("t1", "gpt-5-codex"), count(FIRST), turn("t2", "gpt-5.1"), count(SECOND, FIRST)];
    const served = { ...payloadOf(meta("a")), model_provider: "azure", model: "gpt-5" };
    const calls = callsOf([line("session_meta", served), count([10, 0, 1, 0]), ...turns]);
    expect(calls.map(({ draft }) => draft["model"])).toEqual(["gpt-5", "gpt-5-codex", "gpt-5.1"]);
    expect(calls.map(({ draft }) => draft["provider"])).toEqual(["azure", "azure", "azure"]);
    expect(callsOf([meta("a"), count(FIRST)])[0]?.draft).toMatchObject({ provider: "openai" });
    expect(callsOf([meta("a"), count(FIRST)])[0]?.draft).not.toHaveProperty("model");
  });
});

describe("forks", () => {
  const THIRD: Counts = [5000, 3500, 250, 60];

  it.each([
    ["with turn ids", (id: string) => [turn(id, "gpt-5.2")]],
    ["of versions whose turns have no id", () => [turn(undefined, "gpt-5-codex")]],
  ])("know the parent's calls again in the replay, and no others, %s", (_, begin) => {
    const history = [
      ...begin("t1"),
      callOf("a"),
      outputOf("a"),
      count(FIRST),
      count(FIRST),
      callOf("b"),
      outputOf("b"),
      count(SECOND, FIRST),
    ];
    const own = (id: string): JsonObject[] => [...begin(id), callOf(id), outputOf(id), count(THIRD, SECOND)];
    const fork = (id: string): JsonObject[] => [
      meta(id, { forked_from_id: "parent" }),
      meta("parent"),
      ...history.map(restamped),
      ...own(id),
    ];
    const parent = translate([meta("parent"), ...history, ...own("t2")]);
    const [first, second] = ["fork-1", "fork-2"].map((id) => translate(fork(id)));

    const replayed = keysOf(translate([meta("parent"), ...history]));
    expect(replayed).toHaveLength(2 * 2 + 2);
    expect(keysOf(first).filter((key) => keysOf(parent).includes(key))).toEqual(replayed);
    expect(keysOf(second).filter((key) => keysOf(first).includes(key))).toEqual(replayed);
    expect(new Set(keysOf(first)).size).toBe(replayed.length + 3);
    // The session's own figure is the recorder's: its final total, what it inherited included.
    expect(sum(first)).toEqual(THIRD);
    expect(new Set(first?.map(({ session }) => session.id))).toEqual(new Set(["fork-1"]));
  });

  it("know them again in the fork of a fork", () => {
    const parents = [meta("parent"), turn("t1", "gpt-5.2"), count(FIRST)];
    const forks = [
      meta("fork", { forked_from_id: "parent" }),
      ...parents,
      turn("t2", "gpt-5.2"),
      count(SECOND, FIRST),
    ];
    const grandchild = [
      meta("last", { forked_from_id: "fork" }),
      ...forks,
      turn("t3", "gpt-5.2"),
      count(THIRD, SECOND),
    ];
    const [parentKeys, forkKeys, lastKeys] = [parents, forks, grandchild].map((records) =>
      callsOf(records).map(({ copyKey }) => copyKey),
    );
    expect(forkKeys?.slice(0, 1)).toEqual(parentKeys);
    expect(lastKeys?.slice(0, 2)).toEqual(forkKeys);
  });

  it("are not charged with the parent's total when they count on from it without replaying its calls", () => {
    const spawned = meta("child", { parent_thread_id: "parent", forked_from_id: "parent" });
    const inherited: Counts = [400_000_000, 388_000_000, 1_200_000, 0];
    const own: Counts = [9000, 8000, 35, 0];
    const total: Counts = [400_009_000, 388_008_000, 1_200_035, 0];
    expect(sum(translate([spawned, turn("t1", "gpt-5.2"), count(total, inherited)]))).toEqual(own);
    // The same in a session that is no fork means that its beginning was lost: the total is its own.
    expect(sum(translate([meta("plain"), count(total, inherited)]))).toEqual(total);
  });

  it("give a call the id that makes its copy key, so that it can be told from the stored event", () => {
    const [one] = callsOf([meta("a"), turn("t1", "gpt-5.2"), count(FIRST)]);
    expect(one?.copyKey).toBe(`model:${one?.draft.call_id}:`);
    expect(one?.draft.call_id).toContain("t1");
  });
});

// --- internal ---

function line(type: string, payload: JsonObject): JsonObject {
  return { timestamp: "2026-01-06T22:00:00.000Z", type, payload };
}

function item(type: string, payload: JsonObject): JsonObject {
  return line("response_item", { type, ...payload });
}

function message(type: string, payload: JsonObject): JsonObject {
  return line("event_msg", { type, ...payload });
}

function meta(id: string, more: JsonObject = {}): JsonObject {
  return line("session_meta", {
    id,
    cwd: "/work",
    originator: "codex_cli_rs",
    cli_version: "0.99.0",
    ...more,
  });
}

function turn(id: string | undefined, model: string): JsonObject {
  return line("turn_context", { ...(id === undefined ? {} : { turn_id: id }), model });
}

/** A count, and what the total was before the call: null when the record does not say what the call used. */
function count(total: Counts, before: Counts | null = [0, 0, 0, 0]): JsonObject {
  const last = before === null ? null : usage(total.map((tokens, kind) => tokens - (before[kind] ?? 0)));
  return message("token_count", { info: { total_token_usage: usage(total), last_token_usage: last } });
}

function usage([input = 0, cached = 0, output = 0, reasoning = 0]: readonly number[]): JsonObject {
  const parts = { cached_input_tokens: cached, reasoning_output_tokens: reasoning };
  return { input_tokens: input, output_tokens: output, ...parts, total_tokens: input + output };
}

function callOf(id: string): JsonObject {
  return item("function_call", { name: "shell", arguments: "{}", call_id: `call_${id}_0123456789` });
}

function outputOf(id: string): JsonObject {
  return item("function_call_output", { output: "ok", call_id: `call_${id}_0123456789` });
}

function keysOf(events: readonly Translated[] = []): string[] {
  return events.flatMap(({ copyKey }) => copyKey ?? []);
}

function payloadOf(record: JsonObject): JsonObject {
  return objectIn(record, "payload") ?? {};
}

/** As Codex replays a record: the same, but written at the time of the fork. */
function restamped(record: JsonObject): JsonObject {
  return { ...record, timestamp: "2026-01-07T08:00:00.001Z" };
}

function translate(records: readonly JsonObject[]): Translated[] {
  const translator = codex.translator({ path: "/s/x.jsonl", head: records });
  return records.flatMap((record, index) =>
    translator.translate(record, { offset: index * 100, line: index + 1 }),
  );
}

function callsOf(records: readonly JsonObject[]): Translated[] {
  return translate(records).filter(({ draft }) => draft.event === "MODEL_RESPONSE");
}

/** What a session used, put together again as Codex counts. */
function sum(events: readonly Translated[] = []): Counts {
  const total = (name: string): number =>
    events.reduce((tokens, { draft }) => tokens + Number(draft[name] ?? 0), 0);
  const read = total("cache_read_tokens");
  return [
    total("input_tokens") + read + total("cache_write_tokens"),
    read,
    total("output_tokens"),
    total("reasoning_tokens"),
  ];
}
