// Puts the hook into one file. It is started at every step of an agent, and finding, opening and linking its twenty
// modules would take longer than its work.

import { build } from "esbuild";

await build({
  entryPoints: ["dist/cli/hook.js"],
  outfile: "dist/cli/hook.js",
  allowOverwrite: true,
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
});
