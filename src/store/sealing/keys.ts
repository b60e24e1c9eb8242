// The store's signing key. It lies outside of every project, so that who can write to a store, or copies it, does not
// have it; one for each user and machine, so that temporary stores leave no keys behind.

import * as fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { nodeCrypto } from "../../base/builtin.ts";
import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { signerFromSeed } from "../../format/index.ts";
import type { NoteSigner } from "../../format/index.ts";
import { nodeDisk, writeAll } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$XDG_STATE_HOME/tracekeep/keys/store.key`, under `~/.local/state` when that is not set. */
export function storeKeyFile(env: Environment = process.env): string {
  const state = env["XDG_STATE_HOME"] ?? "";
  // The XDG specification has relative paths ignored.
  const base = path.isAbsolute(state) ? state : path.join(env["HOME"] ?? homedir(), ".local", "state");
  return path.join(base, "tracekeep", "keys", "store.key");
}

/**
 * The signer with this user's key, under a store's name; undefined when there is no key yet and none is to be made.
 *
 * @throws TracekeepError when the key cannot be read or written, or others can read it
 */
export function readStoreSigner(name: string, env?: Environment): NoteSigner | undefined {
  const file = storeKeyFile(env);
  try {
    const { mode } = fs.lstatSync(file);
    if ((mode & fs.constants.S_IFMT) !== fs.constants.S_IFREG || (mode & 0o077) !== 0) {
      throw new TracekeepError("PERMISSION", `the signing key ${file} can be read by others`, {
        path: file,
        hint: `chmod 600 '${file}', or delete it: a new one is made, and the ledger says so`,
      });
    }
    const seed = Buffer.from(fs.readFileSync(file, "utf8").trim(), "base64");
    if (seed.length === 32) return signerFromSeed(name, seed);
    throw new TracekeepError("IO", `${file} is not a signing key`, {
      path: file,
      hint: "restore it from a copy, or delete it: a new one is made, and the ledger says so",
    });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error instanceof TracekeepError ? error : ioError("read the signing key", file, error);
  }
}

/** The same, making the key when there is none. @throws TracekeepError */
export function storeSigner(name: string, env?: Environment): NoteSigner {
  const known = readStoreSigner(name, env);
  if (known !== undefined) return known;
  const file = storeKeyFile(env);
  try {
    createKey(file);
  } catch (error) {
    throw ioError("keep a signing key in", file, error);
  }
  const made = readStoreSigner(name, env);
  if (made === undefined)
    throw new TracekeepError("IO", `the signing key ${file} is gone again`, { path: file });
  return made;
}

// --- internal ---

/** Whole or not at all, and never over a key that another process made in the meantime. */
function createKey(file: string): void {
  nodeDisk.makeDirectory(path.dirname(file));
  const temporary = temporaryBeside(file);
  const fd = nodeDisk.create(temporary);
  try {
    const text = Buffer.from(`${nodeCrypto().randomBytes(32).toString("base64")}\n`);
    writeAll(nodeDisk, fd, text, text.length, 0);
    nodeDisk.sync(fd);
    nodeDisk.link(temporary, file);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    nodeDisk.close(fd);
    nodeDisk.unlink(temporary);
  }
  nodeDisk.syncDirectory(path.dirname(file));
}
