// What `npm start` does: records a short real run, brings in what Claude Code and Codex recorded on this machine, and
// shows the audit of it all. Writes into `.tracekeep` only; a second run adds only what is new.

import process from "node:process";

import { TracekeepError } from "../base/errors.ts";
import { COMMANDS } from "../cli/commands.ts";
import { runCommand } from "../cli/run.ts";
import { processSurroundings } from "../cli/surroundings.ts";
import { openStore, RECORDER } from "../record/index.ts";
import { runDemoAgent } from "./agent.ts";

const DEMO_SESSION = "demo";

const surroundings = processSurroundings();
const { stdout } = surroundings;
const store = openStore();

stdout.line(`Store: ${store.dir}`);
recordDemo();
store.close();

stdout.line("\nImporting what Claude Code and Codex recorded on this machine:");
await tracekeep("import");
stdout.line();
await tracekeep("audit");
stdout.line(`
Try next:
  npx tracekeep show ${DEMO_SESSION}                         the run that was just recorded, event by event
  npx tracekeep query --severity ERROR --last 5   the latest errors of all sessions
  npx tracekeep audit --last 7d                   the audit of the last seven days`);
await stdout.drain();

function recordDemo(): void {
  try {
    const session = store.startSession({
      id: DEMO_SESSION,
      agent: "demo-agent",
      title: "A small agent repairs a failing test",
      project: process.cwd(),
    });
    runDemoAgent(session, store.dir);
    session.end();
    stdout.line(`Recorded a run of a small scripted agent: ${session.file}`);
  } catch (error) {
    if (!(error instanceof TracekeepError && error.code === "SESSION_EXISTS")) throw error;
    stdout.line("The demo run is recorded already.");
  }
}

async function tracekeep(...argv: string[]): Promise<void> {
  const code = await runCommand(COMMANDS, ["--dir", store.dir, ...argv], surroundings, RECORDER);
  // 3 says that something was found, such as lines that an import skipped; the audit shows what.
  if (code !== 0 && code !== 3) process.exitCode = code;
}
