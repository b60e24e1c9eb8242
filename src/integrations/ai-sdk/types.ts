// The shapes of the AI SDK that we rely on: language models of specification v3 (AI SDK 6) and v4 (7).

export interface ModelShape {
  provider: string;
  modelId: string;
}

export interface CallParams {
  prompt: unknown;
  abortSignal?: AbortSignal | undefined;
}

export interface GenerateResult {
  content: readonly { type: string }[];
  finishReason: unknown;
  usage: unknown;
}

export interface StreamResult {
  stream: ReadableStream<{ type: string }>;
}

export interface Call {
  params: CallParams;
  model: ModelShape;
}

export interface GenerateOptions<R> extends Call {
  doGenerate: () => PromiseLike<R>;
}

export interface StreamOptions<R> extends Call {
  doStream: () => PromiseLike<R>;
}

/** Middleware for `wrapLanguageModel`. */
export interface Middleware<V extends string = "v3"> {
  specificationVersion: V;
  wrapGenerate: <R extends GenerateResult>(options: GenerateOptions<R>) => Promise<R>;
  wrapStream: <R extends StreamResult>(options: StreamOptions<R>) => Promise<R>;
}

/** What tools have in common, whatever their types of input and output. */
export type ToolSet = Readonly<Record<string, { execute?: ((...args: never[]) => unknown) | undefined }>>;

export interface ToolOptions {
  toolCallId?: string;
}

export type Execute = (input: unknown, options: ToolOptions | undefined) => unknown;

export interface CallHandle {
  result(value?: unknown, extra?: Record<string, unknown>): unknown;
  error(error: unknown, extra?: Record<string, unknown>): unknown;
}

/** Where calls are recorded: a Session or a Recorder has this shape. */
export interface RecorderLike {
  toolCall(tool: string, args?: unknown, extra?: Record<string, unknown>): CallHandle;
  modelCall(model: { provider?: string; model: string; [field: string]: unknown }): CallHandle;
}

/** A cassette, as `openCassette` of `tracekeep/replay` makes it. */
export interface CassetteLike {
  find(call: { kind: "model" | "tool"; name: string; args: unknown }): CassetteAnswer | undefined;
  readonly record?: RecorderLike | undefined;
}

export interface CassetteAnswer {
  result: unknown;
  thrown?: { error: unknown };
}
