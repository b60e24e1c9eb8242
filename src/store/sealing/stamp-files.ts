// Time stamps (RFC 3161) of the ledger's seals, each with the seal that was stamped: the ledger's own seal goes on, and
// what was stamped would be gone. Nothing rests on these files; they let `verify` say how old the store provably is.

import * as fs from "node:fs";
import path from "node:path";

import { ioError, systemCode } from "../../base/errors.ts";
import { replaceFile } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { STAMPS_DIRECTORY } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";

export interface StampFiles {
  /** Of both files, without their endings. */
  name: string;
  /** The seal. */
  note: string;
  /** What the authority answered. */
  token: Buffer;
}

/** All time stamps of a store, by name. @throws TracekeepError when one cannot be read */
export function readStamps(dir: string): StampFiles[] {
  const folder = path.join(dir, STAMPS_DIRECTORY);
  try {
    const names = fs.readdirSync(folder).filter((name) => name.endsWith(TOKEN) && !name.startsWith("."));
    return names.toSorted().map((file) => {
      const name = file.slice(0, -TOKEN.length);
      const token = readWholeFile(path.join(folder, file));
      return { name, token, note: readWholeFile(path.join(folder, name + SEAL)).toString() };
    });
  } catch (error) {
    if (systemCode(error) === "ENOENT" && !fs.existsSync(folder)) return [];
    throw ioError("read the time stamps", folder, error);
  }
}

/** Keeps a time stamp, durably: the seal first, so that none is there without it. @throws TracekeepError */
export function writeStamp(disk: Disk, dir: string, { name, note, token }: StampFiles): void {
  const folder = path.join(dir, STAMPS_DIRECTORY);
  try {
    disk.makeDirectory(folder);
    disk.syncDirectory(dir);
    for (const [ending, bytes] of [
      [SEAL, Buffer.from(note)],
      [TOKEN, token],
    ] as const) {
      const file = path.join(folder, name + ending);
      replaceFile(disk, file, bytes, temporaryBeside(file));
    }
  } catch (error) {
    throw ioError("keep the time stamp", folder, error);
  }
}

// --- internal ---

const SEAL = ".seal";
const TOKEN = ".tsr";
