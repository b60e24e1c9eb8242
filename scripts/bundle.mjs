// Puts the command line into few files: finding, opening and linking a hundred modules would take longer than the work
// of a short command. The hook is one file of its own, because it is started at every step of an agent; the other
// commands share pieces, and each loads only what it needs.

import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

import { build } from "esbuild";

const FOLDER = "dist/cli";

const options = {
  allowOverwrite: true,
  bundle: true,
  minify: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "warning",
};

await build({ ...options, entryPoints: [`${FOLDER}/hook.js`], outfile: `${FOLDER}/hook.js` });

for (const name of readdirSync(FOLDER)) if (name.startsWith("chunk-")) rmSync(path.join(FOLDER, name));
const commands = readdirSync(`${FOLDER}/commands`).filter(
  (name) => name.endsWith(".js") && name !== "verify-worker.js",
);
await build({
  ...options,
  // Names stay readable in stack traces, and files where `import.meta.url` expects them.
  minifyIdentifiers: false,
  entryPoints: [
    ...["main.js", "program.js", ...commands.map((name) => `commands/${name}`)].map((name) => ({
      in: path.join(FOLDER, name),
      out: name.slice(0, -3),
    })),
    // The threads of `verify` are started from a file beside the command, which alone starts them.
    { in: "dist/integrity/verify-worker.js", out: "commands/verify-worker" },
  ],
  outdir: FOLDER,
  splitting: true,
  chunkNames: "chunk-[hash]",
  packages: "external",
  external: ["./hook.js"],
});
