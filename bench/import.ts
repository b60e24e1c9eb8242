// How fast a large Claude Code transcript is imported, and in how much memory.
//
//   npx tsx bench/import.ts [megabytes, default 1000]
//
// The transcript is made of real ones, repeated with fresh ids, so that every call in it is a call of its own. It is
// imported into an empty store by a process of its own. Targets: at least 40 MB/s, peak memory under 200 MB.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { importSessions } from "../src/import/index.ts";
import { openStore } from "../src/record/index.ts";

const SOURCES = path.resolve(import.meta.dirname, "../../shared/realdata/claude-code/entireio-cli");
const SESSION = "00000000-0000-4000-8000-000000000000";

const [mode, ...rest] = process.argv.slice(2);
if (mode === "child") await child(String(rest[0]), String(rest[1]));
else parent(Number(mode ?? 1000));

function parent(megabytes: number): void {
  if (!fs.existsSync(SOURCES)) {
    console.log(`skipped: no transcripts to repeat at ${SOURCES}`);
    return;
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
  try {
    const file = path.join(directory, `${SESSION}.jsonl`);
    writeTranscript(file, megabytes * 1e6);
    const self = fileURLToPath(import.meta.url);
    const args = [...process.execArgv, self, "child", file, path.join(directory, "store")];
    process.stdout.write(execFileSync(process.execPath, args, { encoding: "utf8" }));
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

async function child(file: string, dir: string): Promise<void> {
  const store = openStore({ dir });
  const startMs = performance.now();
  const before = process.cpuUsage();
  const { events_added: events, skipped } = await importSessions(store, { paths: [file] });
  store.close();
  const seconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(before);
  const megabytes = fs.statSync(file).size / 1e6;
  const againMs = performance.now();
  const again = await importSessions(store, { paths: [file] });
  const written =
    fs.readdirSync(dir).reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0) / 1e6;
  console.log(
    [
      `transcript  ${megabytes.toFixed(0)} MB, ${events} events, ${skipped.length} skipped; store ${written.toFixed(0)} MB`,
      `import      ${seconds.toFixed(1)} s, ${(megabytes / seconds).toFixed(1)} MB/s`,
      `per core    ${((megabytes * 1e6) / (user + system)).toFixed(1)} MB/s (processor time of all threads)`,
      `peak RSS    ${((process.resourceUsage().maxRSS * 1024) / 1e6).toFixed(0)} MB`,
      `again       ${((performance.now() - againMs) / 1000).toFixed(2)} s, ${again.events_added} events added`,
    ].join("\n"),
  );
}

/** Repeats the sources, each time with other ids, in one session. */
function writeTranscript(file: string, bytes: number): void {
  const names = fs.readdirSync(SOURCES).filter((name) => name.endsWith(".jsonl"));
  const text = names
    .map((name) => `${fs.readFileSync(path.join(SOURCES, name), "utf8").trimEnd()}\n`)
    .join("");
  // Every second piece is the end of an id: of a message, a request, a tool call or a record.
  const id =
    /((?:msg|req|toolu)_[A-Za-z0-9]{10,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/;
  const pieces = text.replaceAll(/"sessionId":"[^"]*"/g, `"sessionId":"${SESSION}"`).split(id);
  const output = fs.openSync(file, "w");
  for (let written = 0, round = 0; written < bytes; round++) {
    const end = round.toString(16).padStart(5, "0");
    const fresh = pieces.map((piece, index) =>
      index % 2 === 0 || piece === SESSION ? piece : piece.slice(0, -5) + end,
    );
    written += fs.writeSync(output, fresh.join(""));
  }
  fs.closeSync(output);
}
