import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openStore } from "../../record/index.ts";
import { openReader } from "../reader.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** A store of one session whose model answered so often, at these prices. */
function record(prices: readonly (number | undefined)[]): void {
  const store = openStore({ dir, durability: "os" });
  const session = store.startSession({ agent: "coder" });
  for (const cost of prices)
    session.log({
      event: "MODEL_RESPONSE",
      model: "claude-x",
      ...(cost === undefined ? {} : { cost_usd: cost }),
    });
  session.log({ event: "RETURN", cost_usd: 100 });
  session.close();
  store.close();
}

describe("what events cost", () => {
  it("is the sum that decimals have, whatever doubles make of it", async () => {
    record([0.1, 0.2, undefined, ...Array.from({ length: 100 }, () => 0.0000001)]);
    expect(0.1 + 0.2).not.toBe(0.3);
    expect(await openReader({ dir }).cost()).toMatchObject({ cost_usd: 0.30001, priced: 102 });
  });

  it("is none where no event has a price, and nothing where they are free", async () => {
    record([undefined]);
    expect(await openReader({ dir }).cost()).toMatchObject({ cost_usd: null, priced: 0 });
    const file = path.join(dir, "free.jsonl");
    fs.writeFileSync(file, '{"type":"call","cost_usd":0}\n{"type":"call","cost_usd":"1"}\n');
    expect(await openReader({ paths: [file] }).cost()).toMatchObject({ cost_usd: 0, priced: 1 });
  });

  it("is that of the events which a filter accepts", async () => {
    record([1, 2, 3]);
    const reader = openReader({ dir });
    expect((await reader.cost({ where: "cost_usd>1" })).cost_usd).toBe(5);
    expect((await reader.cost({ where: ["cost_usd>1", "cost_usd<3"] })).cost_usd).toBe(2);
    expect((await reader.cost({ agent: "tester" })).cost_usd).toBe(null);
    expect((await reader.cost({ last: 4, event: ["MODEL_RESPONSE", "RETURN"] })).cost_usd).toBe(6);
    expect((await reader.cost({ last: 2, event: ["MODEL_RESPONSE", "RETURN"] })).cost_usd).toBe(3);
    await expect(reader.cost({ where: "cost" })).rejects.toThrow(RangeError);
  });

  it("is as exact in prices that nobody has", async () => {
    const file = path.join(dir, "dear.jsonl");
    fs.writeFileSync(file, '{"type":"call","cost_usd":1e300}\n{"type":"call","cost_usd":9007199254.25}\n');
    expect(await openReader({ paths: [file] }).cost({ where: "cost_usd<1e20" })).toMatchObject({
      cost_usd: 9007199254.25,
    });
    expect((await openReader({ paths: [file] }).cost()).cost_usd).toBe(1e300);
  });
});
