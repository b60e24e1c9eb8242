// Failures as they were thrown: the plain form of an error, made an error again.

/** The plain form of an error (`{name, message, stack, cause, …}`) as something to throw: an Error with its name, message and own fields; an abort as an abort. */
export function reviveError(recorded: unknown): unknown {
  if (typeof recorded !== "object" || recorded === null || !("message" in recorded)) return recorded;
  const { name, message, stack, cause, ...own } = recorded as Record<string, unknown>;
  const text = typeof message === "string" ? message : String(message);
  // What `AbortSignal` throws; programs tell it by its name and its class.
  if (name === "AbortError" || name === "TimeoutError") return new DOMException(text, name);
  const error = new Error(text, cause === undefined ? undefined : { cause: reviveError(cause) });
  for (const [key, value] of Object.entries({ name, stack, ...own })) {
    if (value !== undefined) {
      Object.defineProperty(error, key, {
        value,
        writable: true,
        configurable: true,
        enumerable: key in own,
      });
    }
  }
  return error;
}

/** Whether an error says that somebody gave up waiting. */
export function isAbort(error: unknown): boolean {
  const { name } = Object(error) as { name?: unknown };
  return name === "AbortError" || name === "TimeoutError";
}
