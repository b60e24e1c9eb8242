import { readFileSync } from "node:fs";

import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { Provider } from "@pydantic/genai-prices";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { loadPrices } from "./index.ts";
import { costUsd } from "./rates.ts";

const prices = await loadPrices();
const JAN_2026 = Date.parse("2026-01-06T22:00:00Z");
const MTOK = 1_000_000;

describe("prices by hand", () => {
  it("charges each kind of token of Claude Opus 4.5 its own price, the one-hour cache included", () => {
    // https://platform.claude.com/docs/en/about-claude/pricing: $5 in, $25 out, cache read $0.50, write $6.25 (5 min)
    // and $10 (1 h), per million tokens.
    const byHand = (12 * 5 + 48_000 * 0.5 + 2000 * 6.25 + 3000 * 10 + 700 * 25) / MTOK;
    const usage = {
      provider: "anthropic",
      model: "claude-opus-4-5-20251101",
      input_tokens: 12,
      cache_read_tokens: 48_000,
      cache_write_tokens: 5000,
      cache_write_1h_tokens: 3000,
      output_tokens: 700,
    };
    expect(prices.price(usage, JAN_2026)?.cost_usd).toBeCloseTo(byHand, 12);
  });

  it("charges GPT-5-Codex a tenth for cached input and nothing twice", () => {
    // https://openai.com/api/pricing (GPT-5 and GPT-5-Codex): $1.25 in, $0.125 cached, $10 out, per million tokens.
    const byHand = (6400 * 1.25 + 250_000 * 0.125 + 1300 * 10) / MTOK;
    const usage = {
      model: "gpt-5-codex",
      input_tokens: 6400,
      cache_read_tokens: 250_000,
      output_tokens: 1300,
    };
    expect(prices.price(usage, JAN_2026)?.cost_usd).toBeCloseTo(byHand, 12);
  });

  it("charges the whole call of Claude Sonnet 4.5 more when prompt and cache together pass 200,000 tokens", () => {
    // Same page, "long context": above 200 k input tokens $6 in, $22.50 out, cache read $0.60, instead of 3, 15, 0.30.
    const call = { model: "claude-sonnet-4-5-20250929", input_tokens: 1000, output_tokens: 100 };
    const short = prices.price({ ...call, cache_read_tokens: 199_000 }, JAN_2026);
    const long = prices.price({ ...call, cache_read_tokens: 199_001 }, JAN_2026);
    expect(short?.cost_usd).toBeCloseTo((1000 * 3 + 199_000 * 0.3 + 100 * 15) / MTOK, 12);
    expect(long?.cost_usd).toBeCloseTo((1000 * 6 + 199_001 * 0.6 + 100 * 22.5) / MTOK, 12);
  });

  it("uses the price of the day: o3 became cheaper on 10 June 2025", () => {
    // https://community.openai.com/t/o3-is-80-cheaper-and-introducing-o3-pro/1284925: $10 in, $40 out, then $2 and $8.
    const usage = { model: "o3", input_tokens: 1000, output_tokens: 1000 };
    expect(prices.price(usage, Date.parse("2025-06-09T23:59:59Z"))?.cost_usd).toBeCloseTo(0.05, 12);
    expect(prices.price(usage, Date.parse("2025-06-10T00:00:00Z"))?.cost_usd).toBeCloseTo(0.01, 12);
    expect(prices.price(usage, Date.parse("2025-06-09T12:00:00Z"))?.cost_usd).toBeCloseTo(0.05, 12);
  });
});

describe("what cannot be priced", () => {
  it.each(["codex-auto-review", "<synthetic>", "", "a model from next year"])(
    "leaves %j unpriced, not free",
    (model) => {
      for (const provider of [undefined, "openai"]) {
        expect(
          prices.price({ provider, model, input_tokens: 1000, output_tokens: 1000 }, JAN_2026),
        ).toBeUndefined();
      }
    },
  );

  it("does not lend a provider that it does not know the prices of another", () => {
    const usage = { model: "gpt-5-codex", input_tokens: 1000, output_tokens: 1000 };
    expect(prices.price({ ...usage, provider: "a-local-proxy" }, JAN_2026)).toBeUndefined();
    expect(prices.price(usage, JAN_2026)).toBeDefined();
  });

  it("leaves a listed model unpriced when the list has no figure for it", () => {
    const usage = { provider: "github-copilot", model: "gpt-4o", input_tokens: 1000, output_tokens: 1000 };
    expect(calcPrice({ input_tokens: 1000 }, "gpt-4o", { providerId: "github-copilot" })?.total_price).toBe(
      0,
    );
    expect(prices.price(usage, JAN_2026)).toBeUndefined();
  });

  it.each([NaN, -1, Infinity])("makes no money out of %d tokens", (count) => {
    const usage = { model: "gpt-5", input_tokens: 10, output_tokens: 10 };
    for (const kind of ["input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"]) {
      expect(prices.price({ ...usage, [kind]: count }, JAN_2026)).toBeUndefined();
    }
    for (const model of ["gpt-5", "o3"]) expect(prices.price({ ...usage, model }, count)).toBeUndefined();
  });

  it("says again what it said the first time", () => {
    const unknown = { model: "unheard-of", input_tokens: 1, output_tokens: 1 };
    const known = { model: "gpt-5", input_tokens: 1, output_tokens: 1 };
    expect([unknown, unknown].map((usage) => prices.price(usage, JAN_2026))).toEqual([undefined, undefined]);
    expect(prices.price(known, JAN_2026)).toEqual(prices.price(known, JAN_2026));
  });
});

it("names the price list with the version that is installed", () => {
  const manifest = new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url);
  const version = /"version": "([^"]+)"/.exec(readFileSync(manifest, "utf8"))?.[1];
  const price = prices.price({ model: "gpt-5", input_tokens: 1, output_tokens: 1 }, JAN_2026);
  expect(price?.cost_source).toBe(`genai-prices@${version}`);
});

it("sums as the price list itself does, for every model and any usage", () => {
  const providers = [
    "anthropic",
    "openai",
    "google",
    "aws",
    "azure",
    "deepseek",
    "perplexity",
    "openrouter",
    "x-ai",
  ];
  const models = providers.flatMap((providerId) => {
    const provider = findProvider({ providerId });
    return provider === undefined ? [] : provider.models.map((model) => ({ provider, model }));
  });
  expect(models.length).toBeGreaterThan(500);
  const count = fc.oneof(fc.nat(2000), fc.nat(400_000));
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      fc.record({ input: count, cacheRead: count, cacheWrite: count, cacheWrite1h: count, output: count }),
      fc.date({ min: new Date("2024-01-01"), max: new Date("2027-01-01"), noInvalidDate: true }),
      ({ provider, model }, tokens, timestamp) => {
        const only: Provider = { ...provider, models: [{ ...model, match: { equals: "it" } }] };
        const theirs = calcPrice(
          {
            input_tokens: tokens.input + tokens.cacheRead + tokens.cacheWrite + tokens.cacheWrite1h,
            cache_read_tokens: tokens.cacheRead,
            cache_write_tokens: tokens.cacheWrite + tokens.cacheWrite1h,
            cache_write_1h_tokens: tokens.cacheWrite1h,
            output_tokens: tokens.output,
          },
          "it",
          { provider: only, timestamp },
        );
        const ours = theirs === null ? undefined : costUsd(theirs.model_price, tokens);
        if (ours !== undefined) expect(ours).toBeCloseTo(theirs?.total_price ?? NaN, 9);
        else
          expect(theirs?.model_price).not.toMatchObject({
            input_mtok: expect.anything(),
            output_mtok: expect.anything(),
          });
      },
    ),
    { numRuns: 3000 },
  );
});

it("finds the price of a minute where prices change during the day", () => {
  // https://api-docs.deepseek.com/quick_start/pricing (2025): half price or less from 16:30 to 00:30 UTC.
  const usage = { provider: "deepseek", model: "deepseek-chat", input_tokens: 0, output_tokens: MTOK };
  for (const time of ["00:29:59", "00:30:00", "16:29:59", "16:30:00", "00:29:00"]) {
    const timestamp = new Date(`2025-03-01T${time}Z`);
    const theirs = calcPrice({ output_tokens: MTOK, input_tokens: 0 }, usage.model, {
      providerId: "deepseek",
      timestamp,
    });
    expect(prices.price(usage, timestamp.getTime())?.cost_usd).toBeCloseTo(theirs?.total_price ?? NaN, 12);
  }
});
