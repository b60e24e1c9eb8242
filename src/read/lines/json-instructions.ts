// Parts of a kernel that goes over JSON to the letter of RFC 8259 (member-kernel.ts): each goes on from the variable `AT`,
// and leaves the block `fail` at what is none.

// prettier-ignore
import {
  block, br, brIf, END, get, loop, set, tee, i32Add, i32And, i32Const, i32Ctz, i32Eq, i32Eqz, i32GtU, i32Load8U, i32LtU,
  i32Ne, i32Or, i32Sub, i8x16Bitmask, i8x16Eq, i8x16Load, i8x16LtU, i8x16Or, i8x16Splat,
} from "../../base/wasm.ts";
import type { Instruction } from "../../base/wasm.ts";
import { CLASSES_AT, IS_BLANK, IS_ESCAPE, IS_HEX, IS_UNICODE } from "./member-memory.ts";

export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_LIST = 0x5d;
export const EXPONENT = 0x65;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;

/** Variables: the line, where the bytes end; where it is, and one byte of it; whether the last text has escapes; vectors. */
export const JSON_LOCALS = {
  LINE: 0,
  BYTES_END: 1,
  AT: 2,
  BYTE: 3,
  HAS_ESCAPE: 4,
  MASK: 5,
  VECTOR: 22,
  QUOTES: 23,
  BACKSLASHES: 24,
  SPACES: 25,
} as const;
const { AT, BYTE, HAS_ESCAPE, MASK, VECTOR, QUOTES, BACKSLASHES, SPACES } = JSON_LOCALS;

export const byteAt = (offset = 0): Instruction[] => [get(AT), i32Load8U(offset)];
export const go = (bytes: number): Instruction[] => [get(AT), i32Const(bytes), i32Add, set(AT)];
export const failUnless = (byte: number, offset = 0): Instruction[] => [
  ...byteAt(offset),
  i32Const(byte),
  i32Ne,
  brIf("fail"),
];
const classOf = (offset: number): Instruction[] => [...byteAt(offset), i32Load8U(CLASSES_AT)];
const splat = (byte: number, vector: number): Instruction[] => [i32Const(byte), i8x16Splat, set(vector)];

/** What texts are compared with, once. */
export const beginTexts = (): Instruction[] => [
  ...splat(QUOTE, QUOTES),
  ...splat(BACKSLASH, BACKSLASHES),
  ...splat(SPACE, SPACES),
];

/** Over blanks, which most writers leave out: one look where there are none. */
// prettier-ignore
export const blanks = (): readonly Instruction[] => [
  block("dark"),
    loop("blank"),
      ...byteAt(), i32Const(SPACE), i32GtU, brIf("dark"),
      ...classOf(0), i32Const(IS_BLANK), i32And, i32Eqz, brIf("fail"),
      ...go(1),
      br("blank"),
    END,
  END,
];

/** From behind the quote that begins a text to the one that ends it. */
// prettier-ignore
export const text = (): readonly Instruction[] => [
  i32Const(0), set(HAS_ESCAPE),
  loop("text"),
    get(AT), i8x16Load(0), tee(VECTOR), get(QUOTES), i8x16Eq,
    get(VECTOR), get(BACKSLASHES), i8x16Eq, i8x16Or,
    get(VECTOR), get(SPACES), i8x16LtU, i8x16Or, i8x16Bitmask, set(MASK),
    block("stop"),
      get(MASK), brIf("stop"),
      ...go(16),
      br("text"),
    END,
    get(AT), get(MASK), i32Ctz, i32Add, set(AT),
    block("end"),
      ...byteAt(), tee(BYTE), i32Const(QUOTE), i32Eq, brIf("end"),
      get(BYTE), i32Const(BACKSLASH), i32Ne, brIf("fail"),
      i32Const(1), set(HAS_ESCAPE),
      ...classOf(1), tee(BYTE), i32Const(IS_ESCAPE), i32And, i32Eqz, brIf("fail"),
      ...go(2),
      get(BYTE), i32Const(IS_UNICODE), i32And, i32Eqz, brIf("text"),
      ...classOf(0), ...classOf(1), i32And, ...classOf(2), i32And, ...classOf(3), i32And,
      i32Const(IS_HEX), i32And, i32Eqz, brIf("fail"),
      ...go(4),
      br("text"),
    END,
  END,
];

// prettier-ignore
export const number = (): readonly Instruction[] => [
  get(AT), ...byteAt(), i32Const(MINUS), i32Eq, i32Add, set(AT),
  block("whole"),
    block("digits"),
      ...byteAt(), i32Const(ZERO), i32Ne, brIf("digits"),
      ...go(1),
      br("whole"),
    END,
    ...digits(),
  END,
  block("fraction"),
    ...byteAt(), i32Const(DOT), i32Ne, brIf("fraction"),
    ...go(1), ...digits(),
  END,
  block("exponent"),
    ...byteAt(), i32Const(0x20), i32Or, i32Const(EXPONENT), i32Ne, brIf("exponent"),
    ...go(1),
    get(AT), ...byteAt(), i32Const(PLUS), i32Eq, ...byteAt(), i32Const(MINUS), i32Eq, i32Or, i32Add, set(AT),
    ...digits(),
  END,
];

// --- internal ---

/** One or more. */
// prettier-ignore
const digits = (): readonly Instruction[] => [
  ...byteAt(), i32Const(ZERO), i32Sub, i32Const(9), i32GtU, brIf("fail"),
  loop("digits"),
    ...go(1),
    ...byteAt(), i32Const(ZERO), i32Sub, i32Const(10), i32LtU, brIf("digits"),
  END,
];
