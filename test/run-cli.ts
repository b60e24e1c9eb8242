// The command line from the inside: a command is run as main.ts runs it, with streams and surroundings of ours.

import path from "node:path";
import { PassThrough, Readable } from "node:stream";

import { COMMANDS } from "../src/cli/commands.ts";
import { Output } from "../src/cli/output.ts";
import { runCommand } from "../src/cli/run.ts";

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** Runs one command line in a folder, with a home folder in it and no environment but what is given. */
export async function runCli(
  folder: string,
  argv: readonly string[],
  {
    stdin = "",
    signal = new AbortController().signal,
    env = {},
  }: { stdin?: string | Buffer; signal?: AbortSignal; env?: Record<string, string> } = {},
): Promise<Ran> {
  const texts: string[] = ["", ""];
  const outputs = texts.map((_, at) => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => (texts[at] += chunk.toString("utf8")));
    return new Output(stream, { isTerminal: false, columns: 80, color: false });
  });
  const [stdout, stderr] = outputs as [Output, Output];
  const surroundings = {
    stdin: Readable.from(stdin.length === 0 ? [] : [Buffer.from(stdin)]),
    stdout,
    stderr,
    env,
    cwd: folder,
    home: path.join(folder, "home"),
    signal,
  };
  const code = await runCommand(COMMANDS, argv, surroundings, "tracekeep 0");
  return { code, out: texts[0] ?? "", err: texts[1] ?? "" };
}
