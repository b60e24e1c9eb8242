// `tracekeep hook`: what an agent's host runs at every step. It is a program of its own, apart from the other commands,
// because it is started thousands of times a session: the fewest modules, one write, no lock, no output. It ends with 0
// whatever happens: to Claude Code, 2 would mean "stop the agent".

import * as fs from "node:fs";

import { HOOK_HOSTS, hookRecord, hookRedactor, MAX_HOOK_BYTES } from "../integrations/hook-record.ts";
import { findOrCreateStore, findOrCreateUserStore } from "../store/find.ts";
import { callingProcess } from "../store/process.ts";
import { appendToSpool } from "../store/spool.ts";

interface HookSurroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** What the host sent; undefined when nobody sent anything. Default: standard input. */
  readInput?: (() => Buffer | undefined) | undefined;
}

/** Records one hook call. Never throws. @param argv what stands behind `hook` */
export function runHook(argv: readonly string[], surroundings: HookSurroundings): void {
  const { env, cwd, readInput = readStandardInput } = surroundings;
  try {
    const timeMs = Date.now();
    const input = readInput();
    if (input === undefined || input.length === 0) return;
    const host = HOOK_HOSTS.find((each) => argv.includes(each));
    // The agent may change its folder, but not its project.
    const place = { dir: valueOf(argv, "--dir"), cwd: env["CLAUDE_PROJECT_DIR"] || cwd, env };
    const isUsers = valueOf(argv, "--scope") === "user";
    const store = (isUsers ? findOrCreateUserStore : findOrCreateStore)(place);
    const redactor = hookRedactor(store);
    const { sessionId, line } = hookRecord({ input, host, timeMs, agentProcess: callingProcess(), redactor });
    appendToSpool(store, sessionId, line);
  } catch {
    // Recording cannot hurt the agent, and there is nobody to tell. `tracekeep doctor` says what is wrong.
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
