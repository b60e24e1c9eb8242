// The torture suites with short counts: each must come to its end with nothing lost. `npm run torture` has the long ones.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { runSuite } from "./run-suite.ts";
import { SUITES } from "./suites.ts";

let scratch: string;
beforeAll(() => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-torture-"));
});
afterAll(() => fs.rmSync(scratch, { recursive: true }));

it.each(SUITES)("loses nothing: $name", async (suite) => {
  const { tally, missing } = await runSuite(suite, "quick", scratch);
  if (missing !== undefined) {
    console.log(`skipped, ${missing}: ${suite.name}`);
    return;
  }
  expect(tally.examples).toEqual([]);
  expect(tally.isClean).toBe(true);
  expect(tally.accidents).toBeGreaterThan(0);
});
