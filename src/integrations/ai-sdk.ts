/**
 * The Vercel AI SDK, 6 and 7: middleware and tool wrappers that record a run, and others that serve it again from a
 * cassette. Nothing of the SDK is imported; its types are matched by shape.
 *
 * @module
 * @example
 * import { generateText, wrapLanguageModel } from "ai";
 * import { recordingMiddleware, recordTools } from "tracekeep/integrations/ai-sdk";
 *
 * await withSession({ agent: "reviewer" }, () =>
 *   generateText({
 *     model: wrapLanguageModel({ model, middleware: recordingMiddleware() }),
 *     tools: recordTools(tools),
 *     prompt: "Is the build green?",
 *   }),
 * );
 */

import { checkOptionNames, choiceOption } from "../base/options.ts";
import { activeSession } from "../record/index.ts";
import { reviveAnswer, reviveStream } from "./ai-sdk/answer.ts";
import { recordGenerate, recordStream, recordTool } from "./ai-sdk/recording.ts";
import { requestOf } from "./ai-sdk/request.ts";
import type {
  CassetteLike,
  Execute,
  GenerateOptions,
  GenerateResult,
  Middleware,
  RecorderLike,
  StreamOptions,
  StreamResult,
  ToolSet,
} from "./ai-sdk/types.ts";

export type { CassetteLike, Middleware, RecorderLike, ToolSet } from "./ai-sdk/types.ts";

export interface MiddlewareOptions<V extends string = "v3"> {
  /** Where to record: a Session or a Recorder. Default: the current session, see `withSession`. */
  session?: RecorderLike | undefined;
  /** What the SDK's models speak: `"v3"` for AI SDK 6, `"v4"` for 7. Default `"v3"`. */
  specificationVersion?: V | undefined;
}

/**
 * Middleware for `wrapLanguageModel` that records each call of the model: MODEL_CALL with all it was asked, and
 * MODEL_RESPONSE with its words, its whole answer, why it stopped and the tokens it used. Aborts and errors are recorded
 * as such and passed on; recording itself never fails a call.
 */
export function recordingMiddleware<V extends "v3" | "v4" = "v3">(
  options: MiddlewareOptions<V> = {},
): Middleware<V> {
  checkOptionNames("recordingMiddleware", options, ["session", "specificationVersion"]);
  const { session } = options;
  return {
    specificationVersion: versionOf("recordingMiddleware", options.specificationVersion),
    wrapGenerate: (call) => recordGenerate(session ?? activeSession(), call),
    wrapStream: (call) => recordStream(session ?? activeSession(), call),
  };
}

/** The same tools, each call of theirs recorded as TOOL_CALL and TOOL_RESULT under the SDK's own tool call id. */
export function recordTools<T extends ToolSet>(
  tools: T,
  options: { session?: RecorderLike | undefined } = {},
): T {
  checkOptionNames("recordTools", options, ["session"]);
  const { session } = options;
  return mapTools(
    tools,
    (name, execute) => (input, more) => recordTool(session ?? activeSession(), name, execute, input, more),
  );
}

/**
 * Middleware that answers from a cassette: the model is not asked, unless the cassette's mode lets a call be made that was
 * not recorded. In mode `record-new` such a call is recorded.
 *
 * @param cassette of `openCassette` in `tracekeep/replay`
 */
export function cassetteMiddleware<V extends "v3" | "v4" = "v3">(
  cassette: CassetteLike,
  options: Omit<MiddlewareOptions<V>, "session"> = {},
): Middleware<V> {
  checkOptionNames("cassetteMiddleware", options, ["specificationVersion"]);
  return {
    specificationVersion: versionOf("cassetteMiddleware", options.specificationVersion),
    wrapGenerate: async <R extends GenerateResult>(call: GenerateOptions<R>): Promise<R> => {
      const answer = cassette.find(requestOf(call, "generate"));
      if (answer !== undefined) return reviveAnswer(answer) as R;
      return cassette.record === undefined ? call.doGenerate() : recordGenerate(cassette.record, call);
    },
    wrapStream: async <R extends StreamResult>(call: StreamOptions<R>): Promise<R> => {
      const answer = cassette.find(requestOf(call, "stream"));
      if (answer !== undefined) return reviveStream(answer) as R;
      return cassette.record === undefined ? call.doStream() : recordStream(cassette.record, call);
    },
  };
}

/** The same tools, answering from a cassette likewise. */
export function cassetteTools<T extends ToolSet>(tools: T, cassette: CassetteLike): T {
  return mapTools(tools, (name, execute) => async (input, more) => {
    const answer = cassette.find({ kind: "tool", name, args: input });
    if (answer === undefined)
      return cassette.record === undefined
        ? execute(input, more)
        : recordTool(cassette.record, name, execute, input, more);
    if (answer.thrown !== undefined) throw answer.thrown.error;
    return answer.result;
  });
}

// --- internal ---

function versionOf<V extends "v3" | "v4">(owner: string, version: V | undefined): V {
  return choiceOption<"v3" | "v4">(owner, "specificationVersion", version, ["v3", "v4"], "v3") as V;
}

function mapTools<T extends ToolSet>(tools: T, wrap: (name: string, execute: Execute) => Execute): T {
  const wrapped = Object.entries(tools).map(([name, tool]) => {
    // A tool without `execute` is for the user or the provider to run.
    const execute = tool.execute as Execute | undefined;
    return [name, execute === undefined ? tool : { ...tool, execute: wrap(name, execute.bind(tool)) }];
  });
  return Object.fromEntries(wrapped) as T;
}
