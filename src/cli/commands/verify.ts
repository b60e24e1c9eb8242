// Says what was done to the store's logs since they were sealed, and why that is known.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, TracekeepError } from "../../base/errors.ts";
import { checkTlogProof, decodeTlogProof, parseCheckpoint, parseVkey } from "../../format/index.ts";
import type { NoteVerifier } from "../../format/index.ts";
import { attachStamp, isFinding, proveLine, verifyStoreOnThreads } from "../../integrity/index.ts";
import type { StampVerdict, StoreVerdict } from "../../integrity/index.ts";
import { openReader } from "../../read/index.ts";
import { formatCount, plural, printable, renderTable } from "../../report/index.ts";
import { checkFigures } from "../../session-index/check.ts";
import type { WrongFigures } from "../../session-index/check.ts";
import { evidenceFiles, LEDGER } from "../../store/layout.ts";
import { readStoreSigner } from "../../store/sealing/keys.ts";
import { readNote } from "../../store/sealing/seal-file.ts";
import { findStore } from "../../store/session/find.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { parseLineName } from "../line-name.ts";
import { ProgressLine } from "../progress.ts";
import { sessionNamed } from "../session-name.ts";
import { UsageError } from "../usage-error.ts";

export const verify: Command = {
  name: "verify",
  summary: "find what was changed, cut off, moved or removed since it was sealed",
  operands: { usage: "[SESSION]", min: 0, max: 1 },
  options: {
    key: {
      kind: "text",
      value: "VKEY",
      about: "the store's public key, as noted elsewhere (default: this user's own)",
    },
    since: {
      kind: "texts",
      value: "FILE",
      about: "an older seal, e.g. from --anchor, - for standard input: everything since only grew",
    },
    anchor: {
      kind: "flag",
      about: "print the ledger's seal, to be kept elsewhere: a commit, a CI log, another host",
    },
    prove: { kind: "text", value: "SESSION:SEQ", about: "print a proof of one line that stands alone" },
    "check-proof": {
      kind: "text",
      value: "FILE",
      about: "check such a proof (- for standard input) and print its line",
    },
    "attach-stamp": {
      kind: "text",
      value: "FILE",
      about:
        "keep a timestamp authority's answer (RFC 3161) to the anchor given with --since, or to the present one",
    },
    "stamp-ca": {
      kind: "text",
      value: "FILE",
      about: "certificates of timestamp authorities (PEM) that time stamps must lead to",
    },
    threads: {
      kind: "text",
      value: "N",
      about: "check sessions on so many threads (default: one, or one a processor from 128 MiB on)",
    },
    "logs-only": {
      kind: "flag",
      about: "leave out whether END and the indexes say what the logs say: it takes longest",
    },
    json: { kind: "flag", about: "print one JSON object: {verdict, trust, logs[], stamps[], figures[]}" },
  },
  examples: [
    ["verify", "check everything; exit code 3 when something is wrong"],
    ["verify --anchor > anchor.txt", "note where the store stands now"],
    ["verify --since anchor.txt", "later: nothing was rolled back or replaced since"],
    [
      "verify --attach-stamp anchor.tsr --since anchor.txt",
      "keep a time stamp of that: it is checked each time",
    ],
    [
      "verify --prove 019b9f2e-…:17 > line.tlog-proof",
      "hand out one line that can be checked without the log",
    ],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const modes = ["anchor", "prove", "check-proof", "attach-stamp"].filter(
    (name) => context.flag(name) || context.text(name) !== undefined,
  );
  if (modes.length > 1) throw new UsageError(`--${modes.join(" and --")} do not go together`);
  const proof = context.text("check-proof");
  if (proof !== undefined) return checkProof(context, proof);
  const dir = findStore(context.place);
  const prove = context.text("prove");
  if (prove !== undefined) {
    const { session, seq } = parseLineName("--prove", prove);
    context.stdout.write(proveLine(dir, sessionNamed(context, openReader({ dir }), session), seq));
    await context.stdout.drain();
    return EXIT.done;
  }
  const progress = new ProgressLine(context.stderr);
  const onProgress = (done: number, total: number, name: string): void =>
    progress.show(done, total, printable(name));
  const authorityFile = context.text("stamp-ca");
  const authorities = authorityFile === undefined ? undefined : readFile(authorityFile).toString();
  const since: string[] = [];
  for (const file of context.texts("since")) since.push((await readInput(context, file)).toString());
  const stamp = context.text("attach-stamp");
  if (stamp !== undefined) return attach(context, dir, readFile(stamp), since, authorities);
  let [session] = context.operands;
  const check = (): Promise<StoreVerdict> =>
    verifyStoreOnThreads(dir, {
      session,
      key: context.text("key"),
      since,
      authorities,
      threads: context.count("threads"),
      env: context.env,
      signal: context.signal,
      onProgress,
    });
  const result = await check()
    .catch((error: unknown) => {
      // The ledger knows sessions by their ids, also those of which no log is left; others may be named as elsewhere.
      if (!(error instanceof TracekeepError && error.code === "NO_SESSION") || session === undefined)
        throw error;
      session = sessionNamed(context, openReader({ dir }), session);
      return check();
    })
    .finally(() => progress.clear());
  if (context.flag("anchor")) return printAnchor(context, result);
  const figures = context.flag("logs-only")
    ? []
    : await checkFigures(dir, { only: session, signal: context.signal, onProgress }).finally(() =>
        progress.clear(),
      );
  const { verdict, trust, logs, stamps } = result;
  if (context.flag("json")) context.stdout.json({ verdict, trust, logs, stamps, figures });
  else print(context, result, figures);
  await context.stdout.drain();
  return figures.length > 0 ? EXIT.findings : exitCodeOf(result);
}

// --- internal ---

function exitCodeOf({ logs, stamps }: StoreVerdict): ExitCode {
  const isBad = logs.some(({ verdict }) => isFinding(verdict)) || stamps.some(({ reason }) => reason !== "");
  return isBad ? EXIT.findings : EXIT.done;
}

/** Takes in a time stamp, of the anchor given or of the ledger's seal as it stands. */
async function attach(
  { stdout }: CommandContext,
  dir: string,
  token: Buffer,
  since: readonly string[],
  authorities: string | undefined,
): Promise<ExitCode> {
  const [note = readNote(evidenceFiles(path.join(dir, LEDGER)).seal), ...more] = since;
  if (note === undefined || more.length > 0)
    throw new UsageError("--attach-stamp takes the one anchor that was stamped: --since FILE");
  stdout.line(`attached: ${stampText(attachStamp(dir, token, note, authorities))}`);
  await stdout.drain();
  return EXIT.done;
}

function stampText({ lines, time, authority, chained, name, reason }: StampVerdict): string {
  if (reason !== "") return `time stamp ${name} does not hold: ${reason}`;
  const doubt = chained === null ? ", whom nothing vouches for: give its authority with --stamp-ca" : "";
  return `${plural(lines, "line")} of the ledger stamped ${time} by ${printable(authority)}${doubt}`;
}

function print(
  { stdout }: CommandContext,
  { verdict, logs, key, stamps }: StoreVerdict,
  figures: readonly WrongFigures[],
): void {
  const notable = logs.filter(({ reason }) => reason !== "");
  const rows = notable.map(({ name, verdict: each, lines, sealed, reason }) => [
    each,
    printable(name),
    formatCount(lines),
    formatCount(sealed),
    printable(reason),
  ]);
  const columns = [
    { title: "verdict" },
    { title: "log" },
    { title: "lines", align: "right" as const },
    { title: "sealed", align: "right" as const },
    { title: "why" },
  ];
  if (rows.length > 0) {
    for (const line of renderTable(columns, rows, stdout.lineColumns)) stdout.line(line);
    stdout.line();
  }
  const lines = logs.reduce((sum, log) => sum + log.lines, 0);
  stdout.line(`${verdict}: ${plural(logs.length, "log")}, ${plural(lines, "line")}`);
  for (const { file, session_id: id, reason } of figures)
    stdout.line(printable(`${file}, session ${id}: ${reason}`));
  if (figures.some(({ file }) => file.includes("index")))
    stdout.line("An index is made anew when it is deleted: tracekeep index");
  for (const stamp of stamps) stdout.line(stampText(stamp));
  if (key === undefined) return;
  stdout.line(`key: ${key}`);
  stdout.line(
    "Who holds the store's key could still roll everything back, unless you kept an anchor: verify --anchor",
  );
}

async function printAnchor({ stdout, stderr }: CommandContext, result: StoreVerdict): Promise<ExitCode> {
  if (isFindingOf(result)) {
    stderr.line(
      `the store does not hold (${result.verdict}): look at it with "tracekeep verify" before you anchor it`,
    );
    return EXIT.findings;
  }
  if (result.anchor === undefined) {
    stderr.line("nothing in this store was sealed yet: record something first");
    return EXIT.failed;
  }
  stdout.write(result.anchor);
  await stdout.drain();
  return EXIT.done;
}

function isFindingOf(result: StoreVerdict): boolean {
  return exitCodeOf(result) === EXIT.findings;
}

async function checkProof(context: CommandContext, file: string): Promise<ExitCode> {
  const text = (await readInput(context, file)).toString();
  const key = trustedKey(context, text);
  const checked = checkTlogProof(text, key);
  if (checked.kind === "bad") {
    context.stderr.line(`not proven: ${checked.reason}`);
    return EXIT.findings;
  }
  const { proof, checkpoint } = checked;
  context.stderr.line(`proven: line ${proof.index} of ${checkpoint.size} of ${printable(checkpoint.origin)}`);
  context.stdout.write(proof.line.toString("utf8"));
  await context.stdout.drain();
  return EXIT.done;
}

/** The key given, or this user's own under the name of the store that the proof is of. */
function trustedKey(context: CommandContext, text: string): NoteVerifier {
  const given = context.text("key");
  if (given !== undefined) {
    const key = parseVkey(given);
    if (key === undefined)
      throw new UsageError(`--key takes a public key as "verify" prints it, got "${given}"`);
    return key;
  }
  const note = decodeTlogProof(text)?.note ?? "";
  const storeId =
    parseCheckpoint(note.split("\n\n")[0]?.concat("\n") ?? "")?.origin.split("/")[0] ?? "unknown";
  const own = readStoreSigner(storeId, context.env);
  if (own === undefined)
    throw new UsageError("there is no key here to check against: give the store's with --key");
  return own.verifier;
}

/** A file; `-` is standard input. */
async function readInput({ stdin }: CommandContext, file: string): Promise<Buffer> {
  if (file !== "-") return readFile(file);
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function readFile(file: string): Buffer {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw ioError("read", file, error);
  }
}
