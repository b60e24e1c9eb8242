/**
 * States a fact about our own code. A failure is a bug in this library, so input from outside (options, files, events)
 * never reaches it unchecked.
 */
export function assert(condition: unknown, fact: string): asserts condition {
  if (!condition) throw new Error(`bug in tracekeep, please report it: expected ${fact}`);
}
