import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Event } from "../../event/index.ts";
import { openReader } from "../../read/index.ts";
import { openStore } from "../../record/index.ts";
import { appendToSpool, listSpool, spoolFileName } from "../../store/session/spool.ts";
import { Holdings } from "../holdings.ts";
import { importSessions } from "../run.ts";
import { foldSpool } from "./fold.ts";
import { hasNews } from "./spool-news.ts";

let folder: string;
let dir: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  dir = path.join(folder, ".tracekeep");
  openStore({ dir }).close();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

let count = 0;
const START_MS = Date.parse("2026-01-06T22:00:00.000Z");

/** What `tracekeep hook` would have put into the spool. */
function spool(session: string, name: string, fields: object = {}, more: object = {}): void {
  count++;
  const record = {
    record_type: "hook",
    id: `hook_${count}`,
    timestamp: new Date(START_MS + count * 1000).toISOString(),
    host: "claude-code",
    payload: { session_id: session, cwd: "/p", permission_mode: "default", hook_event_name: name, ...fields },
    ...more,
  };
  appendToSpool(dir, session, `${JSON.stringify(record)}\n`);
}

const call = (id: string, tool = "Bash"): object => ({
  tool_name: tool,
  tool_input: { n: id },
  tool_use_id: id,
});

async function fold(): Promise<number> {
  const store = openStore({ dir, handleSignals: false });
  try {
    return (await foldSpool(store)).events_added;
  } finally {
    store.close();
  }
}

const eventsOf = (session: string): Event[] => [...openReader({ dir }).events({ session })];
const typesOf = (session: string): string[] => eventsOf(session).map(({ event }) => event);
const rowOf = (session: string): ReturnType<ReturnType<typeof openReader>["session"]>["session"] =>
  openReader({ dir }).session(session).session;

/** A transcript of the session in which the same calls were made. */
function writeTranscript(session: string, calls: readonly string[], startMs = START_MS): string {
  const file = path.join(folder, `${session}.jsonl`);
  const records = calls.flatMap((id, at) => {
    const common = {
      sessionId: session,
      timestamp: new Date(startMs + at * 1000).toISOString(),
      isSidechain: false,
    };
    const usage = { input_tokens: 1, output_tokens: 1 };
    const use = { type: "tool_use", id, name: "Bash", input: { n: id } };
    return [
      {
        type: "assistant",
        uuid: `a-${id}`,
        ...common,
        message: { id: `m-${id}`, role: "assistant", model: "m", content: [use], usage },
      },
      {
        type: "user",
        uuid: `b-${id}`,
        ...common,
        message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "ok" }] },
      },
    ];
  });
  fs.writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return file;
}

describe("folding", () => {
  it("takes every record once, in order, however often it is done and whatever is lost of its own state", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("hook", "fold", "forget", "child"), { maxLength: 25 }),
        async (steps) => {
          fs.rmSync(dir, { recursive: true });
          openStore({ dir }).close();
          const expected: string[] = [];
          for (const step of steps) {
            if (step === "fold") await fold();
            else if (step === "forget") fs.rmSync(path.join(dir, "spool", "folded.json"), { force: true });
            else {
              const id = `t${expected.length}`;
              expected.push(id);
              spool("s", "PreToolUse", { ...call(id), ...(step === "child" ? { agent_id: "a" } : {}) });
            }
          }
          await fold();
          expect(hasNews(dir)).toBe(false);
          const calls = [...openReader({ dir }).events({ event: "TOOL_CALL" })];
          expect(calls.map(({ call_id: id = "" }) => id).toSorted()).toEqual(expected.toSorted());
          for (const session of ["s", "s/agent-a"]) {
            const own = calls
              .filter(({ session_id: id }) => id === session)
              .map(({ source }) => source?.offset ?? -1);
            expect(own).toEqual(own.toSorted((left, right) => left - right));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("waits for nobody: a session that someone else writes to is folded the next time", async () => {
    spool("s", "PreToolUse", call("t1"));
    await fold();
    const store = openStore({ dir, handleSignals: false });
    const holder = store.openSession("s");
    spool("s", "PostToolUse", call("t1"));
    expect(await fold()).toBe(0);
    expect(hasNews(dir)).toBe(true);
    holder.close();
    expect(await fold()).toBe(1);
    expect(hasNews(dir)).toBe(false);
  });

  it("keeps a record that was torn, and reads the one behind it", async () => {
    spool("s", "PreToolUse", call("t1"));
    appendToSpool(dir, "s", '{"record_type":"hook","id":"torn","timestamp":"2026-01-');
    spool("s", "PostToolUse", call("t1"));
    await fold();
    expect(typesOf("s")).toEqual(["START", "TOOL_CALL", "GAP", "TOOL_RESULT"]);
  });

  it("takes a spool file away a day after its session ended, and never one that was added to", async () => {
    spool("s", "SessionStart");
    spool("s", "SessionEnd", { reason: "clear" });
    spool("open", "SessionStart");
    await fold();
    const old = new Date(Date.now() - 2 * 86_400_000);
    for (const { path: file } of listSpool(dir)) fs.utimesSync(file, old, old);
    spool("other", "Stop");
    await fold();
    expect(listSpool(dir).map(({ name }) => name)).toEqual(["open.jsonl", "other.jsonl"]);
    // The session goes on: a new file of the same name.
    spool(
      "s",
      "SessionStart",
      { source: "resume" },
      { process: { host: os.hostname(), boot_id: "b", pid: 1, process_start: "1" } },
    );
    await fold();
    expect(typesOf("s").filter((type) => type !== "RESUMED")).toEqual([
      "START",
      "claude-code/SessionStart",
      "END",
      "claude-code/SessionStart",
    ]);
    expect(rowOf("s").status).toBe("interrupted");
  });

  it("never makes a path of a session's id", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom("..", "../x", "/", "a/b", ".", "", "\0")),
        (id) => {
          expect(spoolFileName(id)).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,130}\.jsonl$/);
        },
      ),
    );
  });
});

describe("hooks and transcript of one session", () => {
  it.each([
    ["hooks first", true],
    ["transcript first", false],
  ])("are one session whose calls count once (%s)", async (_, hooksFirst) => {
    const transcript = writeTranscript("s", ["t1", "t2", "t3"]);
    const store = openStore({ dir, handleSignals: false });
    const hooks = async (): Promise<void> => {
      for (const id of ["t1", "t2"]) {
        spool("s", "PreToolUse", call(id));
        spool("s", "PostToolUse", { ...call(id), tool_response: "ok" });
      }
      spool("s", "PreToolUse", call("t4"));
      spool("s", "PostToolUseFailure", { ...call("t4"), error: "no" });
      await foldSpool(store);
    };
    const words = async (): Promise<void> => void (await importSessions(store, { paths: [transcript] }));
    await (hooksFirst ? hooks() : words());
    await (hooksFirst ? words() : hooks());
    store.close();
    const row = rowOf("s");
    expect(row).toMatchObject({ tool_calls: 4, tool_errors: 1, model_calls: 3, origin: "claude-code" });
    // Both testimonies are kept, the second one marked.
    const calls = eventsOf("s").filter(({ event }) => event === "TOOL_CALL");
    expect(calls).toHaveLength(6);
    expect(calls.filter(({ copy_of: of }) => of === "s").map(({ call_id: id }) => id)).toEqual(["t1", "t2"]);
    expect(await fold()).toBe(0);
  });

  it("are followed without reading other sessions again, and a fork's copies are told all the same", async () => {
    const readCalls = vi.spyOn(Holdings.prototype, "readCalls");
    const nowMs = Date.now();
    const reads = async (session: string, calls: readonly string[], startMs: number): Promise<number> => {
      readCalls.mockClear();
      const transcript = writeTranscript(session, calls, startMs);
      spool(session, "Notification", { transcript_path: transcript });
      await fold();
      return readCalls.mock.calls.length;
    };
    try {
      expect(await reads("old", ["t0", "t1"], START_MS)).toBe(1);
      expect(await reads("s", ["t5"], nowMs)).toBe(1);
      expect(await reads("s", ["t5", "t6"], nowMs)).toBe(0);
      expect(await reads("s", ["t5", "t6", "t7"], nowMs)).toBe(0);
      expect(rowOf("s")).toMatchObject({ tool_calls: 3, copies: { tool_calls: 0 } });
      // A fork that was looked at while its history was still being copied: what is old may be another session's.
      expect(await reads("fork", ["t0"], START_MS)).toBe(1);
      expect(await reads("fork", ["t0", "t1"], START_MS)).toBeGreaterThan(0);
      expect(rowOf("fork")).toMatchObject({ tool_calls: 2, copies: { tool_calls: 2 } });
    } finally {
      readCalls.mockRestore();
    }
  });

  it("are not confused with a fork's copy of the same calls", async () => {
    const store = openStore({ dir, handleSignals: false });
    spool("one", "PreToolUse", call("t1"));
    spool("one", "PostToolUse", call("t1"));
    await foldSpool(store);
    await importSessions(store, {
      paths: [writeTranscript("one", ["t1"]), writeTranscript("two", ["t1", "t2"])],
    });
    store.close();
    const copies = eventsOf("two").filter(({ event }) => event === "TOOL_CALL");
    expect(copies.map(({ copy_of: of }) => of)).toEqual(["one", undefined]);
    expect([rowOf("one").tool_calls, rowOf("two").tool_calls, rowOf("two").copies.tool_calls]).toEqual([
      1, 2, 1,
    ]);
  });
});

describe("a hook call", () => {
  const NAMES =
    "PreToolUse PostToolUse PostToolUseFailure PostToolBatch Notification UserPromptSubmit UserPromptExpansion SessionStart SessionEnd Stop StopFailure SubagentStart SubagentStop PreCompact PostCompact PreModelSwitch PostModelSwitch PermissionRequest PermissionDenied Setup TeammateIdle TaskCreated TaskCompleted Elicitation ElicitationResult ConfigChange WorktreeCreate WorktreeRemove InstructionsLoaded CwdChanged FileChanged DirectoryAdded MessageDisplay".split(
      " ",
    );

  it("of every known name is kept, and so is one that nobody knows yet", async () => {
    expect(NAMES).toHaveLength(33);
    for (const name of [...NAMES, "SomethingNew"]) spool("s", name, { own_field: `of ${name}` });
    await fold();
    const told = eventsOf("s").filter(({ source }) => source !== undefined);
    const hooks = told.map(({ metadata }) => (metadata as { hook?: string }).hook);
    expect(hooks).toEqual([...NAMES, "SomethingNew"]);
    for (const event of told)
      expect(JSON.stringify(event)).toContain(`of ${(event["metadata"] as { hook: string }).hook}`);
    expect(told.at(-1)?.event).toBe("claude-code/SomethingNew");
  });

  it("says who allowed a call as far as hooks can tell", async () => {
    const asked = (id: string): object => ({ tool_name: "Bash", tool_input: { n: id } });
    for (const id of ["ran", "refused"]) {
      spool("s", "PreToolUse", call(id));
      spool("s", "PermissionRequest", asked(id));
    }
    spool("s", "PostToolUse", call("ran"));
    spool("s", "PreToolUse", call("auto"));
    spool("s", "PermissionDenied", { ...call("auto"), reason: "too risky" });
    spool("s", "PreToolUse", call("free"));
    spool("s", "PostToolUse", call("free"));
    spool("s", "Stop");
    await fold();
    const ledger = eventsOf("s")
      .filter(({ event }) => /PERMISSION|APPROVAL|POLICY/.test(event))
      .map(({ event, call_id: id, status, approver, policy, reason }) => [
        event,
        id,
        status,
        approver ?? policy ?? reason,
      ]);
    expect(ledger).toEqual([
      ["PERMISSION_REQUEST", "ran", undefined, undefined],
      ["PERMISSION_REQUEST", "refused", undefined, undefined],
      ["HUMAN_APPROVAL", "ran", "approved", "user"],
      ["POLICY_CHECK", "auto", "denied", "auto-mode"],
      ["HUMAN_APPROVAL", "refused", "denied", "user"],
    ]);
  });

  it("of Codex, Gemini and Cursor is understood in their own terms", async () => {
    spool("c", "PreToolUse", { ...call("x1", "shell"), turn_id: "t" }, { host: "codex" });
    spool(
      "c",
      "PostToolUse",
      { ...call("x1", "shell"), turn_id: "t", tool_response: "ok" },
      { host: "codex" },
    );
    const gemini = { tool_name: "read_file", tool_input: { path: "a" } };
    spool("g", "BeforeTool", gemini, { host: "gemini" });
    spool(
      "g",
      "AfterTool",
      { ...gemini, tool_response: { llmContent: "", error: "no file" } },
      { host: "gemini" },
    );
    const cursor = { conversation_id: "u", session_id: undefined, tool_name: "Shell", tool_input: {} };
    spool("u", "preToolUse", cursor, { host: "cursor" });
    spool("u", "postToolUse", { ...cursor, tool_output: "ok", duration: 12 }, { host: "cursor" });
    spool("u", "beforeReadFile", cursor, { host: "cursor" });
    await fold();
    for (const [id, agent, errors] of [
      ["c", "codex", 0],
      ["g", "gemini", 1],
      ["u", "cursor", 0],
    ] as const) {
      expect(rowOf(id)).toMatchObject({ agent_id: agent, origin: agent, tool_calls: 1, tool_errors: errors });
      const [one, two] = eventsOf(id).filter(({ call_id: callId }) => callId !== undefined);
      expect(one?.call_id).toBe(two?.call_id);
    }
    expect(typesOf("u")).toContain("cursor/beforeReadFile");
    expect(eventsOf("u").find(({ event }) => event === "TOOL_RESULT")).toMatchObject({
      duration_ms: 12,
      result: "ok",
    });
  });

  it("names a transcript that is imported only when it is called like its session", async () => {
    const transcript = writeTranscript("real", ["t9"]);
    spool("other", "Stop", { transcript_path: transcript });
    await fold();
    expect([...openReader({ dir }).sessions()].map(({ session_id: id }) => id)).toEqual(["other"]);
    spool("real", "Stop", { transcript_path: transcript });
    await fold();
    expect(rowOf("real")).toMatchObject({ tool_calls: 1, model_calls: 1 });
    fs.appendFileSync(
      transcript,
      `${JSON.stringify({ type: "summary", leafUuid: "b-t9", summary: "done" })}\n`,
    );
    expect(hasNews(dir)).toBe(true);
    expect(await fold()).toBe(1);
  });
});
