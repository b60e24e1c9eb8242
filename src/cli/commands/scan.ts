// Secrets in what was written before there was redaction, or without it. Says where, never what.

import { Redactor } from "../../redact/index.ts";
import { formatCount, plural } from "../../report/text.ts";
import { readRedactionKey } from "../../store/sealing/redaction-key.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { scanFile, scanInput, scannedFiles } from "../scan-file.ts";
import { UsageError } from "../usage-error.ts";

export const scan: Command = {
  name: "scan",
  summary: "find secrets in older files, without showing them",
  options: {
    json: { kind: "flag", about: "print one JSON object for each secret: {file, line, kind, fingerprint}" },
  },
  operands: { usage: "[PATH...]", min: 0, max: Infinity },
  examples: [
    ["scan", "look through the store"],
    ["scan ~/.claude/projects notes.txt", "look through folders and files of any text"],
    ["scan - < build.log", "look through what comes in; exit code 3 when there is a secret"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { stdout, stderr, operands, signal } = context;
  const redactor = new Redactor(keyOf(context));
  const readsInput = operands.includes("-");
  if (readsInput && operands.length > 1)
    throw new UsageError("- stands for standard input and is read alone");
  const paths = operands.length > 0 ? operands : [findStore(context.place)];
  let findings = 0;
  let files = 0;
  let unreadable = 0;
  for (const file of readsInput ? paths : scannedFiles(paths, context.cwd)) {
    signal.throwIfAborted();
    files++;
    try {
      const found = readsInput
        ? scanInput(context.stdin, redactor, signal)
        : scanFile(file, redactor, signal);
      for await (const finding of found) {
        findings++;
        if (context.flag("json")) stdout.json(finding);
        else stdout.line(`${finding.file}:${finding.line}: ${finding.kind} ${finding.fingerprint}`);
        if (stdout.isFull) await stdout.drain();
      }
    } catch (error) {
      if (signal.aborted) throw error;
      unreadable++;
      stderr.line(`tracekeep: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await stdout.drain();
  stderr.line(
    `${plural(findings, "secret")} in ${plural(files, "file")}` +
      (unreadable > 0 ? `, ${formatCount(unreadable)} could not be read` : ""),
  );
  if (findings > 0) return EXIT.findings;
  return unreadable > 0 ? EXIT.failed : EXIT.done;
}

// --- internal ---

/** The key of the store at hand, so that a secret has the name here that it has in its logs. Nothing is created. */
function keyOf({ place }: CommandContext): { key?: () => Uint8Array } {
  try {
    const key = readRedactionKey(findStore(place));
    return key === undefined ? {} : { key: () => key };
  } catch {
    return {};
  }
}
