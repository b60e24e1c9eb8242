// Makes a fresh clone ready: installs what the lockfile names and builds, each only when something changed. Run by
// `prestart` and `pretest`; plain JavaScript on built-in modules, because it runs before anything is installed.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tracekeep needs Node 20.19 or newer; this is ${process.version}`);
  process.exit(1);
}

step(
  "installing dependencies",
  path.join("node_modules", ".tracekeep-installed"),
  ["package-lock.json"],
  () => run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
);
step(
  "building",
  path.join("dist", ".tracekeep-built"),
  ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/bundle.mjs", ...filesUnder("src")],
  () => {
    run(process.execPath, [
      path.join("node_modules", "typescript", "bin", "tsc"),
      "-p",
      "tsconfig.build.json",
    ]);
    run(process.execPath, [path.join("scripts", "bundle.mjs")]);
  },
);

if (process.argv.includes("--tests")) installTestTools();

/** Does the work unless the stamp says that it was done for exactly these inputs. */
function step(what, stamp, inputs, work) {
  const hash = createHash("sha256").update(process.versions.modules);
  for (const input of inputs) hash.update(input).update("\0").update(readFileSync(input)).update("\0");
  const digest = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  console.error(`tracekeep: ${what} …`);
  work();
  writeFileSync(stamp, digest);
}

/**
 * Programs that some tests need and no npm package brings. Installed where that is possible without asking (root on
 * Debian); elsewhere those suites say what is missing and are skipped.
 */
function installTestTools() {
  const tools = {
    cc: "gcc",
    strace: "strace",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    xfs_io: "xfsprogs",
    openssl: "openssl",
  };
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  const isThere = (tool) => folders.some((folder) => existsSync(path.join(folder, tool)));
  const missing = Object.keys(tools).filter((tool) => !isThere(tool));
  if (missing.length === 0 || process.getuid?.() !== 0 || !isThere("apt-get")) return;
  const packages = [...new Set(missing.map((tool) => tools[tool]))];
  console.error(`tracekeep: installing ${packages.join(", ")} for the tests …`);
  const apt = (...args) =>
    spawnSync("apt-get", ["-qq", ...args], { stdio: "ignore", timeout: 120_000 }).status === 0;
  const install = () => apt("install", "-y", "--no-install-recommends", ...packages);
  if (!install() && !(apt("update") && install()))
    console.error("tracekeep: that failed; the tests that need them are skipped");
}

function filesUnder(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) {
    console.error(`tracekeep: ${command} ${args.join(" ")} failed`);
    process.exit(1);
  }
}
