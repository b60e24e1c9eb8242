// What a hook call costs, from the start of its process to its end, beside `node -e 0`. In alternating rounds.
//
//   npm run build && npm run bench:hook -- [rounds]

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const TARGET_RATIO = 1.3;
const rounds = Number(process.argv[2] ?? 40);
const store = mkdtempSync(path.join(tmpdir(), "tracekeep-bench-"));
const main = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");
const input = JSON.stringify({
  session_id: "b1",
  transcript_path: "/home/u/.claude/projects/-home-u-p/b1.jsonl",
  cwd: "/home/u/p",
  permission_mode: "default",
  hook_event_name: "PostToolUse",
  tool_name: "Bash",
  tool_input: { command: "npm test" },
  tool_response: { stdout: "ok\n".repeat(200), stderr: "", interrupted: false },
  tool_use_id: "toolu_01A",
  duration_ms: 812,
});

const contenders: Record<string, string[]> = {
  "node -e 0": ["-e", "0"],
  "tracekeep hook": [main, "hook", "--dir", store],
};
const times: Record<string, number[]> = { "node -e 0": [], "tracekeep hook": [] };
for (let round = 0; round < rounds; round++) {
  for (const [name, args] of Object.entries(contenders)) {
    const start = performance.now();
    spawnSync(process.execPath, args, { input });
    times[name]?.push(performance.now() - start);
  }
}
rmSync(store, { recursive: true });

function median(name: string): number {
  const sorted = (times[name] ?? []).toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

const ratio = median("tracekeep hook") / median("node -e 0");
for (const name of Object.keys(contenders)) console.log(`${name.padEnd(16)} ${median(name).toFixed(1)} ms`);
console.log(
  `ratio            ${ratio.toFixed(2)} (target at most ${TARGET_RATIO}: ${ratio <= TARGET_RATIO ? "met" : "missed"})`,
);
