// Calls of the AI SDK's models and tools on their way past us into a session.

import { isAbort } from "../../base/revive-error.ts";
import { requestOf } from "./request.ts";
import type {
  Call,
  CallHandle,
  Execute,
  GenerateOptions,
  GenerateResult,
  RecorderLike,
  StreamOptions,
  StreamResult,
  ToolOptions,
} from "./types.ts";
import { tokensOf } from "./usage.ts";

/** Makes a call and records it, where there is a session. */
export async function recordGenerate<R extends GenerateResult>(
  session: RecorderLike | undefined,
  call: GenerateOptions<R>,
): Promise<R> {
  const handle = begin(session, call, "generate");
  let result: R;
  try {
    result = await call.doGenerate();
  } catch (error) {
    fail(handle, error, call.params.abortSignal);
    throw error;
  }
  const { content, finishReason, usage } = result;
  const words = content
    .map((part) => (part.type === "text" ? String(Reflect.get(part, "text")) : ""))
    .join("");
  handle?.result(words === "" ? undefined : words, { ...ending(finishReason, usage), result });
  return result;
}

/** The same for a stream; it is recorded when it ends, breaks, or nobody wants the rest of it. */
export async function recordStream<R extends StreamResult>(
  session: RecorderLike | undefined,
  call: StreamOptions<R>,
): Promise<R> {
  const handle = begin(session, call, "stream");
  let result: R;
  try {
    result = await call.doStream();
  } catch (error) {
    fail(handle, error, call.params.abortSignal);
    throw error;
  }
  if (handle === undefined) return result;
  const { stream, ...about } = result;
  const recorded = new RecordedStream(stream, handle, about, call.params.abortSignal);
  return { ...result, stream: recorded.stream };
}

/** Runs a tool and records the call. Of a tool that gives several results, the last one is its result. */
export function recordTool(
  session: RecorderLike | undefined,
  name: string,
  execute: Execute,
  input: unknown,
  options: ToolOptions | undefined,
): unknown {
  const id = options?.toolCallId;
  const handle = session?.toolCall(name, input, id === undefined ? {} : { call_id: id });
  let output: unknown;
  try {
    output = execute(input, options);
  } catch (error) {
    fail(handle, error);
    throw error;
  }
  return isAsyncIterable(output) ? recordResults(handle, output) : recordResult(handle, output);
}

// --- internal ---

function begin(
  session: RecorderLike | undefined,
  call: Call,
  how: "generate" | "stream",
): CallHandle | undefined {
  const { name, args } = requestOf(call, how);
  return session?.modelCall({ provider: call.model.provider, model: name, args });
}

/** Whoever gave up waiting may have given any reason. */
function fail(
  handle: CallHandle | undefined,
  error: unknown,
  signal?: AbortSignal,
  more: Record<string, unknown> = {},
): void {
  const isCancelled = isAbort(error) || signal?.aborted === true;
  handle?.error(error, { ...(isCancelled ? { status: "cancelled" } : {}), ...more });
}

function ending(finishReason: unknown, usage: unknown): Record<string, unknown> {
  const unified: unknown =
    typeof finishReason === "object" && finishReason !== null
      ? Reflect.get(finishReason, "unified")
      : finishReason;
  return { ...(typeof unified === "string" ? { finish_reason: unified } : {}), ...tokensOf(usage) };
}

async function recordResult(handle: CallHandle | undefined, output: unknown): Promise<unknown> {
  let result: unknown;
  try {
    result = await output;
  } catch (error) {
    fail(handle, error);
    throw error;
  }
  handle?.result(result);
  return result;
}

async function* recordResults(
  handle: CallHandle | undefined,
  outputs: AsyncIterable<unknown>,
): AsyncGenerator {
  let last: unknown;
  let isOver = false;
  try {
    for await (const output of outputs) {
      last = output;
      yield output;
    }
    isOver = true;
  } catch (error) {
    isOver = true;
    fail(handle, error, undefined, { result: last });
    throw error;
  } finally {
    if (!isOver) fail(handle, unwanted("results"), undefined, { result: last });
  }
  handle?.result(last);
}

/** Why a call ends whose caller leaves it before its end. */
function unwanted(what: string): DOMException {
  return new DOMException(`nobody wanted the rest of the ${what}`, "AbortError");
}

/** Passes a stream on part by part, and records all of them once. */
class RecordedStream {
  readonly stream: ReadableStream<{ type: string }>;
  readonly #handle: CallHandle;
  readonly #about: object;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#close(this.#signal?.reason);
  readonly #parts: { type: string }[] = [];
  #closed = false;

  constructor(
    source: ReadableStream<{ type: string }>,
    handle: CallHandle,
    about: object,
    signal: AbortSignal | undefined,
  ) {
    this.#handle = handle;
    this.#about = about;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    const reader = source.getReader();
    this.stream = new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) {
            this.#close();
            controller.close();
          } else {
            if (!this.#closed) this.#parts.push(value);
            controller.enqueue(value);
          }
        } catch (error) {
          this.#close(error);
          controller.error(error);
        }
      },
      cancel: (reason) => {
        this.#close(reason ?? unwanted("stream"));
        return reader.cancel(reason);
      },
    });
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    const message = this.#parts
      .map((part) => (part.type === "text-delta" ? String(Reflect.get(part, "delta")) : ""))
      .join("");
    const finish = this.#parts.findLast(({ type }) => type === "finish");
    const broken = this.#parts.findLast(({ type }) => type === "error");
    const fields = {
      ...(finish === undefined
        ? {}
        : ending(Reflect.get(finish, "finishReason"), Reflect.get(finish, "usage"))),
      result: { ...this.#about, parts: this.#parts },
    };
    if (error !== undefined)
      fail(this.#handle, error, this.#signal, { ...(message === "" ? {} : { message }), ...fields });
    else {
      // The provider reported a failure within the stream: the call ended, and it failed.
      const failure = broken === undefined ? {} : { status: "error", error: Reflect.get(broken, "error") };
      this.#handle.result(message === "" ? undefined : message, { ...fields, ...failure });
    }
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
