// What Node 20 does not have yet, and what promises of others need.

/** A promise and the two functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** `Promise.withResolvers`, which Node has from version 22 on. */
export function deferred<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] | undefined;
  let reject: Deferred<T>["reject"] | undefined;
  const promise = new Promise<T>((resolvePromise, rejectPromise) => {
    resolve = resolvePromise;
    reject = rejectPromise;
  });
  // The executor has run by now, so both are there.
  return { promise, resolve: resolve as Deferred<T>["resolve"], reject: reject as Deferred<T>["reject"] };
}

/** Whether a value is a promise, or behaves as one. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Calls what a user handed in without making its failure the program's: what it throws goes to `onFailure`, and so does
 * what an async one rejects with, which nobody waits for and which would end the process.
 */
export function callIsolated(callback: () => unknown, onFailure: (error: unknown) => void): void {
  try {
    const result = callback();
    if (isPromiseLike(result)) result.then(undefined, onFailure);
  } catch (error) {
    onFailure(error);
  }
}
