// Every example is run as a user would run it, in an empty folder, against the built package.

import { execFile } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

const EXAMPLES = path.join(import.meta.dirname, "..", "examples", "sinks");
const TSX = path.join(import.meta.dirname, "..", "node_modules", "tsx", "dist", "loader.mjs");

interface Run {
  stdout: string;
  stderr: string;
  /** Types of the events in a file that the example made. */
  events: (file: string) => string[];
}

async function run(example: string, check: (run: Run) => void): Promise<void> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", TSX, path.join(EXAMPLES, example)],
      { cwd, timeout: 60_000, env: { ...process.env, NO_COLOR: "1" } },
    );
    const events = (file: string): string[] =>
      fs
        .readFileSync(path.join(cwd, file), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { event: string }).event);
    check({ stdout, stderr, events });
  } finally {
    fs.rmSync(cwd, { recursive: true });
  }
}

/** What each example has to have done. */
const CHECKS: Record<string, (run: Run) => void> = {
  "jsonl.ts": ({ events }) => {
    expect(events("var/audit/agent-events.jsonl")).toEqual(["START", "USER_MESSAGE", "END"]);
    expect(events("var/audit/other-events.jsonl")).toEqual(["START", "USER_MESSAGE", "END"]);
  },
  "durability.ts": ({ stdout, events }) => {
    for (const durability of ["os", "interval", "fsync"]) {
      expect(stdout).toContain(`event 1 has reached ${durability}\n`);
      expect(events(`events-${durability}.jsonl`)).toEqual(["START", "DECISION", "END"]);
    }
  },
  "memory.ts": ({ stdout }) => expect(stdout).toBe("[ 'step 4', 'step 5' ] and 4 dropped\n"),
  "null.ts": ({ stdout }) => expect(stdout).toBe("USER_MESSAGE 1 by reviewer, kept nowhere\n"),
  "custom.ts": ({ stdout }) =>
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "refused: the sink refused an event: the queue is full",
      "[ '0 START', '1 USER_MESSAGE', '2 AGENT_MESSAGE' ]",
      "[ '3 USER_MESSAGE', '4 GAP' ]",
    ]),
  "buffered.ts": ({ stdout, events }) => {
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "2 delivered",
      "8 dropped",
      "raised: the queue of the buffered sink is full: its 3 places are taken",
    ]);
    expect(events("events.jsonl")).toEqual(["START", "USER_MESSAGE", "END"]);
  },
  "async-jsonl.ts": ({ stdout, events }) => {
    expect(stdout).toBe("100 on the medium, the last one is event 100\n");
    expect(events("events.jsonl")).toHaveLength(102);
  },
  "async-buffered.ts": ({ stdout }) => expect(stdout).toBe("5 delivered\ntrue\n"),
  "several.ts": ({ stdout, events }) => {
    expect(events("events.jsonl")).toEqual(["START", "USER_MESSAGE", "ERROR", "USER_MESSAGE", "END"]);
    expect(stdout).toContain("a copy is incomplete: the sink refused an event: the collector is down\n");
    expect(stdout.match(/a copy is incomplete/g)).toHaveLength(1);
    expect(stdout).toContain('ERROR    ERROR error="this is"\n');
    expect(stdout).toContain('USER_MESSAGE message="now it is"\n');
    expect(stdout).not.toContain("not severe enough");
  },
  "beside-a-store.ts": ({ stdout }) =>
    expect(stdout).toBe("[ 'START', 'TOOL_CALL', 'TOOL_RESULT', 'END' ]\ntrue\n"),
  "check-your-own.ts": ({ stdout }) => {
    // Node 24 prints its own format where earlier versions print TAP.
    expect(stdout).toMatch(/^(?:#|ℹ) pass 6$/m);
    expect(stdout).toMatch(/^(?:#|ℹ) fail 0$/m);
  },
};

describe("the examples of sinks", () => {
  it("are all run here", () => {
    expect(fs.readdirSync(EXAMPLES).toSorted()).toEqual(Object.keys(CHECKS).toSorted());
  });

  it.concurrent.each(Object.entries(CHECKS))(
    "%s",
    async (example, check) => {
      await run(example, (result) => {
        expect(result.stderr).toBe("");
        check(result);
      });
    },
    60_000,
  );
});

/** The same for examples of reading. */
const READ_CHECKS: Record<string, (run: Run) => void> = {
  "sentinel-patterns.ts": ({ stdout }) =>
    expect(stdout.split("\n")).toEqual([
      "all: START TOOL_CALL TOOL_CALL ERROR BRANCH",
      expect.stringMatching(/^skipped: bytes \d+ to \d+$/),
      "tool calls of the last hour: 40",
      "errors: ERROR",
      "slow: 1 1",
      "ever: 4 of 5",
      "streamed: 5",
      "progress: complete",
      "",
    ]),
};

describe("the examples of reading", () => {
  it("are all run here", () => {
    expect(fs.readdirSync(path.join(EXAMPLES, "../read")).toSorted()).toEqual(
      Object.keys(READ_CHECKS).toSorted(),
    );
  });

  it.concurrent.each(Object.entries(READ_CHECKS))(
    "%s",
    async (example, check) => {
      await run(path.join("../read", example), (result) => {
        expect(result.stderr).toBe("");
        check(result);
      });
    },
    60_000,
  );
});
