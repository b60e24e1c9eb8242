// How exactly a replay keeps the recorded pace, and how long the longest session takes to be read as a timeline.
//
//   npx tsx bench/replay.ts
//
// Targets: the gaps between delivered events match the recording within 5 ms at p95, at the recorded pace, at ten times
// that, and with silences cut; the timeline of the longest real session in under a second, its bodies left on disk.

import * as fs from "node:fs";
import * as os from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";

import { importSessions } from "../src/import/index.ts";
import { openReader } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { openPlayer, readTimeline } from "../src/replay/index.ts";
import type { PlayerOptions } from "../src/replay/index.ts";

const REALDATA = path.resolve(import.meta.dirname, "../../shared/realdata");
const START_MS = Date.parse("2026-01-06T22:00:00.000Z");
const SILENCE_MS = 100;
const ROUNDS = 3;

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
try {
  await pace();
  await longestTimeline();
  madeTimeline();
} finally {
  fs.rmSync(directory, { recursive: true });
}

async function pace(): Promise<void> {
  const dir = path.join(directory, "pace");
  const store = openStore({ dir });
  const session = store.startSession({ id: "paced", startedAt: new Date(START_MS).toISOString() });
  // Bursts, everyday gaps and some silences, the same in every run.
  let offsetMs = 0;
  for (let at = 0; at < 200; at++) {
    offsetMs += at % 50 === 49 ? 600 : (at * 7919) % 29;
    session.log({ event: "NOTE", timestamp: new Date(START_MS + offsetMs), message: "x".repeat(2000) });
  }
  session.close();
  store.close();
  await bareTimers();
  await measure("recorded pace", dir, {});
  await measure("10 times", dir, { speed: 10 });
  await measure("silences cut", dir, { maxSilenceMs: SILENCE_MS });
}

async function measure(name: string, dir: string, options: Partial<PlayerOptions>): Promise<void> {
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await errorsOf(dir, options));
  show(`${name.padEnd(14)} gaps off by`, rounds);
}

/** How far each gap was from the recorded one, in milliseconds, in order of size. */
async function errorsOf(dir: string, options: Partial<PlayerOptions>): Promise<number[]> {
  const { speed = 1, maxSilenceMs = Infinity } = options;
  const errorsMs: number[] = [];
  let last: { timeMs: number; atMs: number } | undefined;
  await openPlayer({ sessions: "paced", reader: openReader({ dir }), ...options }).play(({ timeMs }) => {
    const atMs = performance.now();
    if (last !== undefined) {
      const expectedMs = Math.min(timeMs - last.timeMs, maxSilenceMs) / speed;
      errorsMs.push(Math.abs(atMs - last.atMs - expectedMs));
    }
    last = { timeMs, atMs };
  });
  return errorsMs.sort((left, right) => left - right);
}

/** The floor: how late bare timers come on this machine right now. */
async function bareTimers(): Promise<void> {
  const rounds: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const lateMs: number[] = [];
    for (let at = 0; at < 200; at++) {
      const waitMs = 1 + ((at * 7919) % 29);
      const startMs = performance.now();
      await setTimeout(waitMs);
      lateMs.push(Math.abs(performance.now() - startMs - waitMs));
    }
    rounds.push(lateMs.sort((left, right) => left - right));
  }
  show("bare timers    late by", rounds);
}

/** Medians over the rounds. */
function show(what: string, rounds: readonly (readonly number[])[]): void {
  const at = (share: number): string => {
    const each = rounds.map((sorted) => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN);
    return (each.sort((left, right) => left - right)[Math.floor(rounds.length / 2)] ?? NaN).toFixed(2);
  };
  console.log(
    `${what} p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (median of ${rounds.length} rounds)`,
  );
}

async function longestTimeline(): Promise<void> {
  if (!fs.existsSync(REALDATA)) {
    console.log(`skipped: no real sessions at ${REALDATA}`);
    return;
  }
  const dir = path.join(directory, "real");
  const store = openStore({ dir });
  const paths = ["claude-code", "codex"].map((folder) => path.join(REALDATA, folder));
  await importSessions(store, { paths });
  store.close();
  const reader = openReader({ dir });
  const sizes = [...reader.sessions()].map(({ session_id: id, files }) => ({
    id,
    bytes: files.reduce((sum, file) => sum + fs.statSync(file).size, 0),
  }));
  const longest = sizes.toSorted((left, right) => right.bytes - left.bytes)[0];
  if (longest !== undefined) timeTimeline("longest real", dir, longest.id);
}

/** A session far longer than any of the real ones. */
function madeTimeline(): void {
  const dir = path.join(directory, "made");
  const store = openStore({ dir });
  const session = store.startSession({ id: "made" });
  for (let at = 0; at < 25_000; at++)
    session.toolCall("bash", { command: `step ${at}` }).result("x".repeat(1000));
  session.end();
  store.close();
  timeTimeline("50,000 events", dir, "made");
}

function timeTimeline(name: string, dir: string, session: string): void {
  const times: number[] = [];
  let timeline = readTimeline(openReader({ dir }), session);
  const bytes = new Set(timeline.tape.events.map(({ file }) => file));
  const megabytes = [...bytes].reduce((sum, file) => sum + fs.statSync(file).size, 0) / 1e6;
  for (let round = 0; round < 5; round++) {
    const startMs = performance.now();
    timeline = readTimeline(openReader({ dir }), session);
    times.push(performance.now() - startMs);
  }
  times.sort((left, right) => left - right);
  console.log(
    `${name.padEnd(14)} timeline in ${(times[2] ?? NaN).toFixed(0)} ms (${timeline.tape.events.length} events, ${megabytes.toFixed(1)} MB)`,
  );
}
