import * as fs from "node:fs";
import * as http from "node:http";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Redactor } from "../redact/index.ts";
import { listSpool } from "../store/session/spool.ts";
import { hookRecord } from "./hook-record.ts";
import { startHookServer } from "./hook-server.ts";
import type { HookServer } from "./hook-server.ts";

let dir: string;
let server: HookServer;
beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  server = await startHookServer({ storeDir: dir });
});
afterEach(async () => {
  await server.close();
  fs.rmSync(dir, { recursive: true });
});

const CALL = '{"session_id":"s","hook_event_name":"Stop"}';

/** By hand, because `fetch` does not let a Host header through. */
function send(
  headers: Record<string, string>,
  method = "POST",
  place = "/hook/claude-code",
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(server.url);
    const request = http.request({ host: "127.0.0.1", port, method, path: place, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject);
    request.end(method === "POST" ? CALL : undefined);
  });
}

describe("hooks over HTTP", () => {
  it("are taken with the token only, and from no web page", async () => {
    const authorization = `Bearer ${server.token}`;
    expect(await send({})).toBe(401);
    expect(await send({ authorization: `${authorization}x` })).toBe(401);
    expect(await send({ authorization, origin: "http://127.0.0.1" })).toBe(403);
    expect(await send({ authorization, host: "evil.example" })).toBe(403);
    expect(await send({ authorization }, "GET")).toBe(405);
    expect(await send({ authorization }, "POST", "/../../etc/passwd")).toBe(404);
    expect(listSpool(dir)).toEqual([]);
    expect(await send({ authorization })).toBe(200);
    expect(listSpool(dir).map(({ name }) => name)).toEqual(["s.jsonl"]);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/hook$/);
  });

  it("are answered with 500 when they could not be recorded", async () => {
    fs.writeFileSync(path.join(dir, "spool"), "");
    expect(await send({ authorization: `Bearer ${server.token}` })).toBe(500);
  });
});

describe("a hook record", () => {
  const record = (payload: object): { line: string; sessionId: string } =>
    hookRecord({
      input: Buffer.from(JSON.stringify(payload)),
      timeMs: 0,
      agentProcess: undefined,
      redactor: new Redactor(),
    });

  it("holds no secret and no address", () => {
    const token = `ghp_${"a1B2".repeat(9)}`;
    const { line } = record({
      session_id: "s",
      tool_input: { command: `echo ${token}` },
      user_email: "a@b.c",
      password: "hunter2!",
    });
    for (const secret of [token, "a@b.c", "hunter2!"]) expect(line).not.toContain(secret);
    const broken = hookRecord({
      input: Buffer.from(`{"x": "${token}`),
      timeMs: 0,
      agentProcess: undefined,
      redactor: new Redactor(),
    });
    expect(broken.line).not.toContain(token);
  });

  it("knows its host by what only that host sends", () => {
    const hosts = [
      record({ session_id: "s", hook_event_name: "Stop" }),
      record({ session_id: "s", hook_event_name: "Stop", turn_id: "t" }),
      record({ session_id: "s", hook_event_name: "BeforeTool" }),
      record({ conversation_id: "s", hook_event_name: "stop" }),
    ].map(({ line, sessionId }) => [(JSON.parse(line) as { host: string }).host, sessionId]);
    expect(hosts).toEqual([
      ["claude-code", "s"],
      ["codex", "s"],
      ["gemini", "s"],
      ["cursor", "s"],
    ]);
  });
});
