// Every example is run as a user would run it, in an empty folder, against the built package.

import * as fs from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { runExample } from "./run-example.ts";
import type { ExampleRun } from "./run-example.ts";

const EXAMPLES = path.join(import.meta.dirname, "..", "examples", "sinks");

/** What each example has to have done. */
const CHECKS: Record<string, (run: ExampleRun) => void> = {
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
      await runExample(`sinks/${example}`, (result) => {
        expect(result.stderr).toBe("");
        check(result);
      });
    },
    60_000,
  );
});
