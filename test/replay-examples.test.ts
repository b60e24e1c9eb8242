// The examples of replay do what docs/replay.md says.

import * as fs from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { runExample } from "./run-example.ts";

const EXAMPLES = path.join(import.meta.dirname, "..", "examples", "replay");

/** What each example prints. */
const OUTPUTS: Record<string, string[]> = {
  "reproduce.ts": [
    "scout-1 scout: 8 events, ended",
    "planner-1 planner: 3 events, ended",
    "(running) other: 1 events, running",
    'scout USER_MESSAGE: "Which ports are open on the test host?"',
    'scout TOOL_CALL: "nmap -p 22,80 test.example"',
    String.raw`scout TOOL_RESULT: "22/tcp open\n80/tcp open"`,
    'planner AGENT_MESSAGE: "Then look at the web server first."',
    'scout TOOL_CALL: "curl http://test.example"',
    'scout TOOL_RESULT: "connection refused"',
    'scout AGENT_MESSAGE: "Ports 22 and 80; the web server does not answer."',
  ],
  "state.ts": [
    "2 read ok",
    "4 search error",
    "6 delete no result",
    "user Remove what is not used.",
    'call read {"file_path":"src/a.ts"}',
    "result read (0 ms) export const a = 1;",
    'call search {"text":"a"}',
    "result search error (0 ms) timeout",
    'call delete {"file_path":"src/a.ts"}',
    "files: src/a.ts",
  ],
  "cassette.ts": [
    "true true { served: 4, missed: 0, unused: [] }",
    'TracekeepError: the tool call weather with "Roma" is not in the recording; the nearest is event 4, where the argument is "Rome" and not "Roma"',
  ],
  "ai-sdk.ts": ["live:    It is 5.", "again:   It is 5. { served: 3, missed: 0, unused: [] }"],
  "compare.ts": [
    "1 the same, then: { path: 'args.command', values: [ 'npm test', 'npm run lint' ] }",
    "of the rest, 2 in both",
  ],
};

describe("the examples of replay", () => {
  it("are all run here", () => {
    expect(fs.readdirSync(EXAMPLES).toSorted()).toEqual(Object.keys(OUTPUTS).toSorted());
  });

  it.concurrent.each(Object.entries(OUTPUTS))(
    "%s",
    async (example, output) => {
      await runExample(`replay/${example}`, ({ stdout, stderr }) => {
        expect(stderr).toBe("");
        // What a call takes is measured, and is the only thing that may vary.
        const lines = stdout.replaceAll(/\(\d+(?:\.\d+)? m?s\)/g, "(0 ms)").trimEnd().split("\n"); // prettier-ignore
        expect(lines).toEqual(output);
      });
    },
    60_000,
  );
});
