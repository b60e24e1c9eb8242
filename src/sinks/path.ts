import path from "node:path";

import { describe, textOption } from "../base/options.ts";

/** The absolute path of a file that the caller named, so that a later `chdir` changes nothing. @throws TypeError, RangeError */
export function checkPath(owner: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${owner}: path must be text, got ${describe(value)}`);
  return path.resolve(textOption(owner, "path", value) ?? value);
}
