import * as fs from "node:fs";
import path from "node:path";

import { Missing, Tally } from "./suite.ts";
import type { Size, Suite } from "./suite.ts";
import type { Row } from "./table.ts";

/** Runs one suite in a folder of its own below `scratch`. */
export async function runSuite(suite: Suite, size: Size, scratch: string): Promise<Row> {
  const own = fs.mkdtempSync(path.join(scratch, "suite-"));
  const tally = new Tally();
  const beginMs = performance.now();
  let missing: string | undefined;
  try {
    await suite.run({ size, scratch: own, tally, each });
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    missing = error.message;
  } finally {
    try {
      fs.rmSync(own, { recursive: true, force: true });
    } catch {
      // Something could not be unmounted, which the error that led to it says better.
    }
  }
  return { suite, tally, missing, seconds: (performance.now() - beginMs) / 1000 };
}

// --- internal ---

const AT_ONCE = 2;

/** Two jobs at a time. */
async function each<T>(items: Iterable<T>, job: (item: T, index: number) => Promise<void>): Promise<void> {
  const rest = [...items].entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, item] of rest) await job(item, index);
    }),
  );
}
