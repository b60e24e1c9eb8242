// Kernel locks: one writer for each file. The lock belongs to the open file, so the kernel frees it when its holder
// dies, however it dies; there is no lock file that could be left behind and nothing to guess from process ids.

import { createRequire } from "node:module";

import { TracekeepError } from "../../base/errors.ts";

/** What we use of `fs-native-extensions`: open-file-description locks on Linux, their equals elsewhere. */
interface NativeLocks {
  tryLock(fd: number, offset?: number, length?: number, options?: { shared?: boolean }): boolean;
  waitForLockSync(fd: number): void;
  unlock(fd: number, offset?: number, length?: number): void;
}

let native: NativeLocks | undefined;

/**
 * Takes the exclusive lock of an open file, or returns false when someone else (in this process, too) has it. Closing
 * the file frees it. The first call loads a native module, about 10 ms.
 *
 * @throws TracekeepError `UNSUPPORTED_PLATFORM` where that module does not load
 */
export function tryLock(fd: number): boolean {
  return locks().tryLock(fd);
}

/**
 * The same for one byte of a file, which need not exist; `shared` with others that ask for it so. Linux only: elsewhere
 * locks are on whole files.
 */
export function tryLockByte(fd: number, offset: number, options: { shared: boolean }): boolean {
  return locks().tryLock(fd, offset, 1, options);
}

/** Waits for the exclusive lock of an open file. Only for locks that are held for moments. */
export function waitForLock(fd: number): void {
  locks().waitForLockSync(fd);
}

/** Gives back an open file's lock, or that of one byte. */
export function unlock(fd: number, offset?: number): void {
  if (offset === undefined) locks().unlock(fd);
  else locks().unlock(fd, offset, 1);
}

// --- internal ---

function locks(): NativeLocks {
  if (native !== undefined) return native;
  if (process.platform === "win32") {
    throw new TracekeepError("UNSUPPORTED_PLATFORM", "writing is not supported on Windows", {
      hint: "reading works; record under WSL or on Linux or macOS",
    });
  }
  try {
    // In a CommonJS bundle that somebody else made there is no URL of this file.
    native = createRequire(import.meta.url ?? __filename)("fs-native-extensions") as NativeLocks;
    return native;
  } catch (cause) {
    throw new TracekeepError("UNSUPPORTED_PLATFORM", "file locks cannot be loaded on this platform", {
      cause,
      hint: "reinstall with: npm install tracekeep; a bundled program needs fs-native-extensions installed beside its bundle",
    });
  }
}
