// What moves, deletes or derives a store's files is killed, or fails, at each of its calls: rotation, archive, retention,
// folding the index and rebuilding it. Each is complete or absent, running it again finishes it, and every event is there
// once, or in a segment that the ledger says was deleted.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { openReader } from "../../../src/read/index.ts";
import { openStore } from "../../../src/record/index.ts";
import { compileShim, faultEnv, readCounts } from "../shim.ts";
import type { Call, Fault } from "../shim.ts";
import type { Suite, Tally } from "../suite.ts";

const DIST = path.join(import.meta.dirname, "../../../dist");
const MAIN = path.join(DIST, "cli/main.js");
const AUDIT_LOG = pathToFileURL(path.join(DIST, "audit-log/index.js")).href;

/** What is done, as a process of its own. */
const OPERATIONS: Record<string, (dir: string) => string[]> = {
  rotate: (dir) => [MAIN, "--dir", dir, "rotate"],
  retain: (dir) => [MAIN, "--dir", dir, "retain"],
  fold: (dir) => [MAIN, "--dir", dir, "index"],
  rebuild: (dir) => [MAIN, "--dir", dir, "index", "--rebuild"],
  "AuditLog rotation and archive": (dir) => [
    "--input-type=module",
    "--eval",
    AUDIT_PROGRAM,
    path.join(dir, "audit.log.jsonl"),
  ],
};

/** Rotates a log twice, archiving meanwhile, and goes on with what an earlier one has left. */
const AUDIT_PROGRAM = `
  import { AuditLog } from ${JSON.stringify(AUDIT_LOG)};
  const log = new AuditLog(process.argv[1], { rotateBytes: 4096, durability: "fsync", onFault: () => undefined });
  for (let n = 0; n < 24; n++) {
    try {
      await log.append("nav", { reason: "x".repeat(300) });
      process.stdout.write("kept\\n");
    } catch {}
  }
  await log.close();
`;

const ERRORS = [constants.errno.EIO, constants.errno.ENOSPC];

export const upkeep: Suite = {
  name: "upkeep of a store",
  about:
    "rotation, archive, retention, fold and rebuild fail, or are killed, at each of their calls; then they run again",
  run: async ({ size, scratch, tally, each }) => {
    compileShim(scratch);
    const template = path.join(scratch, "template");
    await makeStore(template);
    const jobs: { operation: string; fault: Fault }[] = [];
    for (const operation of Object.keys(OPERATIONS)) {
      const dir = copyOf(template, path.join(scratch, "count"));
      const countFile = path.join(scratch, "counts.txt");
      await run(operation, dir, faultEnv(dir, undefined, countFile));
      for (const [call, count] of Object.entries(readCounts(countFile)) as [Call, number][]) {
        for (let at = 1; at <= count; at++) {
          jobs.push({ operation, fault: { call, at, kill: true } });
          if (call === "write") jobs.push({ operation, fault: { call, at, kill: true, torn: 7 } });
          for (const errno of ERRORS) jobs.push({ operation, fault: { call, at, errno } });
        }
      }
    }
    const step = size === "quick" ? Math.ceil(jobs.length / 16) : 1;
    const chosen = jobs.filter((_, index) => index % step === 0);
    await each(chosen, async ({ operation, fault }, index) => {
      const what = `${operation}, ${JSON.stringify(fault)}`;
      const dir = copyOf(template, path.join(scratch, `upkeep-${index}`));
      const before = idsIn(template);
      const first = await run(operation, dir, faultEnv(dir, fault));
      inspectStore(dir, before, first.kept, tally, `${what}, then`);
      const again = await run(operation, dir, {});
      if (again.code !== 0) tally.fault(`${what}: it fails when it runs again: ${again.stderr}`);
      inspectStore(dir, before, first.kept + again.kept, tally, `${what}, run again`);
      if (filesLeft(dir).length > 0) tally.fault(`${what}: it left ${filesLeft(dir).join(", ")}`);
      tally.accidents++;
      fs.rmSync(dir, { recursive: true });
    });
  },
};

// --- internal ---

/** Sessions of several segments, one of them not ended, and a policy that will archive all and delete most. */
async function makeStore(dir: string): Promise<void> {
  const store = openStore({ dir, handleSignals: false, keepSchedule: false });
  for (const id of ["a", "b", "c"]) {
    const session = store.startSession({ id });
    for (let at = 0; at < 6; at++) {
      session.log({ event: at === 3 ? "ERROR" : "CHECKPOINT", message: "x".repeat(200) });
      if (at % 3 === 2) session.rotate();
    }
    if (id === "c") session.close();
    else session.end();
  }
  await store.updateSettings({ retention: { active_max_size_mb: 0, archive_max_size_mb: 0.001 } });
  store.close();
  fs.mkdirSync(path.join(dir, "archive"), { recursive: true });
}

function copyOf(template: string, dir: string): string {
  fs.rmSync(dir, { recursive: true, force: true });
  fs.cpSync(template, dir, { recursive: true, preserveTimestamps: true });
  return dir;
}

interface Ended {
  code: number | null;
  stderr: string;
  /** Events that were acknowledged. */
  kept: number;
}

function run(operation: string, dir: string, env: Record<string, string>): Promise<Ended> {
  const args = OPERATIONS[operation]?.(dir) ?? [];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve) =>
    child.once("close", (code) => resolve({ code, stderr, kept: stdout.split("kept\n").length - 1 })),
  );
}

/** Ids of the events of each session, as they are read. */
function idsIn(dir: string): Map<string, { ids: string[]; seqs: number[] }> {
  const found = new Map<string, { ids: string[]; seqs: number[] }>();
  const events = openReader({ dir }).events();
  for (const { session_id: session, id, seq } of events) {
    const own = found.get(session) ?? { ids: [], seqs: [] };
    found.set(session, own);
    own.ids.push(id);
    own.seqs.push(seq);
  }
  return found;
}

function inspectStore(
  dir: string,
  before: ReturnType<typeof idsIn>,
  kept: number,
  tally: Tally,
  what: string,
): void {
  const now = idsIn(dir);
  const deleted = deletedIn(dir);
  for (const [session, { ids, seqs }] of before) {
    const present = now.get(session)?.ids ?? [];
    if (new Set(present).size < present.length) tally.doubled++;
    const gone = deleted.get(session) ?? [];
    const isGone = (seq: number): boolean => gone.some(({ from, to }) => seq >= from && seq <= to);
    const there = new Set(present);
    const lost = ids.filter((id, index) => !there.has(id) && !isGone(seqs[index] ?? -1));
    if (lost.length > 0) tally.fault(`${what}: ${lost.length} events of ${session} are lost`);
    tally.lost += lost.length;
  }
  // Whatever there is of an index by now, it changes no figure.
  const figures = (): string =>
    JSON.stringify(
      [...openReader({ dir }).sessions()].map(({ session_id: id, events, errors }) => [id, events, errors]),
    );
  const indexed = figures();
  fs.rmSync(path.join(dir, "index"), { recursive: true, force: true });
  if (figures() !== indexed) tally.fault(`${what}: the index says ${indexed}, the logs ${figures()}`);
  const logged = auditEvents(dir);
  if (new Set(logged).size < logged.length) tally.doubled++;
  if (logged.length < kept)
    tally.fault(`${what}: ${kept} events were acknowledged, ${logged.length} are there`);
}

/** Which lines of which session the ledger says were deleted. */
function deletedIn(dir: string): Map<string, { from: number; to: number }[]> {
  const deleted = new Map<string, { from: number; to: number }[]>();
  for (const line of fs.readFileSync(path.join(dir, "ledger.jsonl"), "utf8").split("\n")) {
    if (!line.startsWith('{"event":"SEGMENT_DELETED"')) continue;
    const entry = JSON.parse(line) as { session_id: string; first_seq: number; last_seq: number };
    const ranges = deleted.get(entry.session_id) ?? [];
    ranges.push({ from: entry.first_seq, to: entry.last_seq });
    deleted.set(entry.session_id, ranges);
  }
  return deleted;
}

/** Ids of the events of the AuditLog beside the store's logs, if there is one, over all its files. */
function auditEvents(dir: string): string[] {
  const folders = [path.join(dir, "archive"), dir];
  const files = folders.flatMap((folder) =>
    fs
      .readdirSync(folder)
      .filter((name) => name.startsWith("audit.log."))
      .map((name) => path.join(folder, name)),
  );
  // While a file is on its way into the archive, the one that is not compressed counts.
  const logs = files.filter(
    (file) =>
      /\.jsonl(\.gz)?$/.test(file) &&
      !(file.endsWith(".gz") && files.includes(path.join(dir, path.basename(file, ".gz")))),
  );
  if (logs.length === 0) return [];
  const inodes = new Map(logs.map((file) => [fs.statSync(file).ino, file]));
  return [...openReader({ paths: [...inodes.values()] }).events({ event: "nav" })].map(({ id }) => id);
}

/** What an operation that was cut short left where the next one of its kind tidies up. */
function filesLeft(dir: string): string[] {
  const folders = ["archive", "index"]
    .map((name) => path.join(dir, name))
    .filter((folder) => fs.existsSync(folder));
  return folders.flatMap((folder) => fs.readdirSync(folder)).filter((name) => name.startsWith(".tmp-"));
}
