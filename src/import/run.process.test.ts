// An import killed at random moments, with real processes and real SIGKILLs.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { eventsIn, importedIn } from "../../test/store-contents.ts";

const ROUNDS = 3;
const KILLS = 6;

let folder: string;
let projects: string;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  projects = path.join(folder, "projects");
  fs.mkdirSync(projects);
  for (const name of ["one", "two"])
    fs.writeFileSync(path.join(projects, `${name}.jsonl`), transcript(name, 12_000));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Records of two sessions that take turns, some of them damaged, some without an id. */
function transcript(name: string, records: number): string {
  let text = "";
  for (let index = 0; index < records; index++) {
    const timestamp = new Date(Date.UTC(2026, 0, 6) + index * 1000).toISOString();
    const envelope = {
      sessionId: index % 100 < 10 ? `${name}-b` : name,
      uuid: `${name}-${index}`,
      timestamp,
    };
    const content =
      index % 3 === 0
        ? [
            {
              type: "tool_use",
              id: `toolu_${index}`,
              name: "Bash",
              input: { command: "x".repeat(index % 500) },
            },
          ]
        : [{ type: "text", text: "words ".repeat(index % 90) }];
    const message = { id: `msg_${index}`, model: "claude-opus-4-5", content, usage: { input_tokens: index } };
    text += `${JSON.stringify({ type: "assistant", ...envelope, message })}\n`;
    if (index % 50 === 0) text += `${JSON.stringify({ type: "mode", sessionId: name, mode: "plan" })}\n`;
    if (index % 70 === 0) text += "{torn\n";
  }
  return text;
}

function moduleAt(name: string): string {
  return JSON.stringify(pathToFileURL(path.join(import.meta.dirname, "..", name)));
}

/** Imports in a process of its own, which is killed after a while. Tells how long it took, or that it was killed. */
async function importOnce(dir: string, killAfterMs = Infinity): Promise<number | "killed"> {
  const script = `
    import { importSessions } from ${moduleAt("import/index.ts")};
    import { openStore } from ${moduleAt("record/index.ts")};
    process.stdout.write("ready");
    const store = openStore({ dir: ${JSON.stringify(dir)} });
    await importSessions(store, { paths: [${JSON.stringify(projects)}] });
    store.close();`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  let readyMs = 0;
  child.stdout.once("data", () => {
    readyMs = performance.now();
    if (killAfterMs !== Infinity) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(errors).toBe("");
  return code === 0 ? performance.now() - readyMs : "killed";
}

describe("an import that is killed again and again", () => {
  it(`ends with exactly what one undisturbed run gives (${ROUNDS} stores, up to ${KILLS} kills each)`, async () => {
    const undisturbed = path.join(folder, "undisturbed");
    const wholeMs = Number(await importOnce(undisturbed));
    expect(wholeMs).toBeGreaterThan(0);
    const expected = importedIn(undisturbed);
    let kills = 0;
    let resumed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const dir = path.join(folder, `store-${round}`);
      for (let kill = 0; kill < KILLS; kill++) {
        if ((await importOnce(dir, Math.random() * (wholeMs / 2))) !== "killed") break;
        kills++;
      }
      expect(await importOnce(dir)).not.toBe("killed");
      expect(importedIn(dir)).toEqual(expected);
      for (const events of eventsIn(dir).values())
        resumed += events.filter(({ event }) => event === "RESUMED").length;
    }
    // Otherwise the kills hit nothing, and this test says nothing.
    expect(kills).toBeGreaterThan(ROUNDS);
    expect(resumed).toBeGreaterThan(0);
  });
});
