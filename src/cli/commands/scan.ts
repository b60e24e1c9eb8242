// Secrets in what was written before there was redaction, or without it. Says where, never what.

import { Redactor } from "../../redact/index.ts";
import { readRedactionKey } from "../../store/sealing/redaction-key.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { scanFile, scannedFiles } from "../scan-file.ts";

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
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const { stdout, stderr, operands, signal } = context;
  const redactor = new Redactor(keyOf(context));
  const paths = operands.length > 0 ? operands : [findStore(context.place)];
  let findings = 0;
  let files = 0;
  let unreadable = 0;
  for (const file of scannedFiles(paths, context.cwd)) {
    signal.throwIfAborted();
    files++;
    try {
      for (const finding of scanFile(file, redactor, signal)) {
        findings++;
        if (context.flag("json")) stdout.json(finding);
        else stdout.line(`${finding.file}:${finding.line}: ${finding.kind} ${finding.fingerprint}`);
        if (stdout.isFull) await stdout.drain();
      }
    } catch (error) {
      if (signal.aborted) throw error;
      unreadable++;
      stderr.line(`${file}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await stdout.drain();
  stderr.line(
    `${findings} secrets in ${files} files${unreadable > 0 ? `, ${unreadable} could not be read` : ""}`,
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
