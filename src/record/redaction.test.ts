// That no secret reaches a store, whichever way it is recorded, and what the store's key and settings do.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { PLANTED } from "../../test/planted-secrets.ts";
import { importTranscripts } from "../import/index.ts";
import { hookRecord, hookRedactor } from "../integrations/hook-record.ts";
import { openStore } from "./store.ts";
import { appendToSpool } from "../store/spool.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(tmpdir(), "tracekeep-redaction-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

function filesOf(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}
