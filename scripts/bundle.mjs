// Puts the command line into few files: finding, opening and linking a hundred modules would take longer than the work
// of a short command. The entry and the hook, which is started at every step of an agent, are CommonJS files, which Node
// starts in a tenth less time. The other commands share pieces, and each loads only what it needs.

import { readdirSync, rmSync } from "node:fs";
import path from "node:path";

import { build } from "esbuild";

const FOLDER = "dist/cli";

const options = {
  allowOverwrite: true,
  bundle: true,
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
};

for (const name of ["hook", "main"]) {
  await build({
    ...options,
    minify: true,
    entryPoints: [`${FOLDER}/${name}.js`],
    outfile: `${FOLDER}/${name}.cjs`,
    format: "cjs",
    define: { "import.meta.url": "__filename" },
    external: ["./program.js", "./budget-gate.js"],
  });
}

for (const name of readdirSync(FOLDER)) if (name.startsWith("chunk-")) rmSync(path.join(FOLDER, name));
const commands = readdirSync(`${FOLDER}/commands`).filter(
  (name) => name.endsWith(".js") && name !== "verify-worker.js",
);
await build({
  ...options,
  // Names stay readable in stack traces, and files where `import.meta.url` expects them.
  minifySyntax: true,
  minifyWhitespace: true,
  entryPoints: [
    ...["program.js", "budget-gate.js", ...commands.map((name) => `commands/${name}`)].map((name) => ({
      in: path.join(FOLDER, name),
      out: name.slice(0, -3),
    })),
    // The threads of `verify` are started from a file beside the command, which alone starts them.
    { in: "dist/integrity/verify-worker.js", out: "commands/verify-worker" },
  ],
  outdir: FOLDER,
  format: "esm",
  splitting: true,
  chunkNames: "chunk-[hash]",
  packages: "external",
});
