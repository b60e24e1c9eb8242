// The logs that are read: what coding agents do, several agents in one session, as our writer writes it; the same events
// with their fields in another order; and the same again as many small sessions. All of them are over, and a ledger says
// so, as our recorder leaves them.

import * as fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { encodeIdentity, encodeLine } from "../../src/format/index.ts";
import { Ledger } from "../../src/store/ledger/ledger.ts";
import { readLines } from "../../src/store/reading/line-reader.ts";

const START_MS = Date.parse("2026-01-06T00:00:00.000Z");
const AGENTS = ["Claude-Orch-Prime-20260106-c614", "Coder-20260106-11aa", "Tester-20260106-9f02"];

/** Of what is made; what an earlier one made is made anew. */
const VERSION = 4;

export interface Inputs {
  version: number;
  canonical: string;
  foreign: string;
  compressed: string;
  /** A store with the canonical file in it, and one with its events as many sessions. */
  store: string;
  sessions: string;
  sessionCount: number;
  /** The session of the one, and one of the other. */
  session: string;
  oneOfMany: string;
  events: number;
  lastMs: number;
}

/** Makes `megabytes` of each under `directory`, unless they are there already. */
export function generate(directory: string, megabytes: number): Inputs {
  const canonical = path.join(directory, "canonical.jsonl");
  const foreign = path.join(directory, "foreign.jsonl");
  const note = path.join(directory, "inputs.json");
  if (fs.existsSync(note)) {
    const made = JSON.parse(fs.readFileSync(note, "utf8")) as Inputs;
    if (made.version === VERSION) return made;
  }
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  const [to, toForeign] = [fs.openSync(canonical, "w"), fs.openSync(foreign, "w")];
  const identities = AGENTS.map((agent) => encodeIdentity(SESSION, agent));
  let [bytes, seq, timeMs] = [0, 0, START_MS];
  const write = (lines: readonly string[]): number => {
    fs.writeSync(toForeign, lines.map(reordered).join(""));
    return fs.writeSync(to, lines.join(""));
  };
  const next = (): string => line(seq++, (timeMs += 40), identities);
  while (bytes < megabytes * 1e6) bytes += write(Array.from({ length: 2000 }, next));
  write([asEnd(next())]);
  fs.closeSync(to);
  fs.closeSync(toForeign);
  const compressed = `${canonical}.gz`;
  compress(canonical, compressed);
  const store = path.join(directory, "store");
  fs.mkdirSync(store, { recursive: true });
  fs.linkSync(canonical, path.join(store, "session_20260106_0c6d2f9e.jsonl"));
  const sessions = path.join(directory, "sessions");
  fs.mkdirSync(sessions, { recursive: true });
  const ids = splitUp(canonical, sessions, Math.ceil(seq / SESSIONS));
  noteInLedger(store, [SESSION]);
  noteInLedger(sessions, ids);
  const inputs = {
    version: VERSION,
    canonical,
    foreign,
    compressed,
    store,
    sessions,
    sessionCount: ids.length,
    session: SESSION,
    oneOfMany: ids[ids.length >> 1] ?? "",
    events: seq,
    lastMs: timeMs,
  };
  fs.writeFileSync(note, JSON.stringify(inputs));
  return inputs;
}

// --- internal ---

const SESSION = "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41";
const SESSIONS = 10_000;

/** In members of 256 KiB, as our archives have them. */
function compress(file: string, compressed: string): void {
  const [from, to] = [fs.openSync(file, "r"), fs.openSync(compressed, "w")];
  const chunk = Buffer.alloc(256 * 1024);
  for (let count = -1; count !== 0;) {
    count = fs.readSync(from, chunk);
    if (count > 0) fs.writeSync(to, gzipSync(chunk.subarray(0, count)));
  }
  fs.closeSync(from);
  fs.closeSync(to);
}

/** The same events, each `count` of them as a session of its own, from its START to its END. Returns their ids. */
function splitUp(file: string, directory: string, count: number): string[] {
  const ids: string[] = [];
  let own: string[] = [];
  const finish = (): void => {
    const last = own.pop();
    if (last === undefined) return;
    own.push(own.length === 0 ? last : asEnd(last));
    fs.writeFileSync(path.join(directory, `session_${ids.length}.jsonl`), own.join(""));
    ids.push(idOf(ids.length));
    own = [];
  };
  for (const each of readLines(file)) {
    if (!("bytes" in each)) continue;
    const moved = each.bytes
      .toString("utf8")
      .replace(/"seq":\d+/, `"seq":${own.length}`)
      .replace(/"session_id":"[^"]*"/, `"session_id":"${idOf(ids.length)}"`);
    const isFirst = own.length === 0;
    own.push(isFirst ? retyped(moved, "START").replace(/\}$/m, ',"format":1}') : moved);
    if (own.length === count) finish();
  }
  finish();
  return ids;
}

function idOf(session: number): string {
  return `019b9f2e-6f10-7c3a-9a52-${String(session).padStart(12, "0")}`;
}

function asEnd(text: string): string {
  return retyped(text, "END");
}

function retyped(text: string, type: string): string {
  return text.replace(/^\{"event":"[^"]*"/, `{"event":"${type}"`);
}

/** Sessions that were begun and ended, as the next to open the store finds and notes: it says so every 64 KiB. */
function noteInLedger(directory: string, ids: readonly string[]): void {
  const ledger = new Ledger(directory, (error) => {
    throw error;
  });
  for (const sessionId of ids) {
    const session = { sessionId, agentId: AGENTS[0] ?? "", file: directory };
    ledger.sessionOpened(session, { resumed: false });
    ledger.sessionClosed(session, "ended", 1);
  }
  ledger.storeChecked([]);
  ledger.close();
}

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
