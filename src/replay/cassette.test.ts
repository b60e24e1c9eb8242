import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { openCassette } from "./index.ts";
import type { Cassette, CassetteOptions } from "./index.ts";

let dir: string;
let store: Store;
beforeEach(() => {
  dir = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), ".tracekeep");
  store = openStore({ dir, handleSignals: false });
});
afterEach(() => {
  store.close();
  fs.rmSync(path.dirname(dir), { recursive: true });
});

const never = (): Promise<never> => Promise.reject(new Error("really called"));

function cassetteOf(options: CassetteOptions = {}): Cassette {
  return openCassette({ reader: openReader({ dir }), session: "s", ...options });
}

/** Runs an agent with a cassette that records all of it. */
async function record(agent: (cassette: Cassette) => Promise<void>): Promise<void> {
  const session = store.startSession({ id: "s" });
  await agent(openCassette({ mode: "record-new", record: session }));
  session.end();
}

describe("Cassette", () => {
  it("serves equal calls in their order, and different ones in any", async () => {
    let count = 0;
    await record(async (cassette) => {
      const next = cassette.tool("next", async (of: string) => `${of}${count++}`);
      await next("a");
      await next("b");
      await next("a");
    });
    const cassette = cassetteOf();
    const next = cassette.tool<[string], string>("next", never);
    expect([await next("a"), await next("a"), await next("b")]).toEqual(["a0", "a2", "b1"]);
    expect(cassette.status).toEqual({ served: 3, missed: 0, unused: [] });
    await expect(next("a")).rejects.toThrow("all 3 recorded calls of it have been served");
  });

  it("compares arguments whatever the order of their keys, and several as a list", async () => {
    await record(async (cassette) => {
      await cassette.tool("one", async (_arg: object) => 1)({ a: 1, b: { c: 2, d: new Date(0) } });
      await cassette.tool("two", async (_left: number, _right: string) => 2)(1, "x");
      await cassette.tool("none", async () => undefined)();
    });
    const cassette = cassetteOf();
    expect(
      await cassette.tool(
        "one",
        never as (arg: object) => Promise<number>,
      )({ b: { d: "1970-01-01T00:00:00.000Z", c: 2 }, a: 1 }),
    ).toBe(1);
    expect(await cassette.tool("two", never as (...args: unknown[]) => Promise<number>)(1, "x")).toBe(2);
    expect(await cassette.tool("none", never)()).toBeUndefined();
  });

  it("finds calls whose secrets were kept out of the record", async () => {
    const key = `sk-ant-api03-${"a1B2".repeat(20)}`;
    await record(
      async (cassette) =>
        void (await cassette.tool("fetch", async (_arg: object) => "ok")({ api_key: key, badge: "4711" })),
    );
    expect([...openReader({ dir }).events({ text: key })]).toEqual([]);
    expect(
      await cassetteOf().tool(
        "fetch",
        never as (arg: object) => Promise<string>,
      )({ api_key: key, badge: "4711" }),
    ).toBe("ok");
  });

  it("fails as the recorded call failed, also when that was an abort", async () => {
    const failure = Object.assign(new RangeError("too far", { cause: new Error("why") }), { limit: 7 });
    const agent = async (cassette: Cassette, tool: (how: string) => Promise<unknown>): Promise<string[]> => {
      const wrapped = cassette.tool("risky", tool);
      const outcomes: string[] = [];
      for (const how of ["throw", "abort", "text"]) {
        const error: unknown = await wrapped(how).catch((thrown: unknown) => thrown);
        outcomes.push(
          error instanceof Error
            ? `${error.name}: ${error.message} ${JSON.stringify(error)} ${String(error.cause)}`
            : String(error),
        );
      }
      return outcomes;
    };
    let live: string[] = [];
    await record(async (cassette) => {
      live = await agent(cassette, async (how) => {
        if (how === "throw") throw failure;
        if (how === "abort") AbortSignal.abort().throwIfAborted();
        // oxlint-disable-next-line typescript/only-throw-error -- some programs do
        throw "just text";
      });
    });
    expect(await agent(cassetteOf(), never)).toEqual(live);
    expect(live[0]).toBe('RangeError: too far {"limit":7} Error: why');
    const results = [...openReader({ dir }).events({ event: "TOOL_RESULT" })];
    expect(results.map(({ status }) => status)).toEqual(["error", "cancelled", "error"]);
  });

  it("serves a model that was recorded by its words only, or by its whole answer", async () => {
    const session = store.startSession({ id: "s" });
    session.modelCall({ model: "m-1", args: { model: "m-1", prompt: "Hi" } }).result("Hello.");
    session.end();
    const ask = cassetteOf().model(never as (request: object) => Promise<string>);
    expect(await ask({ prompt: "Hi", model: "m-1" })).toBe("Hello.");
  });

  it("explains a miss by the nearest recorded call, and fails every call after it the same way", async () => {
    const session = store.startSession({ id: "s" });
    for (const command of ["ls", "npm test", "npm run build"])
      session.toolCall("bash", { command, cwd: "/p" }).result(command);
    session.end();
    const cassette = cassetteOf();
    const bash = cassette.tool("bash", never as (args: object) => Promise<string>);
    const miss = bash({ command: "npm run lint", cwd: "/p" });
    await expect(miss).rejects.toMatchObject({ name: "TracekeepError", code: "NOT_RECORDED", seq: 5 });
    await expect(miss).rejects.toThrow(
      'the nearest is event 5, where command is "npm run build" and not "npm run lint"',
    );
    await expect(bash({ command: "ls", cwd: "/p" })).rejects.toThrow("npm run lint");
    await expect(cassetteOf().tool("sh", never)()).rejects.toThrow("what is left there: tool bash");
  });

  it("makes a call really that is new, when it may: unrecorded, or recorded", async () => {
    const session = store.startSession({ id: "s" });
    session.toolCall("bash", "ls").result("old");
    session.end();
    const live = async (command: string): Promise<string> => `new ${command}`;
    const through = cassetteOf({ mode: "fallthrough" });
    const bash = through.tool("bash", live);
    expect([await bash("ls"), await bash("ls"), await bash("pwd")]).toEqual(["old", "new ls", "new pwd"]);
    expect(through.status).toEqual({ served: 1, missed: 2, unused: [] });
    const added = store.startSession({ id: "t" });
    const recording = cassetteOf({ mode: "record-new", record: added });
    const again = recording.tool("bash", live);
    await again("ls");
    await again("pwd");
    added.end();
    expect(
      [...openReader({ dir }).events({ session: "t", event: "TOOL_CALL" })].map(({ args }) => args),
    ).toEqual(["pwd"]);
  });

  it("does not serve an answer that was cut, or that never came", async () => {
    store.close();
    store = openStore({ dir, handleSignals: false, maxLineBytes: 4096 });
    const session = store.startSession({ id: "s" });
    session.toolCall("long", 1).result("x".repeat(10_000));
    session.toolCall("crashed", 1);
    session.close();
    await expect(cassetteOf().tool("long", never as (n: number) => Promise<string>)(1)).rejects.toThrow(
      "the tool call long has no whole answer",
    );
    await expect(cassetteOf().tool("crashed", never as (n: number) => Promise<string>)(1)).rejects.toThrow(
      "no whole answer",
    );
  });

  it("refuses options that do not go together", () => {
    expect(() => openCassette({ mode: "record-new" })).toThrow("belong together");
    expect(() => openCassette({})).toThrow("name the session");
    expect(() => openCassette({ mode: "strikt" as "strict" })).toThrow("mode must be one of");
  });
});
