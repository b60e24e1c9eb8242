// Against the real SDKs, both versions, with their own mock models: a scripted agent is recorded, then run again from
// the cassette with everything live forbidden.

import * as fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

import * as ai6 from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import * as ai7 from "ai-7";
import { MockLanguageModelV4 } from "ai-7/test";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { TracekeepError } from "../base/errors.ts";
import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Store } from "../record/index.ts";
import { openCassette } from "../replay/index.ts";
import { cassetteMiddleware, cassetteTools, recordingMiddleware, recordTools } from "./ai-sdk.ts";

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

type ModelV3 = Exclude<Parameters<typeof ai6.wrapLanguageModel>[0]["model"], string>;
type GenerateV3 = Awaited<ReturnType<ModelV3["doGenerate"]>>;
type PromptV3 = Parameters<ModelV3["doGenerate"]>[0]["prompt"];

type ModelV4 = Exclude<Parameters<typeof ai7.wrapLanguageModel>[0]["model"], string>;
type GenerateV4 = Awaited<ReturnType<MockLanguageModelV4["doGenerate"]>>;

const STEPS = 50;

function usage(input: number, output: number): GenerateV3["usage"] {
  return {
    inputTokens: { total: input + 30, noCache: input, cacheRead: 20, cacheWrite: 10 },
    outputTokens: { total: output, text: output - 1, reasoning: 1 },
  };
}

/** Answers by how many answers there were before: mostly tool calls, several of them at once now and then. */
function scripted(prompt: PromptV3): GenerateV3 {
  const step = prompt.filter(({ role }) => role === "assistant").length;
  const call = (name: string, input: object, at = 0): GenerateV3["content"][number] => ({
    type: "tool-call",
    toolCallId: `call-${step}-${at}`,
    toolName: name,
    input: JSON.stringify(input),
  });
  const content: GenerateV3["content"] =
    step === STEPS - 1
      ? [{ type: "text", text: "All done: ärger 😀 \u001b[31m" }]
      : step % 10 === 3
        ? [call("add", { a: step, b: 1 }), call("add", { a: step, b: 2 }, 1), call("slow", { ms: 3 }, 2)]
        : step === 17
          ? [{ type: "text", text: "This one fails." }, call("broken", { why: "to see" })]
          : [call("add", { a: step, b: step * step })];
  return {
    content,
    finishReason: { unified: step === STEPS - 1 ? "stop" : "tool-calls", raw: undefined },
    usage: usage(100 + step, 7),
    warnings: [],
    response: { id: `r-${step}`, modelId: "mock-1", timestamp: new Date(1_767_736_800_000 + step) },
  };
}

function toolsFor(
  { jsonSchema, tool }: Pick<typeof ai6, "jsonSchema" | "tool">,
  tweak = (n: number): number => n,
) {
  const numbers = jsonSchema<{ a: number; b: number }>({ type: "object" });
  return {
    add: tool({ inputSchema: numbers, execute: async ({ a, b }) => ({ sum: tweak(a) + b }) }),
    slow: tool({
      inputSchema: jsonSchema<{ ms: number }>({ type: "object" }),
      execute: async ({ ms }) => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return `slept ${ms}`;
      },
    }),
    broken: tool({
      inputSchema: jsonSchema<{ why: string }>({ type: "object" }),
      execute: async (): Promise<string> => {
        throw new RangeError("the disk is on fire");
      },
    }),
  };
}

/** The same tools, none of which may run. */
function forbidden<T extends Record<string, object>>(tools: T): T {
  const refuse = (): never => {
    throw new Error("a tool was really called");
  };
  return Object.fromEntries(
    Object.entries(tools).map(([name, each]) => [name, { ...each, execute: refuse }]),
  ) as T;
}

const forbiddenModel = new MockLanguageModelV3({
  modelId: "mock-1",
  doGenerate: () => Promise.reject(new Error("the model was really asked")),
  doStream: () => Promise.reject(new Error("the model was really asked")),
});

const outage = new ai6.APICallError({
  message: "overloaded",
  url: "https://example.com",
  requestBodyValues: {},
  statusCode: 529,
  isRetryable: true,
  responseHeaders: { "retry-after-ms": "1" },
});

/** A model that goes by the script, once overloaded, and that hangs when it is asked to. */
function liveModel(): MockLanguageModelV3 {
  let asked = 0;
  return new MockLanguageModelV3({
    modelId: "mock-1",
    doGenerate: async ({ prompt, abortSignal }) => {
      asked++;
      if (JSON.stringify(prompt).includes("hang")) {
        await new Promise((_, reject) => {
          abortSignal?.addEventListener("abort", () => reject(abortSignal.reason as Error));
        });
      }
      if (asked === 5) throw outage;
      return scripted(prompt);
    },
  });
}

/** The agent under test; what it returns is all that it saw. */
async function agent(model: ModelV3, tools: ReturnType<typeof toolsFor>): Promise<string> {
  const seen: unknown[] = [];
  const result = await ai6.generateText({
    model,
    tools,
    prompt: "Go through all of it.",
    stopWhen: ai6.stepCountIs(STEPS + 5),
    onStepFinish: (step) => void seen.push(step.content, step.usage, step.finishReason, step.response.id),
  });
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("enough", "AbortError")), 20);
  const aborted: unknown = await ai6
    .generateText({ model, prompt: "hang", abortSignal: controller.signal, maxRetries: 0 })
    .catch((error: unknown) => error);
  if (!(aborted instanceof Error)) throw new Error("it was not aborted");
  return JSON.stringify([
    seen,
    result.text,
    result.steps,
    result.totalUsage,
    `${aborted.name}: ${aborted.message}`,
  ]);
}

async function recorded(): Promise<string> {
  const session = store.startSession({ id: "run-1", agent: "scripted" });
  const model = ai6.wrapLanguageModel({ model: liveModel(), middleware: recordingMiddleware({ session }) });
  const output = await agent(model, recordTools(toolsFor(ai6), { session }));
  session.end();
  return output;
}

it("records the end of a tool whose results nobody wanted any more", async () => {
  const session = store.startSession({ id: "run-1" });
  const count = {
    async *execute() {
      for (let number = 1; ; number++) yield await Promise.resolve(number);
    },
  };
  const tools = recordTools({ count }, { session });
  for await (const number of tools.count.execute()) if (number === 3) break;
  const results = [...openReader({ dir }).events({ session: "run-1", event: "TOOL_RESULT" })];
  expect(results).toMatchObject([{ tool: "count", status: "cancelled", result: 3 }]);
});

describe("an agent on AI SDK 6", () => {
  it("gives byte-equal output from the cassette, with the network and its tools forbidden", async () => {
    const live = await recorded();
    const network = vi.spyOn(net.Socket.prototype, "connect").mockImplementation(() => {
      throw new Error("the network was really used");
    });
    onTestFinished(() => network.mockRestore());
    const cassette = openCassette({ reader: openReader({ dir }), session: "run-1" });
    const model = ai6.wrapLanguageModel({ model: forbiddenModel, middleware: cassetteMiddleware(cassette) });
    expect(await agent(model, cassetteTools(forbidden(toolsFor(ai6)), cassette))).toBe(live);
    expect(cassette.status).toMatchObject({ missed: 0, unused: [] });
    // 50 answers, one overload, one abort; 48 tool calls and 2 more in each of the 5 parallel steps, one failed.
    expect(cassette.status.served).toBe(STEPS + 2 + (STEPS - 1) + 2 * 5);
    expect(live).toContain("the disk is on fire");
    expect(live).toContain("AbortError: enough");
  });

  it("records calls, results, failures, aborts and disjoint tokens", async () => {
    await recorded();
    const { session } = openReader({ dir }).session("run-1");
    expect(session).toMatchObject({
      model_calls: STEPS + 2,
      tool_calls: STEPS - 1 + 2 * 5,
      tool_errors: 1,
      tokens: { cache_read: 20 * STEPS, cache_write: 10 * STEPS, output: 7 * STEPS, reasoning: STEPS },
    });
    const events = [...openReader({ dir }).events({ session: "run-1" })];
    expect(events.find(({ call_id }) => call_id === "call-17-0")).toMatchObject({ tool: "broken" });
    const statuses = events.filter(({ event }) => event === "MODEL_RESPONSE").map(({ status }) => status);
    expect(statuses.filter((status) => status === "error")).toHaveLength(1);
    expect(statuses.at(-1)).toBe("cancelled");
    expect(
      events.findLast(({ status, event }) => event === "MODEL_RESPONSE" && status === "ok"),
    ).toMatchObject({
      message: "All done: ärger 😀 \u001b[31m",
      finish_reason: "stop",
      input_tokens: 149,
    });
  });

  it("fails at the very call whose argument the code changed, naming it", async () => {
    await recorded();
    const cassette = openCassette({ reader: openReader({ dir }), session: "run-1" });
    const tools = cassetteTools(forbidden(toolsFor(ai6)), cassette);
    const add = tools.add.execute as (input: { a: number; b: number }, options: unknown) => Promise<unknown>;
    const changed = {
      ...tools,
      add: {
        ...tools.add,
        execute: ({ a, b }: { a: number; b: number }, options: unknown) =>
          add({ a, b: a === 9 ? 82 : b }, options),
      },
    } as typeof tools;
    const model = ai6.wrapLanguageModel({ model: forbiddenModel, middleware: cassetteMiddleware(cassette) });
    const failure: unknown = await agent(model, changed).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TracekeepError);
    expect(failure).toMatchObject({ code: "NOT_RECORDED" });
    expect(String(failure)).toContain(
      'the tool call add with {"a":9,"b":82} is not in the recording; the nearest is event',
    );
    expect(String(failure)).toContain("where b is 81 and not 82");
  });

  it("streams the same parts again, also those of a stream that was aborted or broke", async () => {
    const parts = ["Hel", "lo ", "world"];
    const stream = (broken?: unknown, chunkDelayInMs: number | null = null) =>
      simulateReadableStream({
        chunkDelayInMs,
        initialDelayInMs: null,
        chunks: [
          { type: "stream-start" as const, warnings: [] },
          { type: "response-metadata" as const, id: "r", modelId: "mock-1", timestamp: new Date(0) },
          { type: "text-start" as const, id: "t" },
          ...parts.map((delta) => ({ type: "text-delta" as const, id: "t", delta })),
          ...(broken === undefined
            ? [{ type: "text-end" as const, id: "t" }]
            : [{ type: "error" as const, error: broken }]),
          {
            type: "finish" as const,
            usage: usage(5, 3),
            finishReason: { unified: "stop" as const, raw: "stop" },
          },
        ],
      });
    const live = new MockLanguageModelV3({
      modelId: "mock-1",
      doStream: async ({ prompt }) => {
        const text = JSON.stringify(prompt);
        // Otherwise all of it is there before anybody can leave.
        const delayMs = text.includes("leave") ? 50 : null;
        return { stream: stream(text.includes("break") ? new Error("line cut") : undefined, delayMs) };
      },
    });
    const run = async (model: ModelV3): Promise<string> => {
      const seen: unknown[] = [];
      for (const prompt of ["plain", "break it", "leave early"]) {
        const controller = new AbortController();
        const result = ai6.streamText({
          model,
          prompt,
          abortSignal: controller.signal,
          onError: () => undefined,
        });
        for await (const part of result.fullStream) {
          seen.push(part.type === "error" ? String(part.error) : part);
          if (prompt === "leave early" && part.type === "text-delta") controller.abort();
        }
      }
      return JSON.stringify(seen);
    };
    const session = store.startSession({ id: "run-1" });
    const first = await run(
      ai6.wrapLanguageModel({ model: live, middleware: recordingMiddleware({ session }) }),
    );
    session.end();
    const cassette = openCassette({ reader: openReader({ dir }), session: "run-1" });
    const again = await run(
      ai6.wrapLanguageModel({ model: forbiddenModel, middleware: cassetteMiddleware(cassette) }),
    );
    expect(again).toBe(first);
    expect(first).toContain("line cut");
    expect(first).toContain('"abort"');
    const responses = [...openReader({ dir }).events({ session: "run-1", event: "MODEL_RESPONSE" })];
    expect(responses.map(({ status, message }) => [status, message])).toEqual([
      ["ok", "Hello world"],
      ["error", "Hello world"],
      ["cancelled", expect.any(String)],
    ]);
  });

  it("records what is new, so that the next run needs nothing live", async () => {
    const session = store.startSession({ id: "run-1" });
    const cassette = openCassette({ mode: "record-new", record: session });
    const live = await agent(
      ai6.wrapLanguageModel({ model: liveModel(), middleware: cassetteMiddleware(cassette) }),
      cassetteTools(toolsFor(ai6), cassette),
    );
    session.end();
    const strict = openCassette({ reader: openReader({ dir }), session: "run-1" });
    const model = ai6.wrapLanguageModel({ model: forbiddenModel, middleware: cassetteMiddleware(strict) });
    expect(await agent(model, cassetteTools(forbidden(toolsFor(ai6)), strict))).toBe(live);
  });
});

describe("an agent on AI SDK 7", () => {
  it("is recorded and served again likewise", async () => {
    const run = async (
      model: Parameters<typeof ai7.generateText>[0]["model"],
      tools: object,
    ): Promise<string> => {
      const result = await ai7.generateText({
        model,
        tools: tools as Parameters<typeof ai7.generateText>[0]["tools"] & object,
        prompt: "Go through all of it.",
        stopWhen: ai7.isStepCount(STEPS + 5),
      });
      return JSON.stringify([result.text, result.steps.map(({ content, usage: used }) => [content, used])]);
    };
    const mock = new MockLanguageModelV4({
      modelId: "mock-1",
      doGenerate: async ({ prompt }) => scripted(prompt as PromptV3) as GenerateV4,
    });
    const none = new MockLanguageModelV4({
      modelId: "mock-1",
      doGenerate: () => Promise.reject(new Error("asked")),
    });
    const session = store.startSession({ id: "run-1" });
    const tools = toolsFor(ai7 as unknown as typeof ai6);
    const first = await run(
      ai7.wrapLanguageModel({
        model: mock,
        middleware: recordingMiddleware({ session, specificationVersion: "v4" }),
      }),
      recordTools(tools, { session }),
    );
    session.end();
    const cassette = openCassette({ reader: openReader({ dir }), session: "run-1" });
    const again = await run(
      ai7.wrapLanguageModel({
        model: none,
        middleware: cassetteMiddleware(cassette, { specificationVersion: "v4" }),
      }),
      cassetteTools(forbidden(tools), cassette),
    );
    expect(again).toBe(first);
    expect(cassette.status).toMatchObject({ missed: 0, unused: [] });
    expect(cassette.status.served).toBe(STEPS + (STEPS - 1) + 2 * 5);
  });

  it("is streamed again likewise", async () => {
    const live = new MockLanguageModelV4({
      modelId: "mock-1",
      doStream: async () => ({
        stream: simulateReadableStream({
          chunkDelayInMs: null,
          initialDelayInMs: null,
          chunks: [
            { type: "stream-start" as const, warnings: [] },
            { type: "text-start" as const, id: "t" },
            { type: "text-delta" as const, id: "t", delta: "Hello" },
            { type: "text-end" as const, id: "t" },
            {
              type: "finish" as const,
              usage: usage(5, 3),
              finishReason: { unified: "stop" as const, raw: "stop" },
            },
          ],
        }),
      }),
    });
    const run = async (model: ModelV4): Promise<string> => {
      const result = ai7.streamText({ model, prompt: "Hi" });
      const parts: unknown[] = [];
      for await (const { type, ...part } of result.stream) parts.push([type, Reflect.get(part, "text")]);
      return JSON.stringify([parts, await result.totalUsage]);
    };
    const none = new MockLanguageModelV4({
      modelId: "mock-1",
      doStream: () => Promise.reject(new Error("asked")),
    });
    const session = store.startSession({ id: "run-1" });
    const version = { specificationVersion: "v4" } as const;
    const first = await run(
      ai7.wrapLanguageModel({ model: live, middleware: recordingMiddleware({ session, ...version }) }),
    );
    session.end();
    const cassette = openCassette({ reader: openReader({ dir }), session: "run-1" });
    expect(
      await run(ai7.wrapLanguageModel({ model: none, middleware: cassetteMiddleware(cassette, version) })),
    ).toBe(first);
    expect(first).toContain("Hello");
  });
});
