// The logs that are read: what coding agents do, several agents in one session, as our writer writes it; the same events
// with their fields in another order; and the same again as many small sessions.

import * as fs from "node:fs";
import path from "node:path";

import { encodeIdentity, encodeLine } from "../../src/format/index.ts";

const START_MS = Date.parse("2026-01-06T00:00:00.000Z");
const AGENTS = ["Claude-Orch-Prime-20260106-c614", "Coder-20260106-11aa", "Tester-20260106-9f02"];

export interface Inputs {
  canonical: string;
  foreign: string;
  events: number;
  lastMs: number;
}

/** Makes `megabytes` of each under `directory`, unless they are there already. */
export function generate(directory: string, megabytes: number): Inputs {
  const canonical = path.join(directory, "canonical.jsonl");
  const foreign = path.join(directory, "foreign.jsonl");
  const note = path.join(directory, "inputs.json");
  if (fs.existsSync(note)) return JSON.parse(fs.readFileSync(note, "utf8")) as Inputs;
  fs.mkdirSync(directory, { recursive: true });
  const [to, toForeign] = [fs.openSync(canonical, "w"), fs.openSync(foreign, "w")];
  const identities = AGENTS.map((agent) => encodeIdentity("019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41", agent));
  let [bytes, seq, timeMs] = [0, 0, START_MS];
  while (bytes < megabytes * 1e6) {
    const lines: string[] = [];
    for (let index = 0; index < 2000; index++) {
      timeMs += 40;
      lines.push(line(seq++, timeMs, identities));
    }
    const text = lines.join("");
    bytes += fs.writeSync(to, text);
    fs.writeSync(toForeign, lines.map(reordered).join(""));
  }
  fs.closeSync(to);
  fs.closeSync(toForeign);
  const inputs = { canonical, foreign, events: seq, lastMs: timeMs };
  fs.writeFileSync(note, JSON.stringify(inputs));
  return inputs;
}

// --- internal ---

let state = 1;
/** The same numbers in every run, from 0 up to 1. */
function random(): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state / 0x80000000;
}

function line(seq: number, timeMs: number, identities: readonly string[]): string {
  const [event, body] = seq === 0 ? (["START", { format: 1, origin: "recorded" }] as const) : kind(seq);
  const parts = {
    event,
    timestamp: new Date(timeMs).toISOString(),
    severity: event === "ERROR" ? ("ERROR" as const) : ("INFO" as const),
    seq,
    id: "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41",
    body,
    salt: "q83vEjRWeJCrze8S",
  };
  return encodeLine(parts, identities[Math.floor(random() * identities.length)] ?? "");
}

function kind(
  seq: number,
): readonly [string, Record<string, string | number | Record<string, string | number>>] {
  const part = random();
  if (part < 0.3)
    return ["TOOL_CALL", { tool: "bash", args: { command: `npm test -- ${seq}`, cwd: "/home/u/project" } }];
  if (part < 0.6)
    return [
      "TOOL_RESULT",
      { tool: "bash", result: { exit_code: 0, stdout: "ok ".repeat(30) }, duration_ms: 12 },
    ];
  if (part < 0.75)
    return [
      "MODEL_RESPONSE",
      {
        model: "claude-x",
        input_tokens: 1000,
        output_tokens: 200,
        cost_usd: 0.0125,
        message: "m".repeat(120),
      },
    ];
  if (part < 0.994) return ["AGENT_MESSAGE", { message: "what was said ".repeat(10) }];
  return ["ERROR", { message: seq % 50 === 0 ? "needle-in-haystack was not found" : "the tool failed" }];
}

function reordered(text: string): string {
  return `${JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()))}\n`;
}
