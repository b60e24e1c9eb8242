// Hooks as hosts run them: a process for each call, many at a time, killed at any moment, and sent anything.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../src/read/index.ts";
import { auditReport } from "../src/report/index.ts";
import { payload, runHookProcess, runProgram } from "./hook-calls.ts";
import { eventsIn } from "./store-contents.ts";

const PAIRED = path.join(
  import.meta.dirname,
  "..",
  "..",
  "shared",
  "realdata",
  "claude-paired",
  "HillviewCap-PAI",
);
/** `TRACEKEEP_HOOK_CALLS=1000 npx vitest run test/hooks.process.test.ts` for the full count. */
const CALLS = Number(process.env["TRACEKEEP_HOOK_CALLS"] ?? 48);

let folder: string;
let store: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  store = path.join(folder, ".tracekeep");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const audit = async (...args: string[]): Promise<ReturnType<typeof JSON.parse>> => {
  const { out } = await runProgram(["--dir", store, "audit", ...args, "--json"], folder);
  return JSON.parse(out);
};

describe("hook calls", () => {
  it(
    "that were reported done are all recorded, once, whatever is killed beside them",
    { timeout: 600_000 },
    async () => {
      const done = new Set<string>();
      const tried = new Set<string>();
      let next = 0;
      let killed = 0;
      const worker = async (): Promise<void> => {
        for (let number = next++; number < CALLS; number = next++) {
          const id = `toolu_${number}`;
          tried.add(id);
          const fields = {
            tool_name: "Bash",
            tool_input: { command: `echo ${number}`, pad: "x".repeat(5000) },
            tool_use_id: id,
          };
          const call = JSON.stringify(payload(`s${number % 4}`, "PreToolUse", fields));
          const isKilled = number % 3 === 0;
          const { code } = await runHookProcess(
            store,
            call,
            isKilled ? { killAfterMs: Math.random() * 150 } : {},
          );
          if (code === 0) done.add(id);
          else killed++;
          // Another command folds while hooks go on, and may be killed in the middle of that.
          const folding = number % 2 === 0 ? {} : { killAfterMs: Math.random() * 300 };
          if (number % 16 === 7 || number % 16 === 12)
            await runProgram(["--dir", store, "sessions"], folder, folding);
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      await runProgram(["--dir", store, "sessions"], folder);
      expect(killed).toBeGreaterThan(0);
      const calls = [...eventsIn(store).values()].flat().filter(({ event }) => event === "TOOL_CALL");
      const ids = calls.map(({ call_id: id }) => id ?? "");
      expect(new Set(ids).size).toBe(ids.length);
      expect([...done].filter((id) => !ids.includes(id))).toEqual([]);
      expect(ids.filter((id) => !tried.has(id))).toEqual([]);
    },
  );

  it("record anything they are sent as data, print nothing and exit 0", async () => {
    const canary = path.join(folder, "canary");
    const hostile = [
      `'; touch ${canary}; '`,
      `$(touch ${canary})`,
      "`id`",
      '"\n\r\0\u2028',
      "../../../etc/passwd",
      "%s%n",
    ];
    for (const [at, text] of hostile.entries()) {
      const call = payload(text, "PreToolUse", {
        transcript_path: text,
        cwd: text,
        tool_name: text,
        tool_input: { [text]: text },
        tool_use_id: `id${at}`,
        agent_id: at % 2 === 0 ? text : undefined,
        permission_mode: text,
      });
      expect(await runHookProcess(store, JSON.stringify(call))).toEqual({ code: 0, out: "" });
    }
    const large = payload("big", "PostToolUse", {
      tool_name: "Read",
      tool_use_id: "b",
      tool_response: "y ".repeat(2_500_000),
    });
    const inputs = [
      JSON.stringify(large),
      "{broken",
      "",
      "[]",
      "null",
      '{"session_id":"cut","tool',
      Buffer.from([0xff, 0xfe, 0x00]),
    ];
    for (const input of inputs) expect(await runHookProcess(store, input)).toEqual({ code: 0, out: "" });
    const { code } = await runProgram(["--dir", store, "audit"], folder);
    expect(code).toBe(0);
    expect(fs.existsSync(canary)).toBe(false);
    expect(fs.readdirSync(folder)).toEqual([".tracekeep"]);
    const sessions = eventsIn(store);
    hostile.forEach((text, at) => {
      const id = at % 2 === 0 ? `${text}/agent-${text}` : text;
      expect(sessions.has(id), id).toBe(true);
    });
    const calls = [...sessions.values()].flat().filter(({ event }) => event === "TOOL_CALL");
    expect(calls.map(({ tool }) => String(tool)).toSorted()).toEqual(hostile.toSorted());
    expect(JSON.stringify(sessions.get("big")).length).toBeGreaterThan(5_000_000);
    expect(sessions.get("cut")?.map(({ event }) => event)).toContain("claude-code/unreadable");
    expect(sessions.get("unknown-session")?.filter(({ event }) => event.endsWith("/unreadable")).length).toBe(
      4,
    );
  });

  it("exit 0 and record wherever the options stand, and whatever options they are", async () => {
    const input = JSON.stringify(payload("s", "PreToolUse", { tool_name: "Bash", tool_use_id: "t" }));
    for (const args of [
      ["--dir", store, "hook", "--no-such-option"],
      [`--dir=${store}`, "hook", "claude-code"],
      ["--no-such-option", "hook", "--dir", store],
    ])
      expect(await runProgram(args, folder, { input })).toEqual({ code: 0, out: "" });
    expect(
      fs
        .readFileSync(path.join(store, "spool", "s.jsonl"), "utf8")
        .trimEnd()
        .split("\n"),
    ).toHaveLength(3);
  });

  it("exit 0 where nothing can be recorded", async () => {
    const file = path.join(folder, "file");
    fs.writeFileSync(file, "");
    expect(await runHookProcess(path.join(file, "store"), "{}")).toEqual({ code: 0, out: "" });
    expect(await runHookProcess(store, JSON.stringify(payload("s", "Stop")), { args: ["--scope"] })).toEqual({
      code: 0,
      out: "",
    });
  });

  it.skipIf(!fs.existsSync(PAIRED))(
    "of real sessions agree with the truth about hooks and transcripts",
    async () => {
      const projects = path.join(folder, "projects", "p");
      fs.cpSync(path.join(PAIRED, "projects", "-home-jenkins-Personal-AI-Infrastructure"), projects, {
        recursive: true,
      });
      const log = path.join(PAIRED, "history", "raw-outputs", "2025-12", "2025-12-16_all-events.jsonl");
      for (const line of fs.readFileSync(log, "utf8").trimEnd().split("\n")) {
        const { payload: call } = JSON.parse(line) as { payload: Record<string, unknown> };
        for (const name of ["transcript_path", "agent_transcript_path"]) {
          if (typeof call[name] === "string") call[name] = path.join(projects, path.basename(call[name]));
        }
        expect((await runHookProcess(store, JSON.stringify(call))).code).toBe(0);
      }
      await runProgram(["--dir", store, "sessions"], folder);
      const truth = JSON.parse(fs.readFileSync(path.join(PAIRED, "..", "..", "truth.json"), "utf8")) as {
        paired: Record<
          string,
          Record<string, { hook_events: Record<string, number>; transcript: { tool_use_main?: number } }>
        >;
      };
      const sessions = Object.entries(truth.paired["claude-paired/HillviewCap-PAI"] ?? {});
      expect(sessions.length).toBeGreaterThan(5);
      for (const [id, { hook_events: hooks, transcript }] of sessions) {
        if (Object.keys(hooks).length === 0) continue;
        const { coverage, tool_calls: calls } = await auditReport(openReader({ dir: store }), {
          session: id,
        });
        const byHooks = hooks["PreToolUse"] ?? 0;
        const inTranscript = transcript.tool_use_main ?? 0;
        expect(coverage.hook_events, id).toEqual(hooks);
        expect(coverage.pairs, id).toBe(hooks["PostToolUse"] ?? 0);
        expect(coverage.calls, id).toEqual({
          both: Math.min(byHooks, inTranscript),
          only_hooks: 0,
          only_transcript: inTranscript - byHooks,
        });
        expect(coverage.without_end, id).toBe(hooks["SessionEnd"] === undefined ? 1 : 0);
        // Two witnesses, one call.
        expect(calls, id).toBe(Math.max(byHooks, inTranscript));
      }
    },
  );
});

describe("budgets", () => {
  const id = "c0ffee00-0000-4000-8000-000000000002";
  const ask = (event: string, ...args: string[]): ReturnType<typeof runHookProcess> => {
    const transcript = path.join(folder, `${id}.jsonl`);
    const fields = { transcript_path: transcript, tool_name: "Bash", tool_input: {}, tool_use_id: "t1" };
    return runHookProcess(store, JSON.stringify(payload(id, event, fields)), { args });
  };
  const setBudgets = (budgets: object): void =>
    fs.writeFileSync(path.join(store, "settings.json"), JSON.stringify({ budgets }));
  const silence = { code: 0, out: "" };

  it("that are used up refuse tool calls where that was asked for, say why, and stop nothing else", async () => {
    const answer = {
      type: "assistant",
      uuid: "u1",
      sessionId: id,
      timestamp: new Date().toISOString(),
      requestId: "r1",
      message: {
        id: "m1",
        model: "claude-opus-4-5-20251101",
        role: "assistant",
        content: [{ type: "text", text: "done" }],
        usage: { input_tokens: 1_000_000, output_tokens: 5 },
      },
    };
    fs.writeFileSync(path.join(folder, `${id}.jsonl`), `${JSON.stringify(answer)}\n`);
    expect(await ask("PreToolUse", "--enforce-budgets")).toEqual(silence);
    setBudgets({ session_usd: 1 });
    expect(await ask("PreToolUse")).toEqual(silence);
    const { code, out } = await ask("PreToolUse", "--enforce-budgets");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      hookSpecificOutput: {
        hookEventName: "PreToolUse",
        permissionDecision: "deny",
        permissionDecisionReason: expect.stringMatching(
          /^Tracekeep: this session has cost \$5\.00; its budget is \$1\.00 \(budgets in .*settings\.json\)$/,
        ) as string,
      },
    });
    expect(await ask("PostToolUse", "--enforce-budgets")).toEqual(silence);
    for (const budgets of [
      { session_usd: 6 },
      { hour_usd: 6, day_usd: 6 },
      { hours: 1 },
      { hour_usd: "x" },
    ]) {
      setBudgets(budgets);
      expect(await ask("PreToolUse", "--enforce-budgets"), JSON.stringify(budgets)).toEqual(silence);
    }
    setBudgets({ hour_usd: 5 });
    expect((await ask("PreToolUse", "--enforce-budgets")).out).toContain("the last hour has cost $5.00");
    // Every call was recorded, the refused ones too.
    expect(fs.readFileSync(path.join(store, "spool", `${id}.jsonl`), "utf8").split("\n")).toHaveLength(10);
  });
});

describe("a session of Claude Code", () => {
  it("shows in the audit as it goes, crashes and is gone on with", async () => {
    const transcript = path.join(folder, "c0ffee00-0000-4000-8000-000000000001.jsonl");
    const id = path.basename(transcript, ".jsonl");
    const hook = async (name: string, fields: object = {}): Promise<void> => {
      const call = payload(id, name, { transcript_path: transcript, ...fields });
      expect(await runHookProcess(store, JSON.stringify(call))).toEqual({ code: 0, out: "" });
    };
    let uuid = 0;
    const write = (record: object, end = "\n"): void => {
      const common = {
        uuid: `u${++uuid}`,
        sessionId: id,
        timestamp: new Date().toISOString(),
        isSidechain: false,
        cwd: "/p",
      };
      fs.appendFileSync(transcript, JSON.stringify({ ...common, ...record }) + end);
    };
    const call = (tool: string, callId: string): object => ({
      tool_name: tool,
      tool_input: { n: callId },
      tool_use_id: callId,
    });
    const said = (callId: string, tool: string): object => ({
      type: "assistant",
      requestId: `r-${callId}`,
      message: {
        id: `m-${callId}`,
        model: "claude-opus-4-5-20251101",
        role: "assistant",
        content: [{ type: "tool_use", id: callId, name: tool, input: { n: callId } }],
        usage: { input_tokens: 10, output_tokens: 5 },
      },
    });
    const returned = (callId: string): object => ({
      type: "user",
      message: { role: "user", content: [{ type: "tool_result", tool_use_id: callId, content: "ok" }] },
    });

    await hook("SessionStart", { source: "startup" });
    await hook("UserPromptSubmit", { prompt: "build it" });
    write({ type: "user", message: { role: "user", content: "build it" } });
    await hook("PreToolUse", call("Bash", "t1"));
    // The one who runs the hooks is this very process, so the session runs.
    expect(await audit()).toMatchObject({
      statuses: { running: 1 },
      tool_calls: 1,
      errors: 0,
      coverage: { without_end: 1 },
    });

    await hook("PermissionRequest", { tool_name: "Bash", tool_input: { n: "t1" } });
    expect((await audit("permissions")).rows).toMatchObject([{ tool: "Bash", outcome: "open" }]);
    write(said("t1", "Bash"));
    await hook("PostToolUse", { ...call("Bash", "t1"), tool_response: { stdout: "ok" }, duration_ms: 40 });
    write(returned("t1"));
    expect((await audit("permissions")).rows).toMatchObject([
      { outcome: "approved", by: "user", inferred: true },
    ]);
    expect(await audit()).toMatchObject({
      tool_calls: 1,
      model_calls: 1,
      coverage: { calls: { both: 1 }, pairs: 1 },
    });

    await hook("SubagentStart", { agent_id: "a1", agent_type: "Explore" });
    await hook("PreToolUse", { ...call("Grep", "t2"), agent_id: "a1", agent_type: "Explore" });
    await hook("PostToolUseFailure", { ...call("Grep", "t2"), agent_id: "a1", error: "no such file" });
    await hook("SubagentStop", { agent_id: "a1", last_assistant_message: "nothing found" });
    const flow = (await audit("flow")).sessions;
    expect(flow).toMatchObject([
      { session_id: id, children: [{ session_id: `${id}/agent-a1`, tool_calls: 1, tool_errors: 1 }] },
    ]);
    expect(await audit()).toMatchObject({ tool_calls: 2, tool_errors: 1 });

    // A crash: the last record is torn, no hook fires.
    await hook("PreToolUse", call("Edit", "t3"));
    write(said("t3", "Edit"), "");
    fs.truncateSync(transcript, fs.statSync(transcript).size - 20);
    expect(await audit()).toMatchObject({ tool_calls: 3, model_calls: 1, skipped: [] });

    // Gone on with: the host ends the torn line and repeats the record; SessionStart says so.
    fs.appendFileSync(transcript, "\n");
    await hook("SessionStart", { source: "resume" });
    write(said("t3", "Edit"));
    await hook("PostToolUse", { ...call("Edit", "t3"), tool_response: "done" });
    write(returned("t3"));
    // One that no hook told of.
    write(said("t4", "Read"));
    write(returned("t4"));
    const later = await audit("--session", id);
    expect(later).toMatchObject({ tool_calls: 3, model_calls: 3, statuses: { running: 1 } });
    expect(later.coverage).toMatchObject({ calls: { both: 2, only_hooks: 0, only_transcript: 1 } });
    expect(later.skipped).toHaveLength(1);

    await hook("Stop", { last_assistant_message: "built" });
    await hook("SessionEnd", { reason: "prompt_input_exit" });
    // What the host writes last comes after its last hook.
    write({
      type: "assistant",
      message: {
        id: "m-9",
        role: "assistant",
        model: "claude-opus-4-5-20251101",
        content: [{ type: "text", text: "built" }],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    });
    const end = await audit("--session", id);
    expect(end).toMatchObject({
      statuses: { ended: 1 },
      model_calls: 4,
      coverage: { without_end: 0, gaps: [{ missing: [] }] },
    });
    expect((await audit("validate")).problems).toEqual([]);
    const before = fs.readdirSync(store).map((name) => fs.statSync(path.join(store, name)).size);
    await audit();
    expect(fs.readdirSync(store).map((name) => fs.statSync(path.join(store, name)).size)).toEqual(before);
  });
});
