// Puts the package into few files: finding, opening and linking a hundred modules takes longer than most programs need to
// begin, and longer than the work of a short command. Of the command line, the entry, the hook, which is started at every
// step of an agent, and the commands that only read are CommonJS files, which Node starts in a tenth less time. The other
// commands share pieces, and each loads only what it needs.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

import { build } from "esbuild";

import { READING_COMMANDS } from "../dist/cli/reading.js";

const FOLDER = "dist/cli";

/** Names stay readable in stack traces. */
const READABLE = { minifySyntax: true, minifyWhitespace: true };
const options = {
  allowOverwrite: true,
  bundle: true,
  platform: "node",
  target: "node20.19",
  logLevel: "warning",
};

/** What is loaded when it is needed stays a file of its own. */
const LAZY = {
  name: "lazy",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ kind, path: external }) =>
      kind === "dynamic-import" ? { path: external, external: true } : undefined,
    ),
};

/**
 * Of a CommonJS file. Each import of a module of Node would make an object of all that the module has, dozens of times: that
 * took longer than to read the file and to compile it.
 */
const BUILTINS_ONCE = {
  name: "builtins-once",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^node:/ }, ({ path: name, namespace }) =>
      namespace === "builtin" ? { path: name, external: true } : { path: name, namespace: "builtin" },
    );
    onLoad({ filter: /./, namespace: "builtin" }, ({ path: name }) => ({
      contents: `export * from "${name}"; export default require("${name}");`,
    }));
  },
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
    plugins: [BUILTINS_ONCE],
  });
}

for (const [file, names] of Object.entries(READING_COMMANDS)) {
  const entry = [
    'import { runProgram as run } from "./program.js";',
    ...names.map((name) => `import { ${name} } from "./commands/${name}.js";`),
    `export const runProgram = (argv) => run(argv, { ${names.join(", ")} });`,
  ];
  await build({
    ...options,
    ...READABLE,
    stdin: { contents: entry.join("\n"), resolveDir: FOLDER },
    outfile: path.join(FOLDER, file),
    format: "cjs",
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "moduleUrl" },
    packages: "external",
    plugins: [LAZY, BUILTINS_ONCE],
  });
}

const commands = readdirSync(`${FOLDER}/commands`).filter(
  (name) => name.endsWith(".js") && name !== "verify-worker.js",
);
for (const name of readdirSync(FOLDER)) if (name.startsWith("chunk-")) rmSync(path.join(FOLDER, name));
await build({
  ...options,
  ...READABLE,
  // Files stay where `import.meta.url` expects them.
  entryPoints: [
    ...["program.js", "budget-gate.js", "upkeep-work.js", ...commands.map((name) => `commands/${name}`)].map(
      (name) => ({
        in: path.join(FOLDER, name),
        out: name.slice(0, -3),
      }),
    ),
    // The threads of `verify` are started from a file beside the command, which alone starts them.
    { in: "dist/integrity/verify-worker.js", out: "commands/verify-worker" },
  ],
  outdir: FOLDER,
  format: "esm",
  splitting: true,
  chunkNames: "chunk-[hash]",
  packages: "external",
});

// The library: an entry for each that the package exports, and the pieces they share. Names and lines stay as they are,
// and maps lead to the sources.
const LIBRARY = "dist/lib";
const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = Object.values(exports).filter((target) => target.types !== undefined);
rmSync(LIBRARY, { recursive: true, force: true });
await build({
  ...options,
  entryPoints: [
    ...entries.map((target) => ({
      in: target.types.replace(/\.d\.ts$/, ".js"),
      out: path.relative(LIBRARY, target.default).replace(/\.js$/, ""),
    })),
    // Its threads are started from a file beside it.
    { in: "dist/integrity/verify-worker.js", out: "verify-worker" },
  ],
  outdir: LIBRARY,
  format: "esm",
  splitting: true,
  chunkNames: "chunk-[hash]",
  packages: "external",
  sourcemap: true,
  sourcesContent: false,
});
