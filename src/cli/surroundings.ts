// The process as commands see it. (Importing `node:process` would open all of its standard streams at once.)

import * as fs from "node:fs";
import { homedir } from "node:os";

import { currentFolder } from "./current-folder.ts";
import type { Surroundings } from "./context.ts";
import { Output } from "./output.ts";
import { DescriptorStream } from "./standard-stream.ts";

const DEFAULT_COLUMNS = 80;

/** Standard streams, environment and folders of this process; Ctrl-C and SIGTERM abort `signal`. */
export function processSurroundings(): Surroundings {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  return {
    // Opening it takes time, and few commands read it.
    get stdin() {
      return process.stdin;
    },
    stdout: outputOf(STDOUT, () => process.stdout),
    stderr: outputOf(STDERR, () => process.stderr),
    env: process.env,
    cwd: currentFolder(process.env),
    home: homedir(),
    signal: interrupted.signal,
  };
}

// --- internal ---

const STDOUT = 1;
const STDERR = 2;

function outputOf(descriptor: number, open: () => NodeJS.WriteStream): Output {
  const { env } = process;
  // Terminals are such devices, and so is /dev/null.
  const stream = fs.fstatSync(descriptor).isCharacterDevice() ? open() : undefined;
  const isTerminal = stream?.isTTY === true;
  // https://no-color.org, and FORCE_COLOR as Node itself takes it.
  const wanted = isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  const color = wanted || (env["FORCE_COLOR"] ?? "0") !== "0";
  // A terminal that does not know its size says 0.
  const columns = isTerminal && stream.columns > 0 ? stream.columns : DEFAULT_COLUMNS;
  return new Output(stream ?? new DescriptorStream(descriptor, open), { isTerminal, columns, color });
}
