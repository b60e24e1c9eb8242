// What real sessions cost, against figures computed apart: tokens as the truth has them (../shared/realdata/README.md),
// times prices written down here from the vendors' own pages. Each known mistake of cost counters has its own test.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { importSessions } from "../src/import/index.ts";
import { spendReport } from "../src/metrics/index.ts";
import type { Charge, SpendReport } from "../src/metrics/index.ts";
import { loadPrices } from "../src/pricing/index.ts";
import { openReader } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { eventsIn } from "./store-contents.ts";

const REALDATA = path.resolve(import.meta.dirname, "../../shared/realdata");
const isThere = existsSync(REALDATA);

/** US dollars per million tokens: input, output, cache read, cache write for five minutes, for an hour. */
type Rates = readonly [input: number, output: number, read: number, write: number, write1h: number];

/** https://platform.claude.com/docs/en/about-claude/pricing */
const CLAUDE: Readonly<Record<string, Rates>> = {
  "claude-opus-4-5-20251101": [5, 25, 0.5, 6.25, 10],
  "claude-opus-4-6": [5, 25, 0.5, 6.25, 10],
  "claude-opus-4-1-20250805": [15, 75, 1.5, 18.75, 30],
  "claude-sonnet-4-20250514": [3, 15, 0.3, 3.75, 6],
  "claude-sonnet-4": [3, 15, 0.3, 3.75, 6],
  "claude-sonnet-4-5-20250929": [3, 15, 0.3, 3.75, 6],
  "claude-sonnet-4-6": [3, 15, 0.3, 3.75, 6],
  "claude-haiku-4-5-20251001": [1, 5, 0.1, 1.25, 2],
  "claude-3-5-haiku-20241022": [0.8, 4, 0.08, 1, 1.6],
  "claude-3-sonnet-20240229": [3, 15, 0.3, 3.75, 6],
};
/** https://platform.openai.com/docs/pricing */
const CODEX: Readonly<Record<string, readonly [input: number, output: number, cached: number]>> = {
  "gpt-5-codex": [1.25, 10, 0.125],
};

interface FileTruth {
  parser: string;
  usage_last: Record<string, number>;
  usage_naive?: Record<string, number>;
  models: Record<string, number>;
  final_total_token_usage: Record<string, number> | null;
}

const truth: Record<string, FileTruth> = isThere
  ? (
      JSON.parse(readFileSync(path.join(REALDATA, "truth.json"), "utf8")) as {
        files: Record<string, FileTruth>;
      }
    ).files
  : {};

const inParser = (parser: string): string[] =>
  Object.keys(truth).filter(
    (file) => truth[file]?.parser === parser && existsSync(path.join(REALDATA, file)),
  );

/** Written by hand for tests of a viewer: they name no model that anybody sells, or repeat another file. */
const claudeFiles = inParser("claude").filter((file) => !file.endsWith("history.jsonl"));
const codexFiles = inParser("codex");

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"))));
afterEach(() => rmSync(folder, { recursive: true }));

async function importFiles(...files: readonly string[]): Promise<void> {
  const store = openStore({ dir: folder, handleSignals: false });
  await importSessions(store, { paths: files, cwd: REALDATA });
  store.close();
}

async function spendOf(
  options: Parameters<typeof spendReport>[1] = {},
): Promise<SpendReport & { charges: Charge[] }> {
  const charges: Charge[] = [];
  const report = await spendReport(openReader({ dir: folder }), {
    ...options,
    onCharge: (each) => charges.push(each),
  });
  return { ...report, charges };
}

interface ClaudeUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens?: number;
  cache_creation_input_tokens?: number;
  cache_creation?: { ephemeral_1h_input_tokens?: number };
}

/** The last line of every call of a transcript, by the rule that the truth states, and what the lines say naively. */
function callsIn(file: string): { model: string; usage: ClaudeUsage }[] {
  const text = readFileSync(path.join(REALDATA, file), "utf8");
  const calls = new Map<string, { model: string; usage: ClaudeUsage }>();
  for (const line of text.replaceAll('}{"parentUuid"', '}\n{"parentUuid"').split("\n")) {
    if (!line.includes('"usage"')) continue;
    let record: {
      type?: string;
      requestId?: string;
      message?: { id?: string; model?: string; usage?: ClaudeUsage };
    };
    try {
      record = JSON.parse(line);
    } catch {
      continue;
    }
    const { type, requestId, message } = record;
    if (type !== "assistant" || message?.usage === undefined || message.model === "<synthetic>") continue;
    calls.set(`${message.id} ${requestId}`, { model: message.model ?? "", usage: message.usage });
  }
  return [...calls.values()];
}

function costOf({ model, usage }: { model: string; usage: ClaudeUsage }): number {
  const [input, output, read, write, write1h] = CLAUDE[model] ?? [NaN, NaN, NaN, NaN, NaN];
  const hour = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const written = usage.cache_creation_input_tokens ?? 0;
  const micro =
    usage.input_tokens * input +
    usage.output_tokens * output +
    (usage.cache_read_input_tokens ?? 0) * read +
    (written - hour) * write +
    hour * write1h;
  return micro / 1e6;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}

describe.skipIf(!isThere)("spend on real sessions (../shared/realdata)", () => {
  it.each(claudeFiles)("equals tokens of the truth times prices: %s", async (file) => {
    const calls = callsIn(file);
    // The tokens that are priced here are those of the truth, counted by another program.
    expect(sum(calls.map(({ usage }) => usage.output_tokens))).toBe(
      truth[file]?.usage_last["output_tokens"] ?? 0,
    );
    expect(sum(calls.map(({ usage }) => usage.cache_read_input_tokens ?? 0))).toBe(
      truth[file]?.usage_last["cache_read_input_tokens"] ?? 0,
    );
    await importFiles(file);
    const { total } = await spendOf();
    expect(total.cost_usd ?? 0).toBeCloseTo(sum(calls.map(costOf)), 6);
    expect(total.model_calls).toBe(calls.length);
    expect(total.unpriced).toEqual([]);
  });

  it.each(codexFiles)(
    "equals tokens of the truth times prices, or is said to be unpriced: %s",
    async (file) => {
      await importFiles(file);
      const { rows, total } = await spendOf();
      const tokens = truth[file]?.final_total_token_usage;
      if (tokens === null || tokens === undefined) {
        expect(rows).toEqual([]);
        return;
      }
      const cached = tokens["cached_input_tokens"] ?? 0;
      expect(total.tokens.input + total.tokens.cache_read).toBe(tokens["input_tokens"]);
      const [model] = rows.map(({ key }) => key);
      const rates = CODEX[model ?? ""];
      if (rates === undefined) {
        expect(total).toMatchObject({ cost_usd: null, unpriced: ["(unnamed)"] });
        expect(total.unpriced_records).toBeGreaterThan(0);
        return;
      }
      const [input, output, read] = rates;
      const uncached = (tokens["input_tokens"] ?? 0) - cached;
      const expected = (uncached * input + (tokens["output_tokens"] ?? 0) * output + cached * read) / 1e6;
      expect(total.cost_usd).toBeCloseTo(expected, 6);
    },
  );

  it("comes out the same when everything is priced anew, and whatever it is asked by", async () => {
    await importFiles("claude-code/entireio-cli", "codex");
    const prices = await loadPrices();
    const plain = await spendOf();
    const anew = await spendOf({ prices, reprice: true });
    expect(anew.total.cost_usd).toBeCloseTo(plain.total.cost_usd ?? NaN, 6);
    for (const by of ["hour", "session", "agent", "project"] as const) {
      const { rows, total } = await spendOf({ by });
      expect(total.cost_usd).toBe(plain.total.cost_usd);
      expect(sum(rows.map(({ cost_usd: cost }) => cost ?? 0))).toBeCloseTo(total.cost_usd ?? NaN, 6);
      expect(sum(rows.map(({ model_calls: calls }) => calls))).toBe(total.model_calls);
    }
    // Every charge says whether it was counted, and those that were add up to the total.
    const counted = plain.charges.filter(({ counted: is }) => is);
    expect(sum(counted.map(({ cost_usd: cost }) => cost ?? 0))).toBeCloseTo(plain.total.cost_usd ?? NaN, 6);
  });
});

describe.skipIf(!isThere)("the known mistakes", () => {
  const MAIN = "claude-code/entireio-cli/37_995ebed6e4_2.jsonl";

  it("repeated totals: a call that stands on several lines counts once", async () => {
    await importFiles(MAIN);
    const { total } = await spendOf();
    const naive = truth[MAIN]?.usage_naive?.["cache_read_input_tokens"] ?? 0;
    expect(naive).toBeGreaterThan(1.5 * total.tokens.cache_read);
    expect(total.tokens.cache_read).toBe(truth[MAIN]?.usage_last["cache_read_input_tokens"]);
  });

  it("repeated totals: a Codex count that is written twice counts once", async () => {
    const file = codexFiles.find(
      (each) => (truth[each]?.final_total_token_usage?.["output_tokens"] ?? 0) > 100_000,
    );
    await importFiles(file ?? "");
    const { total } = await spendOf();
    expect(total.tokens.output).toBe(truth[file ?? ""]?.final_total_token_usage?.["output_tokens"]);
  });

  it("copies in forks: what another session holds is left out, and named", async () => {
    const store = openStore({ dir: folder, handleSignals: false });
    await importSessions(store, { paths: [MAIN], cwd: REALDATA });
    const [[original, events] = ["", []]] = eventsIn(folder);
    // The same calls, in a session that was forked from that one.
    const fork = store.startSession({ id: "fork", parent: original, origin: "claude-code" });
    for (const event of events.filter((each) => each.event === "MODEL_RESPONSE")) {
      const {
        seq: _seq,
        id: _id,
        salt: _salt,
        session_id: _session,
        agent_id: _agent,
        source: _source,
        ...draft
      } = event;
      fork.log(draft, { copyOf: original });
    }
    fork.close();
    store.close();
    const alone = await spendOf({ session: original });
    const { total, charges } = await spendOf();
    expect(total.cost_usd).toBe(alone.total.cost_usd);
    expect(total.copies.cost_usd).toBeCloseTo(alone.total.cost_usd ?? NaN, 6);
    const left = charges.filter(({ counted }) => !counted);
    expect(left).toHaveLength(total.copies.records);
    expect(left[0]?.reason).toBe(`copy of a record in session ${original}, counted there`);
  });

  it("sidechains: what sub-agents used is part of the bill, once", async () => {
    const paired = claudeFiles.filter((file) => file.startsWith("claude-paired/"));
    const agents = paired.filter((file) => path.basename(file).startsWith("agent-"));
    expect(agents.length).toBeGreaterThan(0);
    await importFiles(...paired);
    const { total, rows } = await spendOf({ by: "agent" });
    expect(total.cost_usd).toBeCloseTo(sum(paired.flatMap(callsIn).map(costOf)), 6);
    const ofAgents = rows.filter(({ key }) => key.includes("/"));
    expect(sum(ofAgents.map(({ cost_usd: cost }) => cost ?? 0))).toBeCloseTo(
      sum(agents.flatMap(callsIn).map(costOf)),
      6,
    );
  });

  it("cache tiers: tokens read from a cache cost a tenth, written to one a quarter more, for an hour double", async () => {
    const withHour = claudeFiles.find((file) =>
      callsIn(file).some(({ usage }) => (usage.cache_creation?.ephemeral_1h_input_tokens ?? 0) > 0),
    );
    await importFiles(withHour ?? "");
    const { charges } = await spendOf();
    expect(charges.length).toBeGreaterThan(0);
    const flat = callsIn(withHour ?? "").map(({ model, usage }) => {
      const [input, output] = CLAUDE[model] ?? [NaN, NaN];
      const prompt =
        usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
      return (prompt * input + usage.output_tokens * output) / 1e6;
    });
    const exact = sum(callsIn(withHour ?? "").map(costOf));
    const spent = sum(charges.map(({ cost_usd: cost }) => cost ?? 0));
    expect(spent).toBeCloseTo(exact, 6);
    expect(Math.abs(spent - sum(flat))).toBeGreaterThan(0.01);
  });

  it("unknown models: they are listed as unpriced, never free", async () => {
    const nameless = codexFiles.filter(
      (file) => (truth[file]?.final_total_token_usage?.["output_tokens"] ?? 0) > 100_000,
    );
    await importFiles(...nameless);
    const { total, charges } = await spendOf({ prices: await loadPrices(), reprice: true });
    expect(total).toMatchObject({ cost_usd: null, unpriced: ["(unnamed)"] });
    expect(
      charges.every(({ cost_usd: cost, reason }) => cost === null && reason.startsWith("not priced")),
    ).toBe(true);
  });
});
