// Looks through a text for places where a secret could be, in WebAssembly. Sixteen characters at a time are compared with
// what may stand at, before and behind such a place; what is left of them, a few in a hundred, is looked up in a table by
// three or four characters. That takes half a nanosecond a character where the regular expression takes more than one. What
// there is to be found is said by trigger-scan.ts.
//
// The first step is the nibble tables of Teddy (Hyperscan, and Rust's aho-corasick): a byte belongs to those of eight
// groups whose bit is set for its lower four bits and for its upper four.

import {
  block,
  br,
  brIf,
  compile,
  END,
  get,
  i32Add,
  i32And,
  i32Const,
  i32Ctz,
  i32Eqz,
  i32GeU,
  i32Load,
  i32Load8U,
  i32LtU,
  i32Mul,
  i32Or,
  i32ShrU,
  i32Sub,
  i32Xor,
  i8x16And,
  i8x16Bitmask,
  i8x16Eq,
  i8x16Load,
  i8x16ShrU,
  i8x16Splat,
  i8x16Swizzle,
  instantiate,
  leave,
  loop,
  set,
  tee,
} from "../base/wasm.ts";
import type { Instruction, WasmMemory, WasmModule } from "../base/wasm.ts";

/** Groups of the character before a place, at it and behind it: sixteen bytes by lower bits, sixteen by upper ones, each. */
export const GROUPS_AT = 0;
/** By byte: what kind of character it is. */
export const CHARACTERS_AT = 128;
export const CHARACTER = { key: 1, separator: 2, between: 4 };
/** By {@link slotOf} the characters around a place: what makes it a place. */
export const WINDOWS_AT = 512;
const SLOT_BITS = 13;
export const WINDOWS_BYTES: number = 1 << SLOT_BITS;
/**
 * Which characters. `before`: the one at the place and two before it; `ending`: the same, and {@link KEY_RUN} key
 * characters behind; `around`: one before and one behind; `behind`: two behind; `pair`: one before. `name`: the last three
 * before a separator, in lower case, and what may stand between.
 */
export const WINDOW = { ending: 1, before: 2, around: 4, behind: 8, pair: 16, name: 32 };
export const KEY_RUN = 12;
/** As many characters may stand between a name and its separator. */
export const MAX_BETWEEN = 12;

const FACTOR = 0x9e3779b1;

/** The slot of three characters (or two), the first of them lowest. */
export function slotOf(characters: number): number {
  return Math.imul(characters, FACTOR) >>> (32 - SLOT_BITS);
}

/** The first place from `at` on where a secret could be; `end` or more where there is none. */
export type FindTrigger = (at: number, end: number) => number;

/** @throws where WebAssembly, or its vectors, are not to be had */
export function instantiateFindTrigger(memory: WasmMemory): FindTrigger {
  return instantiate((module ??= compile({ parameters: 2, numbers: 5, vectors: 8, body: body() })), memory);
}

// --- internal ---

let module: WasmModule | undefined;

/** Parameters and variables. */
const [AT, TEXT_END, HITS, PLACE, BEFORE, NEAR, KINDS, LOWER_BITS, VECTOR, GROUP_VECTORS] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;

/** The groups to which the characters at `AT + offset` belong in one of the three tables. */
function groupsOf(offset: number, table: number): Instruction[] {
  const [lower, upper] = [GROUP_VECTORS + 2 * table, GROUP_VECTORS + 2 * table + 1];
  const load = [get(AT), i32Const(1), i32Sub, i8x16Load(offset + 1), set(VECTOR)];
  const byLower = [get(lower), get(VECTOR), get(LOWER_BITS), i8x16And, i8x16Swizzle];
  const byUpper = [get(upper), get(VECTOR), i32Const(4), i8x16ShrU, i8x16Swizzle];
  return [...load, ...byLower, ...byUpper, i8x16And];
}

/** The kinds of window that a slot has, of the characters on the stack. */
function lookUp(): Instruction[] {
  return [i32Const(FACTOR), i32Mul, i32Const(32 - SLOT_BITS), i32ShrU, i32Load8U(WINDOWS_AT)];
}

const THREE = 0xffffff;
const TWO = 0xffff;
const LOWER_CASE = 0x202020;

// prettier-ignore
const body = (): readonly Instruction[] => [
  i32Const(15), i8x16Splat, set(LOWER_BITS),
  ...[0, 1, 2, 3, 4, 5].flatMap((table) => [
    i32Const(0), i8x16Load(GROUPS_AT + 16 * table), set(GROUP_VECTORS + table),
  ]),
  block("done"),
    loop("vectors"), // for sixteen characters
      get(AT), get(TEXT_END), i32GeU, brIf("done"),
      ...groupsOf(-1, 0), ...groupsOf(0, 1), i8x16And, ...groupsOf(1, 2), i8x16And,
      i32Const(0), i8x16Splat, i8x16Eq, i8x16Bitmask, i32Const(TWO), i32Xor, set(HITS),
      block("none"),
        loop("hits"), // for each of them that belongs to a group
          get(HITS), i32Eqz, brIf("none"),
          get(AT), get(HITS), i32Ctz, i32Add, tee(PLACE), get(TEXT_END), i32GeU, brIf("done"),
          get(HITS), get(HITS), i32Const(1), i32Sub, i32And, set(HITS),

          block("characters"), // nothing but the characters themselves
            get(PLACE), i32Const(2), i32Sub, i32Load(0), tee(BEFORE), i32Const(THREE), i32And,
            ...lookUp(), tee(KINDS), i32Const(WINDOW.before), i32And,
            get(BEFORE), i32Const(8), i32ShrU, ...lookUp(), i32Const(WINDOW.around), i32And, i32Or,
            get(BEFORE), i32Const(8), i32ShrU, i32Const(TWO), i32And, ...lookUp(), i32Const(WINDOW.pair), i32And, i32Or,
            get(PLACE), i32Load(0), i32Const(THREE), i32And, ...lookUp(), i32Const(WINDOW.behind), i32And, i32Or,
            i32Eqz, brIf("characters"),
            get(PLACE), leave,
          END,

          block("prefix"), // a prefix that is to be followed by key characters
            get(KINDS), i32Const(WINDOW.ending), i32And, i32Eqz, brIf("prefix"),
            get(PLACE), set(NEAR),
            loop("key"),
              get(NEAR), i32Const(1), i32Add, tee(NEAR), i32Load8U(0), i32Load8U(CHARACTERS_AT),
              i32Const(CHARACTER.key), i32And, i32Eqz, brIf("prefix"),
              get(NEAR), get(PLACE), i32Sub, i32Const(KEY_RUN), i32LtU, brIf("key"),
            END,
            get(PLACE), leave,
          END,

          block("name"), // a name before its separator
            get(PLACE), i32Load8U(0), i32Load8U(CHARACTERS_AT), i32Const(CHARACTER.separator), i32And, i32Eqz, brIf("name"),
            get(PLACE), set(NEAR),
            block("letter"),
              loop("between"),
                get(PLACE), get(NEAR), i32Sub, i32Const(MAX_BETWEEN), i32GeU, brIf("letter"),
                get(NEAR), i32Const(1), i32Sub, tee(NEAR), i32Load8U(0), i32Load8U(CHARACTERS_AT),
                i32Const(CHARACTER.between), i32And, brIf("between"),
              END,
            END,
            get(NEAR), i32Const(2), i32Sub, i32Load(0), i32Const(LOWER_CASE), i32Or, i32Const(THREE), i32And, ...lookUp(),
            i32Const(WINDOW.name), i32And, i32Eqz, brIf("name"),
            get(PLACE), leave,
          END,
          br("hits"),
        END,
      END,
      get(AT), i32Const(16), i32Add, set(AT),
      br("vectors"),
    END,
  END,
  get(TEXT_END),
];
