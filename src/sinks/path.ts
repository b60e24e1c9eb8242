import path from "node:path";

import { pathOption } from "../base/options.ts";

/** The absolute path of a file that the caller named, so that a later `chdir` changes nothing. @throws TypeError, RangeError */
export function checkPath(owner: string, value: unknown): string {
  const given = pathOption(owner, "path", value as string | undefined);
  if (given === undefined) throw new TypeError(`${owner}: path must be text, got undefined`);
  return path.resolve(given);
}
