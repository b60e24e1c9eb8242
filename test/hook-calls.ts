// Hook calls for tests: real processes running `tracekeep hook`, and payloads as Claude Code sends them.

import { spawn } from "node:child_process";
import path from "node:path";

const MAIN = path.join(import.meta.dirname, "..", "dist", "cli", "main.cjs");

export interface HookRun {
  code: number | null;
  out: string;
}

interface KillOptions {
  killAfterMs?: number | undefined;
}

/** Runs one `tracekeep hook` to its end, or kills it after a while. */
export function runHookProcess(
  storeDir: string,
  input: string | Buffer,
  { args = [], ...options }: KillOptions & { args?: readonly string[] } = {},
): Promise<HookRun> {
  return runToEnd(["hook", ...args, "--dir", storeDir], { input, ...options });
}

/** Runs any other command to its end, or kills it after a while. */
export function runProgram(
  args: readonly string[],
  cwd: string,
  options: KillOptions & { input?: string } = {},
): Promise<HookRun> {
  return runToEnd(args, { cwd, ...options });
}

/** A payload with what Claude Code sends with every hook. */
export function payload(session: string, name: string, fields: object = {}): Record<string, unknown> {
  return {
    session_id: session,
    transcript_path: `/nowhere/${session}.jsonl`,
    cwd: "/home/nobody/project",
    permission_mode: "default",
    hook_event_name: name,
    ...fields,
  };
}

// --- internal ---

function runToEnd(
  args: readonly string[],
  { input = "", cwd, killAfterMs }: KillOptions & { input?: string | Buffer; cwd?: string },
): Promise<HookRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
    // A killed child cannot take its input.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const timer =
      killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, out });
    });
  });
}
