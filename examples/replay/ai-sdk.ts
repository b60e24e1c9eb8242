// An agent on the Vercel AI SDK, recorded, and run again with its model and tools switched off.

import { generateText, jsonSchema, stepCountIs, tool, wrapLanguageModel } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { withSession } from "tracekeep";
import {
  cassetteMiddleware,
  cassetteTools,
  recordingMiddleware,
  recordTools,
} from "tracekeep/integrations/ai-sdk";
import { openCassette } from "tracekeep/replay";

const tools = {
  add: tool({
    inputSchema: jsonSchema<{ a: number; b: number }>({ type: "object" }),
    execute: async ({ a, b }) => a + b,
  }),
};

// In place of a provider's model, so that this example needs no key.
const usage = {
  inputTokens: { total: 12, noCache: 2, cacheRead: 10, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};
const model = new MockLanguageModelV3({
  doGenerate: async ({ prompt }) =>
    prompt.at(-1)?.role === "tool"
      ? {
          content: [{ type: "text", text: "It is 5." }],
          finishReason: { unified: "stop", raw: "" },
          usage,
          warnings: [],
        }
      : {
          content: [{ type: "tool-call", toolCallId: "1", toolName: "add", input: '{"a":2,"b":3}' }],
          finishReason: { unified: "tool-calls", raw: "" },
          usage,
          warnings: [],
        },
});

const ask = { prompt: "What is 2 + 3?", stopWhen: stepCountIs(5) };

await withSession({ id: "run-1", agent: "calculator" }, async () => {
  const recorded = wrapLanguageModel({ model, middleware: recordingMiddleware() });
  const { text } = await generateText({ ...ask, model: recorded, tools: recordTools(tools) });
  console.log("live:   ", text);
});

const cassette = openCassette({ session: "run-1" });
const off = new MockLanguageModelV3({ modelId: model.modelId });
const served = wrapLanguageModel({ model: off, middleware: cassetteMiddleware(cassette) });
const { text } = await generateText({ ...ask, model: served, tools: cassetteTools(tools, cassette) });
console.log("again:  ", text, cassette.status);
