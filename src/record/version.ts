import { readFileSync } from "node:fs";

// Not by `require`, which takes as long to load as a short command may take.
const { name, version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { name: string; version: string };

/** Program and version, as START says them. */
export const RECORDER: string = `${name}/${version}`;
