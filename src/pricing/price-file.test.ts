import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { loadPrices, readPriceFile } from "./index.ts";

const AT = Date.parse("2026-01-06T22:00:00Z");

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(content: unknown): string {
  const file = path.join(folder, "prices.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const LITELLM = {
  sample_spec: {
    input_cost_per_token: 0,
    output_cost_per_token: 0,
    litellm_provider: "one of the providers",
  },
  "house-model": {
    litellm_provider: "house",
    input_cost_per_token: 0.000003,
    output_cost_per_token: 0.000015,
    cache_read_input_token_cost: 3e-7,
    cache_creation_input_token_cost: 0.00000375,
    cache_creation_input_token_cost_above_1hr: 0.000006,
    input_cost_per_token_above_200k_tokens: 0.000006,
    output_cost_per_token_above_200k_tokens: 0.0000225,
  },
  "azure/gpt-5": {
    litellm_provider: "azure",
    input_cost_per_token: 0.000001,
    output_cost_per_token: 0.000008,
  },
  "openai/gpt-5": {
    litellm_provider: "openai",
    input_cost_per_token: 0.000002,
    output_cost_per_token: 0.000009,
  },
  "image-model": { litellm_provider: "house", output_cost_per_image: 0.04 },
};

const MODELS_DEV = {
  house: {
    id: "house",
    models: {
      "house-model": {
        id: "house-model",
        cost: {
          input: 3,
          output: 15,
          cache_read: 0.3,
          cache_write: 3.75,
          context_over_200k: { input: 6, output: 22.5 },
        },
      },
      free: { id: "free", cost: { input: 0, output: 0 } },
      unknown: { id: "unknown" },
    },
  },
};

describe.each([
  ["LiteLLM's", LITELLM],
  ["models.dev's", MODELS_DEV],
])("a price file in %s shape", (_, content) => {
  it("prices every kind of token, and long prompts by their tier", () => {
    const prices = readPriceFile(fileOf(content));
    const call = { provider: "house", model: "house-model", input_tokens: 1000, output_tokens: 100 };
    expect(prices.price({ ...call, cache_read_tokens: 10_000, cache_write_tokens: 1000 }, AT)).toEqual({
      cost_usd: (1000 * 3 + 10_000 * 0.3 + 1000 * 3.75 + 100 * 15) / 1e6,
      cost_source: "file:prices.json",
    });
    const long = prices.price({ ...call, input_tokens: 200_001 }, AT);
    expect(long?.cost_usd).toBeCloseTo((200_001 * 6 + 100 * 22.5) / 1e6, 12);
    expect(prices.price({ ...call, provider: undefined }, AT)?.cost_usd).toBe(0.0045);
  });

  it("falls back to the other table for what it does not have, and to nothing without one", async () => {
    const listed = await loadPrices();
    const call = { model: "claude-opus-4-5", input_tokens: 1000, output_tokens: 100 };
    expect(readPriceFile(fileOf(content), listed).price(call, AT)).toEqual(listed.price(call, AT));
    expect(readPriceFile(fileOf(content)).price(call, AT)).toBeUndefined();
  });
});

describe("a price file", () => {
  it("has the hour's cache writes of LiteLLM's shape", () => {
    const call = { model: "house-model", input_tokens: 0, output_tokens: 0 };
    const price = readPriceFile(fileOf(LITELLM)).price(
      { ...call, cache_write_tokens: 3000, cache_write_1h_tokens: 1000 },
      AT,
    );
    expect(price?.cost_usd).toBe((2000 * 3.75 + 1000 * 6) / 1e6);
  });

  it("does not choose between providers that ask different prices for a model", () => {
    const prices = readPriceFile(fileOf(LITELLM));
    const call = { model: "gpt-5", input_tokens: 1_000_000, output_tokens: 0 };
    expect(prices.price(call, AT)).toBeUndefined();
    expect(prices.price({ ...call, provider: "openai" }, AT)?.cost_usd).toBe(2);
    expect(prices.price({ ...call, provider: "azure" }, AT)?.cost_usd).toBe(1);
  });

  it("knows what is free from what has no price", () => {
    const prices = readPriceFile(fileOf(MODELS_DEV));
    expect(prices.price({ model: "free", input_tokens: 9, output_tokens: 9 }, AT)?.cost_usd).toBe(0);
    expect(prices.price({ model: "unknown", input_tokens: 9, output_tokens: 9 }, AT)).toBeUndefined();
    expect(prices.price({ model: "house-model", input_tokens: NaN, output_tokens: 9 }, AT)).toBeUndefined();
  });

  it.each([
    ["no JSON", "{", /it is no JSON/],
    ["a list", [], /it is no JSON object/],
    ["something else", { name: "tracekeep", version: 1 }, /it has no model with a price/],
  ])("is refused with what it should be when it is %s", (_, content, message) => {
    expect(() => readPriceFile(fileOf(content))).toThrow(message);
    expect(() => readPriceFile(fileOf(content))).toThrow(expect.objectContaining({ code: "BAD_PRICES" }));
  });

  it("that is not there says so", () => {
    expect(() => readPriceFile(path.join(folder, "none.json"))).toThrow(/cannot read the prices in .*ENOENT/);
  });
});
