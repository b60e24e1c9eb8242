// The innermost loop of a scan, in WebAssembly: passes over lines that begin like one of some patterns, and counts how
// many of each there were. It knows nothing of our format; what patterns there are is said by line-patterns.ts. Sixteen
// bytes are looked at at a time, which makes it three times as fast as the same in JavaScript: about 20 ns a line.
//
// A pattern says of each byte at the beginning of a line what it may be: `low`, or up to `span` more. In memory it is
//
//   0 next    where the next pattern with the same slot stands; 0 behind the last
//   4 bytes   of its vectors but the first pair; it has two pairs or more
//   8 count   of the lines that began like it
//  12 length  how much of a line it says
//  16         pairs of vectors: the lows of sixteen bytes, then their spans
//
// and the table of slots, at 0, has the first pattern for each hash of the eight bytes in which lines differ most.

import {
  block,
  br,
  brIf,
  compile,
  END,
  get,
  instantiate,
  loop,
  set,
  tee,
  i32Add,
  i32Const,
  i32Ctz,
  i32Eqz,
  i32GeU,
  i32GtU,
  i32Load,
  i32Load8U,
  i32LtU,
  i32Mul,
  i32Ne,
  i32Shl,
  i32ShrU,
  i32Store,
  i32Sub,
  i32Xor,
  i8x16AnyTrue,
  i8x16Bitmask,
  i8x16Eq,
  i8x16Load,
  i8x16Or,
  i8x16Splat,
  i8x16Sub,
  i8x16SubSatU,
} from "../../base/wasm.ts";
import type { Instruction, WasmMemory, WasmModule } from "../../base/wasm.ts";

export const SLOTS = 256;
export const PATTERN = { next: 0, bytes: 4, count: 8, length: 12, vectors: 16, minVectors: 2 };
/** Where the number of lines stands that a call may still pass over. */
export const LEFT_AT: number = SLOTS * 4;
export const PATTERNS_AT: number = LEFT_AT + 16;

/** The eight bytes of a line that choose its slot: behind `{"event":"`. */
export const KEY_AT = 10;
const KEY_BYTES = 8;
const FACTORS = [0x9e3779b1, 0x85ebca6b] as const;

/** The slot for the eight bytes of a line, as two numbers. */
export function slotOf(first: number, second: number): number {
  return Math.imul(first ^ Math.imul(second, FACTORS[0]), FACTORS[1]) >>> 24;
}

/** Passes over lines from `at` to `end` as long as they are whole and begin like a pattern; returns where it stopped. */
export type PassLines = (at: number, end: number) => number;

/** @throws where WebAssembly, or its vectors, are not to be had */
export function instantiateKernel(memory: WasmMemory): PassLines {
  module ??= compile({ parameters: 2, numbers: 5, vectors: 2, body: body() });
  return instantiate(module, memory);
}

// --- internal ---

let module: WasmModule | undefined;

const NEWLINE = 0x0a;
const BRACE = 0x7d;

/** Parameters and variables: the line, the end of the bytes; the pattern, a place in the line and one in the pattern. */
const [LINE, BYTES_END, PATTERN_AT, AT, VECTOR, VECTORS_END, MASK, UNLIKE, NEWLINES] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
] as const;

/** How far sixteen bytes of the line are out of what the pattern allows: nothing, where all are as it says. */
function unlike(line: number, low: number): Instruction[] {
  const above = [get(AT), i8x16Load(line), get(VECTOR), i8x16Load(low), i8x16Sub];
  return [...above, get(VECTOR), i8x16Load(low + 16), i8x16SubSatU];
}

// prettier-ignore
const body = (): readonly Instruction[] => [
  i32Const(NEWLINE), i8x16Splat, set(NEWLINES),
  block("stop"),
    loop("line"), // for every line, as long as there may be more of them and the key of the next is there
      i32Const(LEFT_AT), i32Load(0), i32Eqz, brIf("stop"),
      get(LINE), i32Const(KEY_AT + KEY_BYTES), i32Add, get(BYTES_END), i32GtU, brIf("stop"),

      // The first pattern of its slot.
      get(LINE), i32Load(KEY_AT), get(LINE), i32Load(KEY_AT + 4), i32Const(FACTORS[0]), i32Mul, i32Xor,
      i32Const(FACTORS[1]), i32Mul, i32Const(24), i32ShrU, i32Const(2), i32Shl, i32Load(0), tee(PATTERN_AT),
      i32Eqz, brIf("stop"),
      block("alike"),
        loop("pattern"), // for every pattern of the slot
          get(LINE), set(AT),
          get(PATTERN_AT), i32Const(PATTERN.vectors), i32Add, tee(VECTOR),
          get(PATTERN_AT), i32Load(PATTERN.bytes), i32Add, set(VECTORS_END),
          ...unlike(0, 0), set(UNLIKE),
          loop("pair"), // for every pair of vectors but the first
            ...unlike(16, 32), get(UNLIKE), i8x16Or, set(UNLIKE),
            get(AT), i32Const(16), i32Add, set(AT),
            get(VECTOR), i32Const(32), i32Add, tee(VECTOR), get(VECTORS_END), i32LtU, brIf("pair"),
          END,
          get(UNLIKE), i8x16AnyTrue, i32Eqz, brIf("alike"),
          get(PATTERN_AT), i32Load(PATTERN.next), tee(PATTERN_AT), brIf("pattern"),
        END,
        br("stop"), // like none
      END,

      // Its newline, which no pattern allows in what it says.
      get(LINE), get(PATTERN_AT), i32Load(PATTERN.length), i32Add, set(AT),
      block("found"),
        loop("search"),
          get(AT), i8x16Load(0), get(NEWLINES), i8x16Eq, i8x16Bitmask, tee(MASK), brIf("found"),
          get(AT), i32Const(16), i32Add, tee(AT), get(BYTES_END), i32LtU, brIf("search"),
        END,
        br("stop"), // not whole
      END,
      get(AT), get(MASK), i32Ctz, i32Add, tee(AT), get(BYTES_END), i32GeU, brIf("stop"),
      get(AT), i32Const(1), i32Sub, i32Load8U(0), i32Const(BRACE), i32Ne, brIf("stop"),

      get(PATTERN_AT), get(PATTERN_AT), i32Load(PATTERN.count), i32Const(1), i32Add, i32Store(PATTERN.count),
      i32Const(LEFT_AT), i32Const(LEFT_AT), i32Load(0), i32Const(1), i32Sub, i32Store(0),
      get(AT), i32Const(1), i32Add, set(LINE),
      br("line"),
    END,
  END,
  get(LINE),
];
