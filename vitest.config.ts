import os from "node:os";
import path from "node:path";

import { defineConfig } from "vitest/config";

// Two projects: `unit` shares one module graph (fast; tests may not share state), `process` gives every file a fork,
// because those tests spawn, kill and inspect real processes.
export default defineConfig({
  test: {
    // The signing key of stores that tests make is no key of the user's.
    env: { XDG_STATE_HOME: path.join(os.tmpdir(), "tracekeep-test-state") },
    reporters: ["default", "./scripts/closing-line.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/*.test.ts"],
          exclude: ["**/*.process.test.ts"],
          isolate: false,
          // A loaded machine is no failure; what hangs still ends.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "process",
          include: ["src/**/*.process.test.ts", "test/**/*.process.test.ts"],
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
