// What a hook call costs: as a process, from its start to its end, beside `node -e 0`; over HTTP, to a `watch` that shows
// and folds in what comes; and whether the thousandth call of a session costs what the first did.
//
//   npm run build && npm run bench:hook -- [--rounds 20] [--calls 5000] [--http 5000] [--write]

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { markdownTable } from "./append/section.ts";
import { writeSection } from "./document.ts";
import { processCost } from "./process-cost.ts";
import type { ProcessCost } from "./process-cost.ts";

/** So many processes are started between two looks at the clock. */
const BATCH = 10;
/** Of a session's calls, those that are shown together. */
const SECTIONS = 10;
const TARGETS = { process: 1.3, httpMs: 1 };

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    calls: { type: "string", default: "5000" },
    http: { type: "string", default: "5000" },
    write: { type: "boolean", default: false },
  },
});

const MAIN = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
const store = path.join(folder, ".tracekeep");
const input = path.join(folder, "call.json");
fs.writeFileSync(input, payload(0));

const BARE = ["-e", "0"];
const HOOK = [MAIN, "hook", "--dir", store];
try {
  const parts = [measureProcesses(), await measureHttp(), measureSession()];
  const report = parts.join("\n\n");
  console.log(report);
  if (options.write) await writeSection("hook", report);
} finally {
  fs.rmSync(folder, { recursive: true });
}

// --- internal ---

function measureProcesses(): string {
  const bare: ProcessCost[] = [];
  const hook: ProcessCost[] = [];
  // The first of each fills the caches of the system.
  for (const args of [BARE, HOOK]) costOf(args);
  for (let round = 0; round < Number(options.rounds); round++) {
    bare.push(costOf(BARE));
    hook.push(costOf(HOOK));
  }
  const ratio = (figure: keyof ProcessCost): string =>
    verdict(
      median(hook.map((cost, round) => cost[figure] / (bare[round]?.[figure] ?? NaN))),
      TARGETS.process,
    );
  const row = (name: string, costs: readonly ProcessCost[]): string[] => [
    name,
    ...(["wallMs", "cpuMs"] as const).map((figure) => median(costs.map((cost) => cost[figure])).toFixed(1)),
  ];
  return markdownTable(
    [`${options.rounds} rounds of ${BATCH}`, "start to end, ms", "processor time, ms"],
    [
      row("`node -e 0`", bare),
      row("`tracekeep hook`", hook),
      [`ratio, median of the rounds (at most ${TARGETS.process})`, ratio("wallMs"), ratio("cpuMs")],
    ],
  );
}

/** Calls one after the other, as a host makes them, on one connection. */
async function measureHttp(): Promise<string> {
  const watch = spawn(process.execPath, [MAIN, "--dir", store, "watch", "--http", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    const told = await new Promise<string>((resolve, reject) => {
      let text = "";
      watch.once("error", reject);
      watch.stderr.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("\n")) resolve(text);
      });
    });
    const [, url = "", token = ""] = /at (\S+) .*Bearer (\S+)/.exec(told) ?? [];
    const agent = new http.Agent({ keepAlive: true });
    const times: number[] = [];
    for (let call = 0; call < Number(options.http); call++) {
      const body = payload(call);
      const startMs = performance.now();
      await post(url, token, body, agent);
      times.push(performance.now() - startMs);
      // A host does something between two calls.
      if (call % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    agent.destroy();
    times.sort((left, right) => left - right);
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? NaN;
    return markdownTable(
      [`${options.http} calls over HTTP`, "ms"],
      [
        [`median (at most ${TARGETS.httpMs})`, verdict(at(0.5), TARGETS.httpMs)],
        ["p90", at(0.9).toFixed(2)],
        ["p99, while `watch` folds the calls in", at(0.99).toFixed(2)],
      ],
    );
  } finally {
    watch.kill("SIGINT");
    await new Promise((resolve) => watch.once("close", resolve));
  }
}

function post(url: string, token: string, body: string, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const request = http.request(url, { method: "POST", headers, agent }, (response) => {
      response.resume();
      response.once("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the hook server answers ${response.statusCode}`));
      });
    });
    request.once("error", reject);
    request.end(body);
  });
}

/** One session's calls, a process each, one after the other. Beside them, the bare process of the same minute. */
function measureSession(): string {
  const calls = Number(options.calls);
  const sectionCalls = Math.ceil(calls / SECTIONS / BATCH) * BATCH;
  const session = path.join(folder, "session");
  const added: number[] = [];
  const rows: string[][] = [];
  for (let first = 0; first < calls; first += sectionCalls) {
    const section: ProcessCost[] = [];
    const bare: ProcessCost[] = [];
    for (let call = first; call < first + sectionCalls; call += BATCH) {
      section.push(costOf([MAIN, "hook", "--dir", session]));
      if (section.length % 4 === 1) bare.push(costOf(BARE));
    }
    const over = (figure: keyof ProcessCost): number =>
      median(section.map((cost) => cost[figure])) - median(bare.map((cost) => cost[figure]));
    added.push(over("cpuMs"));
    rows.push([
      `${first + 1} to ${first + sectionCalls}`,
      over("wallMs").toFixed(1),
      over("cpuMs").toFixed(1),
    ]);
  }
  const bytes = fs.statSync(path.join(session, "spool", "b1.jsonl")).size;
  const change = (added.at(-1) ?? NaN) - (added[0] ?? NaN);
  return `${markdownTable(["calls of one session", "added to `node -e 0`, ms", "of it processor time, ms"], rows)}

The last tenth of the calls takes ${change.toFixed(1)} ms of processor time more than the first; the spool file has ${(bytes / 1e6).toFixed(1)} MB by then.`;
}

function costOf(args: readonly string[]): ProcessCost {
  return processCost(args, BATCH, { input });
}

/** What Claude Code sends after a shell command. */
function payload(call: number): string {
  return JSON.stringify({
    session_id: "b1",
    transcript_path: "/home/u/.claude/projects/-home-u-p/b1.jsonl",
    cwd: "/home/u/p",
    permission_mode: "default",
    hook_event_name: "PostToolUse",
    tool_name: "Bash",
    tool_input: { command: "npm test" },
    tool_response: { stdout: "ok\n".repeat(200), stderr: "", interrupted: false },
    tool_use_id: `toolu_${call}`,
    duration_ms: 812,
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? NaN;
}

function verdict(value: number, limit: number): string {
  return `${value.toFixed(2)} ${value <= limit ? "✓" : "✗"}`;
}
