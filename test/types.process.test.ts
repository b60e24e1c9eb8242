// The declarations in the package as a strict program sees them, without `skipLibCheck`.

import { spawnSync } from "node:child_process";
import path from "node:path";

import { expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "..");

it("gives a strict program types without errors, and without what is for the library alone", () => {
  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  const { stdout, status } = spawnSync(tsc, ["-p", path.join(ROOT, "test/types")], { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
