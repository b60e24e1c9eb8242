// A program that puts the package into a bundle of its own, as servers and functions in the cloud are shipped: away from our
// files, only the native locks are installed beside it.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { build } from "esbuild";
import { expect, it } from "vitest";

const ROOT = path.join(import.meta.dirname, "..");
/** What the native locks need to be loaded. */
const NATIVE = [
  "fs-native-extensions",
  "require-addon",
  "which-runtime",
  "bare-addon-resolve",
  "bare-module-resolve",
  "bare-semver",
];

const PROGRAM = `
import { openStore, withSession } from "tracekeep";
import { verifyStoreOnThreads } from "tracekeep/integrity";
import { loadPrices } from "tracekeep/pricing";
import { openReader } from "tracekeep/read";

async function main() {
  const dir = "store";
  const store = openStore({ dir });
  for (let run = 0; run < 2; run++) {
    await withSession({ store }, (session) => {
      session.modelCall({ model: "gpt-5" }).result("Yes.", { input_tokens: 1, output_tokens: 1 });
    });
    // The list is in the bundle, where it has to be waited for: the first call begins that.
    await loadPrices();
  }
  store.close();
  const { verdict } = await verifyStoreOnThreads(dir, { threads: 2 });
  const { recorder } = openReader({ dir }).events({ event: "START" }).toArray()[0];
  const prices = [...openReader({ dir }).events({ event: "MODEL_RESPONSE" })].map((event) => event.cost_source);
  console.log(JSON.stringify({ verdict, recorder, prices }));
}
main();
`;

it.each(["esm", "cjs"] as const)("records, verifies and prices from a bundle (%s)", async (format) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  try {
    const outfile = path.join(dir, format === "esm" ? "program.mjs" : "program.cjs");
    await build({
      // The package is found by its own name.
      stdin: { contents: PROGRAM, resolveDir: ROOT },
      bundle: true,
      platform: "node",
      format,
      outfile,
      external: ["fs-native-extensions"],
      logLevel: "silent",
    });
    fs.mkdirSync(path.join(dir, "node_modules"));
    for (const name of NATIVE) {
      fs.symlinkSync(path.join(ROOT, "node_modules", name), path.join(dir, "node_modules", name));
    }
    const stdout = execFileSync(process.execPath, [outfile], { cwd: dir, encoding: "utf8" });
    expect(JSON.parse(stdout)).toEqual({
      verdict: "ok",
      recorder: expect.stringMatching(/^tracekeep\/\d/),
      prices: [null, "genai-prices"],
    });
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});
