// How a tool call of Codex ended. Codex hands the model text, so success, exit code and duration have to be read out of
// that text; only its beginning counts, because everything after it is the command's own output and may say anything.

import type { JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import { objectIn, textIn, textOf } from "../json.ts";

export interface ToolOutput {
  /** The output as recorded. Where an exit code is known: `{ exit_code, output, … }`. */
  readonly result: JsonValue;
  readonly status: "ok" | "error" | "denied" | "cancelled";
  /** As recorded; undefined when it was not. */
  readonly durationMs: number | undefined;
}

/** What an event message (`exec_command_end`, `mcp_tool_call_end` …) reports of a call, beside its output. */
export interface CallReport {
  readonly exitCode: number | undefined;
  readonly failed: boolean;
  readonly durationMs: number | undefined;
}

/**
 * Reads a tool's output in any of Codex's forms: `{"output", "metadata": {"exit_code", "duration_seconds"}}` as JSON text
 * (up to 0.4x), text that begins with `Exit code: N` or `Process exited with code N` (since), a list of content items,
 * or what the sandbox or Codex itself had to say instead of an output.
 */
export function readToolOutput(output: JsonValue, report?: CallReport): ToolOutput {
  const exec = typeof output === "string" ? parseExecOutput(output) : undefined;
  if (exec !== undefined) {
    const seconds = exec.facts["duration_seconds"];
    const durationMs =
      report?.durationMs ?? (typeof seconds === "number" ? milliseconds(seconds) : undefined);
    return { result: { ...exec.facts, ...exec.rest }, status: statusOf(exitCodeIn(exec.facts)), durationMs };
  }
  const text = textOfOutput(output);
  const header = readHeader(text);
  const exitCode = header.exitCode ?? exitCodeIn(output) ?? report?.exitCode;
  const durationMs = report?.durationMs ?? header.durationMs;
  if (exitCode !== undefined) {
    const result = isObject(output) ? output : { exit_code: exitCode, output };
    return { result, status: statusOf(exitCode), durationMs };
  }
  const failed = report?.failed === true || (isObject(output) && output["success"] === false);
  const status = NOT_RUN.find(({ says }) => says.test(text))?.status ?? (failed ? "error" : "ok");
  return { result: output, status, durationMs };
}

/** What the end of a call reports. Says nothing for event messages that are not the end of a call. */
export function readCallReport(payload: JsonObject): CallReport {
  const { exit_code: exitCode, success, status, error } = payload;
  const result = objectIn(payload, "result");
  const { secs, nanos } = objectIn(payload, "duration") ?? {};
  const isError = objectIn(result, "Ok")?.["isError"] === true || (result !== undefined && "Err" in result);
  return {
    exitCode: typeof exitCode === "number" ? exitCode : undefined,
    failed:
      success === false || status === "failed" || isError || isObject(error) || typeof error === "string",
    durationMs:
      typeof secs === "number" && typeof nanos === "number" ? milliseconds(secs + nanos / 1e9) : undefined,
  };
}

// --- internal ---

/** What Codex answers the model with when there is no exit code to report. */
const NOT_RUN = [
  { status: "denied", says: /^.{0,200}\brejected by user/ },
  { status: "cancelled", says: /^aborted(?: by user|$)/ },
  {
    status: "error",
    says: /^(?:error: |execution error|failed in sandbox |(?:exec_command|write_stdin) failed)/,
  },
  { status: "error", says: /^(?:failed to parse function arguments|apply_patch verification failed)/ },
  { status: "error", says: /^(?:unsupported (?:custom tool )?call: |command timed out)/ },
] as const;

const HEADER_LINES = 7;
const HEADER_CHARS = 1000;
const EXIT_CODE = /^(?:(?:Shell e|E)xit code:|.*\bexited with code) (-?\d+)\b/;
/** Codex up to 0.3x took every failure inside its sandbox for a refusal of the sandbox. */
const SANDBOX_EXIT_CODE = /^failed in sandbox .*?\bexit code: (-?\d+)\b/;
const WALL_TIME = /^Wall time: (\d+(?:\.\d+)?) seconds/;

/** Reads the lines that Codex puts before a line "Output:"; without such a line, only the first can be its own. */
function readHeader(text: string): { exitCode: number | undefined; durationMs: number | undefined } {
  const lines = text.slice(0, HEADER_CHARS).split("\n", HEADER_LINES);
  const end = lines.indexOf("Output:");
  let exitCode: number | undefined;
  let durationMs: number | undefined;
  for (const line of lines.slice(0, end < 0 ? 1 : end)) {
    const code = (EXIT_CODE.exec(line) ?? SANDBOX_EXIT_CODE.exec(line))?.[1];
    const seconds = WALL_TIME.exec(line)?.[1];
    if (code !== undefined) exitCode = Number(code);
    if (seconds !== undefined) durationMs = milliseconds(Number(seconds));
  }
  return { exitCode, durationMs };
}

/** Output of the shell tool up to 0.4x: an object written as JSON text. */
function parseExecOutput(text: string): { facts: JsonObject; rest: JsonObject } | undefined {
  if (!text.startsWith("{") || !text.includes('"exit_code"')) return undefined;
  try {
    const parsed: JsonValue = JSON.parse(text);
    const facts = isObject(parsed) ? objectIn(parsed, "metadata") : undefined;
    if (!isObject(parsed) || facts === undefined || exitCodeIn(facts) === undefined) return undefined;
    const { metadata: _, ...rest } = parsed;
    return { facts, rest };
  } catch {
    // Not JSON after all: then it is text like any other.
    return undefined;
  }
}

function statusOf(exitCode: number | undefined): "ok" | "error" {
  return exitCode === 0 ? "ok" : "error";
}

function exitCodeIn(object: JsonValue): number | undefined {
  if (!isObject(object)) return undefined;
  const code = object["exit_code"] ?? object["exitCode"];
  return typeof code === "number" ? code : undefined;
}

function textOfOutput(output: JsonValue): string {
  return isObject(output) ? (textIn(output, "text") ?? textOf(output["content"])) : textOf(output);
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
