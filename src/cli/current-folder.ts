// The folder that commands and hooks work in.

import * as fs from "node:fs";
import path from "node:path";

/** The current folder; where that was deleted, the nearest above it that is left. */
export function currentFolder(env: Readonly<Record<string, string | undefined>>): string {
  try {
    return process.cwd();
  } catch {
    // The kernel knows it no more, the shell remembers its name.
    let folder = path.resolve("/", env["PWD"] ?? "/");
    while (!fs.existsSync(folder)) folder = path.dirname(folder);
    return folder;
  }
}
