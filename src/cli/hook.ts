// `tracekeep hook`: what an agent's host runs at every step. It is a program of its own, apart from the other commands,
// because it is started thousands of times a session: the fewest modules, one write, no lock, no output. It ends with 0
// whatever happens: to Claude Code, 2 would mean "stop the agent".

import * as fs from "node:fs";

import { HOOK_HOSTS, hookRecord, hookRedactor, MAX_HOOK_BYTES } from "../integrations/hook-record.ts";
import { callingProcess } from "../store/disk/process.ts";
import { findOrCreateStore, findOrCreateUserStore } from "../store/session/find.ts";
import { appendToSpool } from "../store/session/spool.ts";

interface HookSurroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** What the host sent; undefined when nobody sent anything. Default: standard input. */
  readInput?: (() => Buffer | undefined) | undefined;
}

/** A tool is about to be used, and the host waits to hear whether it may be. */
export interface ToolQuestion {
  storeDir: string;
  sessionId: string;
}

/** Behind `hook`: budgets are to be kept. Without it no call waits for an answer. */
export const ENFORCE_BUDGETS = "--enforce-budgets";

/**
 * Records one hook call. Never throws.
 *
 * @param argv what stands behind `hook`
 * @returns what the host asks, if it is to be answered (budget-gate.ts)
 */
export function runHook(argv: readonly string[], surroundings: HookSurroundings): ToolQuestion | undefined {
  const { env, cwd, readInput = readStandardInput } = surroundings;
  try {
    const timeMs = Date.now();
    const input = readInput();
    if (input === undefined || input.length === 0) return undefined;
    const host = HOOK_HOSTS.find((each) => argv.includes(each));
    // The agent may change its folder, but not its project.
    const place = { dir: valueOf(argv, "--dir"), cwd: env["CLAUDE_PROJECT_DIR"] || cwd, env };
    const isUsers = valueOf(argv, "--scope") === "user";
    const store = (isUsers ? findOrCreateUserStore : findOrCreateStore)(place);
    const redactor = hookRedactor(store);
    const call = { input, host, timeMs, agentProcess: callingProcess(), redactor };
    const { sessionId, event, line } = hookRecord(call);
    appendToSpool(store, sessionId, line);
    const isAsked = event === "PreToolUse" && argv.includes(ENFORCE_BUDGETS);
    return isAsked ? { storeDir: store, sessionId } : undefined;
  } catch {
    // Recording cannot hurt the agent, and there is nobody to tell. `tracekeep doctor` says what is wrong.
    return undefined;
  }
}

// --- internal ---

const STANDARD_INPUT = 0;
/** What a pipe holds. */
const CHUNK_BYTES: number = 64 * 1024;

/** All of it, up to a little more than is kept; undefined at a terminal, where nobody would end it. */
function readStandardInput(): Buffer | undefined {
  if (fs.fstatSync(STANDARD_INPUT).isCharacterDevice()) return undefined;
  const chunks: Buffer[] = [];
  for (let total = 0; total <= MAX_HOOK_BYTES;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readSome(chunk);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    total += read;
  }
  return Buffer.concat(chunks);
}

function valueOf(argv: readonly string[], name: string): string | undefined {
  const at = argv.indexOf(name);
  return at < 0 ? argv.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) : argv[at + 1];
}

function readSome(into: Buffer): number {
  for (;;) {
    try {
      return fs.readSync(STANDARD_INPUT, into);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      // A pipe that its writer made non-blocking: nothing is there yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}
