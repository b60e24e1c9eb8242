// The repository's own habits, checked: who may import whom, that nothing goes in circles, and that what the package
// exports exists. The table is the architecture (docs/architecture.md shows the same one).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { COMMANDS } from "../src/cli/commands.ts";
import { RECORDER } from "../src/record/version.ts";

const ROOT = path.join(import.meta.dirname, "..");
const SRC = path.join(ROOT, "src");

/** What each folder of src may import besides itself. `index.ts` in src wires the defaults together. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  event: ["base"],
  format: ["base", "event"],
  redact: ["base", "event"],
  summary: ["base", "event"],
  pricing: ["base", "event", "summary"],
  store: ["base", "event", "format", "summary"],
  sinks: ["base", "event", "format", "store"],
  replay: ["base", "event", "format", "redact", "summary", "read"],
  detect: ["base", "event", "summary"],
  integrity: ["base", "event", "format", "store"],
  metrics: ["base", "event", "summary", "pricing", "read"],
  report: ["base", "event", "summary", "read", "detect", "metrics"],
  live: ["base", "event"],
  record: ["base", "event", "format", "redact", "summary", "pricing", "store", "sinks", "live"],
  read: ["base", "event", "format", "store", "summary", "live"],
  "audit-log": ["base", "event", "summary", "store", "record", "read", "metrics"],
  "stream-log": ["base", "event", "live", "record", "read"],
  "session-index": ["base", "event", "format", "store", "summary", "sinks", "record", "read"],
  import: ["base", "event", "format", "pricing", "store", "read", "record"],
  export: ["base", "event", "read", "metrics"],
  integrations: ["base", "event", "redact", "store", "record", "import"],
  // Imported by tests only: no other row has it.
  testing: ["base", "event", "format", "store", "sinks", "record", "read"],
  cli: [
    "base",
    "event",
    "format",
    "redact",
    "summary",
    "pricing",
    "store",
    "record",
    "read",
    "detect",
    "metrics",
    "integrity",
    "report",
    "replay",
    "import",
    "export",
    "integrations",
    "session-index",
  ],
  demo: ["base", "record", "cli"],
  "index.ts": ["audit-log", "base", "event", "store", "record", "read"],
};

/** The floors of a large folder, from the ground up: each may import those below it. The folder's own files are ".". */
const FLOORS: Record<string, readonly string[]> = {
  read: ["lines", "blocks", "filter", "scan", "sessions", "following", "."],
  store: [".", "reading", "disk", "append", "sealing", "session", "shared", "ledger", "lifecycle"],
};

interface SourceFile {
  file: string;
  folder: string;
  imports: string[];
}

const sources: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => {
    const text = readFileSync(path.join(SRC, file), "utf8");
    const relative = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(
      ([, target = ""]) => path.join(path.dirname(file), target),
    );
    return { file, folder: file.split(path.sep)[0] ?? "", imports: relative };
  });

describe("the source tree", () => {
  it("has a row in the table for every folder, and no row without a folder", () => {
    const folders = new Set(sources.map(({ folder }) => folder));
    expect([...folders].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });

  it("imports only along the arrows of the table", () => {
    const wrong = sources.flatMap(({ file, folder, imports }) =>
      imports
        .filter((target) => {
          const to = target.split(path.sep)[0] ?? "";
          return to !== folder && to !== ".." && MAY_IMPORT[folder]?.includes(to) !== true;
        })
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(FLOORS))("imports inside %s only what is on a lower floor", (folder, floors) => {
    const stack = floors.map((floor) => path.join(folder, floor));
    const floorOf = (file: string): number => stack.indexOf(path.dirname(file));
    const own = sources.filter((source) => source.folder === folder);
    expect(new Set(own.map(({ file }) => path.dirname(file)))).toEqual(new Set(stack));
    const upwards = own.flatMap(({ file, imports }) =>
      imports.filter((target) => floorOf(target) > floorOf(file)).map((target) => `${file} -> ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it("reaches outside src only for package.json", () => {
    const outside = sources.flatMap(({ file, imports }) =>
      imports.filter((target) => target.startsWith("..")).map((target) => `${file} -> ${target}`),
    );
    expect(outside.filter((arrow) => !arrow.endsWith("-> ../package.json"))).toEqual([]);
  });

  it("has no cycle of imports", () => {
    const graph = new Map(sources.map(({ file, imports }) => [file, imports]));
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
      if (done.has(file) || trail.includes(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const { file } of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it("waits for the end of a turn in a way that a test's fake timers do not stop", () => {
    const calls = (text: string): boolean => /\bsetImmediate\(/.test(text);
    const texts = sources
      .filter(({ folder }) => folder !== "cli")
      .map(({ file }) => ({ file, text: readFileSync(path.join(SRC, file), "utf8") }));
    const own = /^import \{ setImmediate \} from "node:timers(?:\/promises)?";$/m;
    expect(texts.filter(({ text }) => calls(text) && !own.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it.each([
    ["exit\\(|exitCode", ["cli/main.ts", "demo/main.ts"]],
    // The recorder looks for the program's name only.
    ["argv", ["cli/main.ts", "record/run.ts"]],
    // The console sink writes there unless it is told otherwise.
    ["stdin|stdout|stderr", ["cli/surroundings.ts", "sinks/console.ts"]],
  ])("touches process.(%s) in one place only", (members, allowed) => {
    const pattern = new RegExp(`\\bprocess\\.(${members})`);
    const offenders = sources
      .filter(({ file }) => pattern.test(readFileSync(path.join(SRC, file), "utf8")))
      .map(({ file }) => file.replaceAll(path.sep, "/"));
    expect(offenders.filter((file) => !allowed.includes(file))).toEqual([]);
  });
});

describe("the package", () => {
  const manifest = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
    name: string;
    version: string;
    exports: Record<string, string | { types: string; default: string }>;
    bin: Record<string, string>;
    dependencies: Record<string, string>;
  };

  it("exports only what has a source", () => {
    for (const [name, target] of Object.entries(manifest.exports)) {
      const file =
        typeof target === "string"
          ? target
          : target.types.replace("/dist/", "/src/").replace(/\.d\.ts$/, ".ts");
      expect(existsSync(path.join(ROOT, file)), `${name} -> ${file}`).toBe(true);
    }
    for (const file of Object.values(manifest.bin)) {
      expect(existsSync(path.join(ROOT, file.replace("dist/", "src/").replace(/\.c?js$/, ".ts")))).toBe(true);
    }
  });

  it("records under its own name and version", () => {
    expect(RECORDER).toBe(`${manifest.name}/${manifest.version}`);
  });

  it("pins its dependencies exactly", () => {
    for (const version of Object.values(manifest.dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe("the documents", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    .concat(
      readdirSync(path.join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).map((file) =>
        path.join("docs", file),
      ),
    )
    .filter((file) => file.endsWith(".md"));

  it("link only to files that are there", () => {
    const broken = pages.flatMap((page) => {
      const text = readFileSync(path.join(ROOT, page), "utf8");
      return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = ""]) => target)
        .filter((target) => !existsSync(path.join(ROOT, path.dirname(page), target)))
        .map((target) => `${page} -> ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it("have only tables that begin with a head, so that they are shown as tables", () => {
    const broken = pages.flatMap((page) => {
      const text = readFileSync(path.join(ROOT, page), "utf8").replaceAll(/^```.*?^```/gms, "");
      return [...text.matchAll(/(?<!^\|.*\n)^\|.*\n(?!\|[ :|-]+\|$)/gm)].map(([row]) => `${page}: ${row}`);
    });
    expect(broken).toEqual([]);
  });

  it("have a section for every command", () => {
    const headings = readFileSync(path.join(ROOT, "docs", "cli.md"), "utf8")
      .match(/^## .*$/gm)
      ?.join("\n");
    for (const { name } of COMMANDS) expect(headings).toMatch(new RegExp(`\`${name}[\` ]`));
  });

  it("show programs that are there, as they are", () => {
    const folder = path.join(ROOT, "examples", "recording");
    const programs = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "utf8"));
    const page = readFileSync(path.join(ROOT, "docs", "recording.md"), "utf8");
    const shown = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map(([, program = ""]) => program);
    expect(shown.filter((program) => !programs.some((text) => text.endsWith(program)))).toEqual([]);
    expect(shown).toHaveLength(programs.length);
  });

  it("name every option of stores and sessions, every helper and every error", () => {
    const page = readFileSync(path.join(ROOT, "docs", "recording.md"), "utf8");
    const named = (file: string, pattern: RegExp): string[] =>
      [...readFileSync(path.join(SRC, file), "utf8").matchAll(pattern)].map(([, name = ""]) => name);
    const names = [
      ...named("record/options.ts", /^ {2}"(\w+)",$/gm),
      ...named("record/helpers.ts", /^ {2}(\w+)\(.*\): \w+Handle \{$/gm).filter((name) => name !== "result"),
      ...named("base/errors.ts", /^ {2}\| "(\w+)"/gm),
    ];
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(page))).toEqual([]);
  });

  it("say what every folder of src is for", () => {
    const text = readFileSync(path.join(ROOT, "docs", "architecture.md"), "utf8");
    for (const folder of Object.keys(MAY_IMPORT)) expect(text).toContain(`\`${folder}\``);
  });
});
