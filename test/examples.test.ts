// Every example is run as a user would run it, in an empty folder, against the built package.

import * as fs from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { runExample } from "./run-example.ts";
import type { ExampleRun } from "./run-example.ts";

const EXAMPLES = path.join(import.meta.dirname, "..", "examples");

/** What each example of sinks has to have done. */
const SINKS: Record<string, (run: ExampleRun) => void> = {
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

/** What each example of streams has to have printed. */
const STREAMS: Record<string, (run: ExampleRun) => void> = {
  "rotation.ts": ({ stdout }) =>
    expect(stdout).toBe("at 00:00 in Europe/Berlin kept for 7 days\n0 files were deleted\n"),
  "chunks.ts": ({ stdout }) => {
    for (const name of ["one", "other"]) {
      expect(stdout).toContain(`${name}: message\n`);
      expect(stdout).toContain(`${name}:  and more\n`);
    }
  },
  "all-logs.ts": ({ stdout }) =>
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "s2 chat first",
      "s1 chat second",
      "in the store: [ 's1', 's2' ]",
      "open here: [ 's1' ]",
    ]),
  "distribute.ts": ({ stdout }) => expect(stdout).toBe("nothing to do: 0\ndistributed: 2\ncancelled\n"),
  "pop.ts": ({ stdout }) => expect(stdout).toBe("<think>\nLet me \nsee.\n</think>\n"),
  "console.ts": ({ stdout }) => expect(stdout).toBe("Is it green?\nIt is.\n"),
  "log-entry.ts": ({ stdout }) =>
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "chat 24",
      'logEntry: log_type must be one of chat, log, got "chatter"',
      "log the model was asked",
    ]),
  "cancel.ts": ({ stdout }) =>
    expect(stdout).toBe("Hello\nnothing more for 50 ms\n50 ms are over\nTimeoutError\n"),
  "record-a-model.ts": ({ stdout }) =>
    expect(stdout).toBe(
      "REASONING <think>\nREASONING hm\nREASONING </think>\nAGENT_MESSAGE The build\nAGENT_MESSAGE  is green.\n" +
        "<think>hm</think>The build is green.\n",
    ),
  "central-stream.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n").toSorted()).toEqual([
      "one: s1 Is it green?",
      "one: s2 It is.",
      "other: cannot show it",
    ]),
  "filters.ts": ({ stdout }) => {
    const lines = stdout.trim().split("\n");
    expect(lines.filter((line) => line.startsWith("severe"))).toEqual([
      "severe: NOTE this may take a while",
      "severe: CHECKPOINT heard now",
      "severe: TOOL_CALL grep",
      "severe: TOOL_CALL make",
      "severe: END undefined",
    ]);
    expect(lines.filter((line) => line.startsWith("slow"))).toEqual(["slow tools: TOOL_CALL make"]);
  },
  "marks.ts": ({ stdout }) =>
    expect(stdout).toBe(
      '"["\n"[Let me "\n"see.]"\n"]"\n' +
        "REASONING [\nREASONING [Let me see.]]\nAGENT_MESSAGE Yes, <think> is a word here.\n",
    ),
  "one-logger.ts": ({ stdout, file }) => {
    expect(stdout).toBe("Hello\n");
    expect(file("logs/.gitignore")).toBe("*\n");
  },
  "server-sent-events.ts": ({ stdout }) =>
    expect(stdout).toBe("[ 'START', 'USER_MESSAGE', 'AGENT_MESSAGE', 'END' ]\n[ 'AGENT_MESSAGE', 'END' ]\n"),
};

const AUDIT_LOG: Record<string, (run: ExampleRun) => void> = {
  "constants.ts": ({ stdout }) =>
    expect(stdout).toBe("audit.jsonl 10485760 10 1000\n17 types, such as nav\nnot known: [ 'deplyo' ]\n"),
  "session-ids.ts": ({ stdout }) => expect(stdout).toBe("40 events of 4 sessions\n"),
  "open-and-close.ts": ({ stdout }) =>
    expect(stdout).toBe("there before the first event: false\non the medium: true\n1 event\n"),
  "log.ts": ({ stdout, events }) => {
    expect(stdout.split("\n").slice(0, -1)).toEqual([
      "line 3 has reached fsync",
      "cost_usd 0.0021",
      "input_tokens 812",
      "duration_ms 412",
      "raw_brief_path briefs/1.md",
      "attempt 1",
    ]);
    expect(events("audit.jsonl")).toEqual(["START", "nav", "nav", "budget"]);
  },
  "rotation.ts": ({ stdout }) =>
    expect(stdout).toBe("archived as audit.0000.jsonl.gz\n1000 events in order\n"),
  "crash-recovery.ts": ({ stdout }) => {
    expect(stdout.match(/^(before|after)$/gm)).toEqual(["before", "after"]);
    expect(stdout.match(/passed over/g)).toHaveLength(2);
    expect(stdout).toContain('kept: {"event":"nav","times\n');
  },
  "fsync.ts": ({ stdout }) => expect(stdout).toBe("interval\nfsync\nfsync\n"),
  "query.ts": ({ stdout }) => expect(stdout).toBe("nav exactly then\ntldr later\n1\n1\n"),
  "last-events.ts": ({ stdout }) => expect(stdout).toBe("20\n[ 27, 28, 29 ]\n[ 10, 20 ]\n"),
  "spend.ts": ({ stdout }) =>
    expect(stdout).toBe(
      "0.625 0.875\nfalse the last hour has cost $0.63, and this is expected to cost $0.50 more; " +
        "its budget is $1.00\nok\n",
    ),
  "accuracy.ts": ({ stdout }) => {
    expect(stdout).toContain("{ totalNav: 0, validationFailCount: 0, accuracyPct: 100 }");
    expect(stdout).toContain("{ totalNav: 3, validationFailCount: 1, accuracyPct: 66.67 }");
    expect(stdout).toContain("avgConfidence: 0.6,");
    expect(stdout).toContain("lastQueries: [ { outcome: 'escalate', reason: 'unsure' } ]");
  },
  "faults.ts": ({ stdout }) =>
    expect(stdout.split("\n")).toEqual(["told: IO", "refused: IO", "true", "GAP true", ""]),
  "old-files.ts": ({ stdout }) => expect(stdout).toBe("nav 0.25 800\nnav 0.5 800\n3\ntrue\n"),
};

const TRACE_WRITER: Record<string, (run: ExampleRun) => void> = {
  "strategy-a.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n").toSorted()).toEqual([
      "session_20260106_a1b2.jsonl 25 ended",
      "session_20260106_c614.jsonl 25 ended",
      "session_20260106_d3e4.jsonl 25 ended",
      "session_20260107_f0f0.jsonl 25 ended",
    ]),
  "strategy-b.ts": ({ stdout, events }) => {
    expect(stdout).toBe("100 tool calls\nnumbered without a gap: true\n");
    expect(events("audit.jsonl")).toHaveLength(104);
  },
  "strategy-c.ts": ({ stdout, events }) => {
    expect(stdout).toBe("40 traces\n");
    expect(events("traces.jsonl")).toHaveLength(40);
  },
  "locked-append.ts": ({ stdout, events }) => {
    expect(stdout).toBe("100 traces\nTracekeepError LOCK_TIMEOUT\n");
    expect(events("traces.jsonl")).toHaveLength(100);
  },
  "detection.ts": ({ stdout }) => {
    expect(stdout).toContain("ALERT: MEDIUM TOOL_STORM\n");
    expect(stdout).toContain("ANOMALY_DETECTED TOOL_CALL ");
    expect(stdout.match(/ALERT/g)).toHaveLength(stdout.match(/ANOMALY_DETECTED/g)?.length ?? 0);
  },
  "trace-rotator.ts": ({ stdout }) => {
    expect(stdout).toMatch(
      /^kept 30 days\nwould archive (monday|tuesday): the active logs take more than 0 MiB\n/,
    );
    expect(stdout).toMatch(/\n0 active, 2 archived, 2 in all\n$/);
  },
  "session-index.ts": ({ stdout }) => expect(stdout).toBe("session_20260106_c614.jsonl 1 85\ntrue\n"),
  "key-functions.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n")).toEqual([
      "session_20260106_c614.jsonl",
      "trace 1 has reached fsync",
      "0 START",
      "1 TOOL_CALL",
      "2 TOOL_CALL",
      "3 TOOL_RESULT",
      "4 TOOL_CALL",
      "tool calls of the last hour: 3",
      "errors of orchestrators: 1",
      "longer than five seconds: 1",
      "the same by a function: 1",
      "ended NORMAL",
    ]),
  "append-trace.sh": ({ stdout }) => {
    const receipts = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { session_id: string });
    expect(receipts).toHaveLength(9);
    expect(new Set(receipts.map(({ session_id: id }) => id))).toEqual(new Set(["deploy-42"]));
  },
};

/** What each example of reading has to have printed. */
const READ: Record<string, (run: ExampleRun) => void> = {
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

/** What each example of sessions has to have printed: every statement of Decepticon's page. */
const SESSIONS: Record<string, (run: ExampleRun) => void> = {
  "lifecycle.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n")).toEqual([
      "Planner ended 6 events 1 tool calls",
      "Recon ended 4 events 0 tool calls",
      'model: {"model":{"provider":"anthropic","name":"claude-4"}}',
      "the output belongs to its command: true",
    ]),
  "save-load-list.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n")).toEqual([
      "documents/2026/01/01/session_scan-1.json",
      "documents/2026/01/02/session_scan-2.json",
      "documents/2026/01/03/session_scan-3.json",
      `scan-3 4 ${"x".repeat(20)}`,
      "scan-2 4 And port 80?",
      "scan-1 4 Is port 22 open?",
      "on 2 January: scan-1 scan-2",
      "START, USER_MESSAGE, a type of ours, END",
      "4 in its document",
      expect.stringMatching(/^cut\.json is damaged at byte \d+: the document is cut short$/),
      'there is no session "*"',
    ]),
  "reconstruct.ts": ({ stdout, file }) => {
    expect(stdout).toBe("user Is port 22 open?\ncall nmap nmap -p 22 10.0.0.1\ntools called by then: 1\n");
    expect(file("incident-7.md")).toMatch(/### Tool `nmap`, [\d:]+\n\n```text\nnmap -p 22 10\.0\.0\.1\n```/);
  },
  "one-logger.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n")).toEqual([
      "Planner: to Planner",
      "Recon: to Recon",
      expect.stringMatching(/: from anywhere$/),
    ]),
  "decepticon-files.ts": ({ stdout }) =>
    expect(stdout.trim().split("\n")).toEqual([
      "4 events of 1 session",
      "2025-06-10T05:03:20.000Z START ",
      "2025-06-10T05:03:22.123Z USER_MESSAGE ",
      "2025-06-10T05:03:23.500Z TOOL_CALL nmap",
      "2025-06-10T05:03:29.750Z TOOL_RESULT nmap",
      "2025-06-10T05:03:31.000Z AGENT_MESSAGE ",
      "the same file: true",
    ]),
};

/** The programs of docs/recording.md. */
const RECORDING: Record<string, (run: ExampleRun) => void> = {
  "model-calls.ts": ({ stdout }) =>
    expect(stdout).toMatch(/^1 model call \(812 tokens in, \$0\.00\d+\), 1 tool failed\n$/),
  "agents.ts": ({ stdout }) =>
    expect(stdout).toBe(
      "planner began by itself, 0 calls failed\nreader is a child, 0 calls failed\nreader is a child, 1 calls failed\n",
    ),
  "receipts.ts": ({ stdout }) =>
    expect(stdout.split("\n").slice(0, -1)).toEqual([
      "its id is there at once: true",
      "event 2 has reached interval",
      "event 3 has reached fsync",
      "event 4 has reached fsync",
      "heard: CLOSED",
      "refused: CLOSED go on with the session by store.openSession(id)",
    ]),
  "go-on.ts": ({ stdout }) =>
    expect(stdout).toBe("SESSION_BUSY\nSTART CHECKPOINT RESUMED CHECKPOINT RESUMED END\n"),
};

/** Used by others. */
const NOT_RUN = ["four-agents.ts"];

describe.each([
  ["audit-log", AUDIT_LOG],
  ["recording", RECORDING],
  ["sinks", SINKS],
  ["read", READ],
  ["sessions", SESSIONS],
  ["streams", STREAMS],
  ["trace-writer", TRACE_WRITER],
])("the examples of %s", (folder, checks) => {
  it("are all run here", () => {
    const names = fs.readdirSync(path.join(EXAMPLES, folder)).filter((name) => !NOT_RUN.includes(name));
    expect(names.toSorted()).toEqual(Object.keys(checks).toSorted());
  });

  it.concurrent.each(Object.entries(checks))(
    "%s",
    async (example, check) => {
      await runExample(path.join(folder, example), (result) => {
        expect(result.stderr).toBe("");
        check(result);
      });
    },
    60_000,
  );
});
