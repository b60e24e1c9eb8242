// Real recordings in a sealed store: what other people's agents did, imported, each a log of its own.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

import type { LogVerdict } from "../../src/integrity/index.ts";
import { readLedger } from "../../src/integrity/ledger.ts";
import { checkSession } from "../../src/integrity/session-check.ts";
import { evidenceFiles } from "../../src/store/layout.ts";
import { readStoreSigner } from "../../src/store/sealing/keys.ts";
import { readNote } from "../../src/store/sealing/seal-file.ts";
import { SessionCatalog } from "../../src/store/session/catalog.ts";
import { linesOf } from "./mutants.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
const REALDATA = path.join(ROOT, "..", "shared", "realdata");

export interface Recording {
  id: string;
  file: string;
  bytes: Buffer;
  lines: Buffer[];
  /** What verify says of the log as it is now: its own check, without reading ledger and catalog for each mutant again. */
  check: () => LogVerdict;
}

export interface Recordings {
  dir: string;
  /** The store's public key. */
  key: string;
  recordings: Recording[];
}

/** Imports them by the built command; undefined where they are not. */
export function importRecordings(folder: string): Recordings | undefined {
  if (!fs.existsSync(REALDATA)) return undefined;
  const env = { XDG_STATE_HOME: path.join(folder, "state") };
  const dir = path.join(folder, ".tracekeep");
  for (const source of ["claude-code", "codex"]) {
    const cli = path.join(ROOT, "dist", "cli", "main.js");
    const args = [cli, "--dir", dir, "import", source, path.join(REALDATA, source)];
    const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, ...env } });
    if (status !== 0 && status !== 3) throw new Error(`import ${source} failed: ${stderr.toString()}`);
  }
  const own = (storeId: string) => [readStoreSigner(storeId, env)].flatMap((each) => each?.verifier ?? []);
  const ledger = readLedger(dir, own, []);
  const recordings = [...new SessionCatalog(dir).refresh().sessions].map(([id, [log]]) => {
    const file = log?.path ?? "";
    const bytes = fs.readFileSync(file);
    const session = { id, files: [file], note: readNote(evidenceFiles(file).seal) };
    return { id, file, bytes, lines: linesOf(bytes), check: () => checkSession(session, ledger, []) };
  });
  return { dir, key: ledger?.keys[0]?.vkey ?? "", recordings };
}
