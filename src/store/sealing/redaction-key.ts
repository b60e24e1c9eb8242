// The key under which redaction names secrets: a file of the store, made with its first secret. It is never in a log, and
// a copy of the logs alone says nothing about what was redacted.

import path from "node:path";

import { ioError, systemCode, TracekeepError } from "../../base/errors.ts";
import { nodeDisk, writeAll } from "../disk/disk.ts";
import type { Disk } from "../disk/disk.ts";
import { temporaryBeside } from "../disk/temporary-file.ts";
import { REDACTION_KEY } from "../layout.ts";
import { readWholeFile } from "../reading/whole-file.ts";

const KEY_BYTES = 32;

/**
 * The key of a store, created when there is none. Of processes that create it at the same time, all get the same one.
 *
 * @throws TracekeepError when it can neither be read nor created
 */
export function redactionKey(storeDir: string, disk: Disk = nodeDisk): Uint8Array {
  return readRedactionKey(storeDir) ?? createKey(disk, storeDir);
}

/** The key of a store; undefined when it has none yet. @throws TracekeepError when it cannot be read */
export function readRedactionKey(storeDir: string): Uint8Array | undefined {
  const file = path.join(storeDir, REDACTION_KEY);
  let text: string;
  try {
    text = readWholeFile(file).toString("latin1");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw ioError("read", file, error);
  }
  if (!new RegExp(`^[0-9a-f]{${KEY_BYTES * 2}}\n$`).test(text)) {
    throw new TracekeepError("BAD_STORE", `${file} is no key`, {
      path: file,
      hint: "put it back from a copy, or delete it: then secrets get new fingerprints from now on",
    });
  }
  return Buffer.from(text.trim(), "hex");
}

// --- internal ---

function createKey(disk: Disk, storeDir: string): Uint8Array {
  const file = path.join(storeDir, REDACTION_KEY);
  const temporary = temporaryBeside(file);
  // Hooks come by here, nearly always without a secret; so the system's cryptography is loaded with the first one.
  const key = process.getBuiltinModule("node:crypto").randomBytes(KEY_BYTES);
  const bytes = Buffer.from(`${key.toString("hex")}\n`);
  try {
    const fd = disk.create(temporary);
    try {
      writeAll(disk, fd, bytes, bytes.length, 0);
      disk.sync(fd);
    } finally {
      disk.close(fd);
    }
    try {
      // Unlike a rename, a link never takes the place of the key that another process has just created.
      disk.link(temporary, file);
    } finally {
      disk.unlink(temporary);
    }
    disk.syncDirectory(storeDir);
    return key;
  } catch (error) {
    const others = systemCode(error) === "EEXIST" ? readRedactionKey(storeDir) : undefined;
    if (others !== undefined) return others;
    throw ioError("create", file, error);
  }
}
