import { createRequire } from "node:module";

const { name, version } = createRequire(import.meta.url)("../../package.json") as {
  name: string;
  version: string;
};

/** Program and version, as START says them. */
export const RECORDER: string = `${name}/${version}`;
