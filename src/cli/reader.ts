// What a command reads: the store, the files and folders that are named, or standard input.

import { openReader } from "../read/index.ts";
import type { ReadReport, Reader } from "../read/index.ts";
import type { CommandContext } from "./context.ts";
import type { ArgumentSpec } from "./option-spec.ts";
import { ProgressLine } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

/** Operands of a command that reads. */
export const INPUT_OPERANDS: NonNullable<ArgumentSpec["operands"]> = {
  usage: "[PATH...]",
  min: 0,
  max: 10_000,
};

/** @throws UsageError, TracekeepError */
export function readerOf(context: CommandContext): Reader {
  const { operands, cwd } = context;
  if (operands.length === 0) return openReader(context.place);
  if (context.text("dir") !== undefined) throw new UsageError("--dir and paths exclude each other");
  if (!operands.includes("-")) return openReader({ cwd, paths: operands });
  if (operands.length > 1) throw new UsageError("- stands for standard input and is read alone");
  return openReader({ input: context.stdin });
}

/** Shows how far a read is, once it takes longer than a second; give `onProgress` to the read, and call `clear` behind it. */
export function readProgress(context: CommandContext): {
  onProgress: (report: ReadReport) => void;
  clear: () => void;
} {
  // (`performance` takes 4 ms to load.)
  const startedSeconds = process.uptime();
  const line = new ProgressLine(context.stderr);
  return {
    onProgress: ({ bytes, bytesTotal }) => {
      if (bytesTotal > 0 && process.uptime() - startedSeconds > SILENT_SECONDS)
        line.show(bytes, bytesTotal, "read");
    },
    clear: () => line.clear(),
  };
}

// --- internal ---

const SILENT_SECONDS = 1;
