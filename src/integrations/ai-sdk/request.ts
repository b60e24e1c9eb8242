// What a model is asked, as it is recorded and as it is looked up on a cassette.

import type { Call } from "./types.ts";

export interface ModelRequest {
  kind: "model";
  name: string;
  args: Record<string, unknown>;
}

/**
 * A call without what is no part of the question: the abort signal, and the headers, which name the SDK's version and may
 * hold keys.
 */
export function requestOf({ params, model }: Call, how: "generate" | "stream"): ModelRequest {
  const {
    abortSignal: _signal,
    headers: _headers,
    ...asked
  } = params as Call["params"] & { headers?: unknown };
  return { kind: "model", name: model.modelId, args: how === "stream" ? { ...asked, stream: true } : asked };
}
