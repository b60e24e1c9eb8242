// The buffers in which lines are put together. In a process that records much they are WebAssembly's, so that texts in
// them can be escaped sixteen characters at a time; where that is not to be had, or all of those are taken, they are ordinary
// ones, and so is escaping.

import { createMemory } from "../base/wasm.ts";
import { FORMS, FORMS_AT, instantiateEscapeText } from "./text-kernel.ts";
import type { EscapeText } from "./text-kernel.ts";

export const LINE_BUFFER_BYTES: number = 128 * 1024;

/** Returned by {@link escapeInPlace} where the text has to be escaped in another way. */
export const NOT_HERE = -1;

/** A buffer of {@link LINE_BUFFER_BYTES} that holds anything. */
export function takeLineBuffer(): Buffer {
  return vectorBuffers.pop() ?? ordinaryBuffers.pop() ?? Buffer.allocUnsafeSlow(LINE_BUFFER_BYTES);
}

/** Gives one back that had so many bytes of lines in it. Nothing may read or write it any more. */
export function returnLineBuffer(buffer: Buffer, bytes: number): void {
  if (buffer.buffer === memory) vectorBuffers.push(buffer);
  else if (ordinaryBuffers.length < MAX_SPARE) ordinaryBuffers.push(buffer);
  if (bytesUntilVectors <= 0) return;
  bytesUntilVectors -= bytes;
  if (bytesUntilVectors <= 0) startVectors();
}

/** Has the buffers taken from now on be WebAssembly's, if it is to be had. Takes up to 5 ms, once. @internal */
export function startVectors(): void {
  bytesUntilVectors = 0;
  if (memory === undefined) vectorBuffers.push(...createVectorBuffers());
}

/**
 * Copies a text of ASCII that stands in a line buffer, escaped as in JSON, to a place before it. See `EscapeText`.
 *
 * @returns where it ends, or {@link NOT_HERE}
 */
export function escapeInPlace(buffer: Buffer, from: number, end: number, to: number): number {
  if (buffer.buffer !== memory || escapeText === undefined) return NOT_HERE;
  const { byteOffset } = buffer;
  const escapedEnd = escapeText(byteOffset + from, byteOffset + end, byteOffset + to);
  return escapedEnd < 0 ? NOT_HERE : escapedEnd - byteOffset;
}

// --- internal ---

/** What a process has to record before it pays to start WebAssembly: a hook never does. */
let bytesUntilVectors: number = 1024 * 1024;
/** Logs that have lines to be written at the same moment, and get one of these buffers. */
const MAX_VECTOR_BUFFERS = 128;
/** What the kernel has to know stands before them. */
const BUFFERS_AT = 65_536;
/** Ordinary buffers kept between two uses, so that ten thousand quiet files do not hold one each. */
const MAX_SPARE = 16;

const vectorBuffers: Buffer[] = [];
const ordinaryBuffers: Buffer[] = [];
let memory: ArrayBuffer | undefined;
let escapeText: EscapeText | undefined;

/** Memory that nobody has touched yet takes addresses only. */
function createVectorBuffers(): Buffer[] {
  try {
    const created = createMemory(BUFFERS_AT + MAX_VECTOR_BUFFERS * LINE_BUFFER_BYTES);
    escapeText = instantiateEscapeText(created);
    memory = created.buffer;
  } catch {
    return [];
  }
  const all = Buffer.from(memory);
  all.set(FORMS, FORMS_AT);
  return Array.from({ length: MAX_VECTOR_BUFFERS }, (_, index) => {
    const at = BUFFERS_AT + index * LINE_BUFFER_BYTES;
    return all.subarray(at, at + LINE_BUFFER_BYTES);
  });
}
