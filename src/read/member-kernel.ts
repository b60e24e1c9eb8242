// Goes over the JSON object on a line without making anything of it, sixteen bytes at a time where they are text: some
// 0.3 ns a byte. Of the members of the object itself, not of what is nested in it, those that are asked for are noted by
// their places. To the letter of RFC 8259, but for blanks between its parts: those no writer of ours makes, and a line
// with some is for a parser.
//
// In memory:
//
//   0            for each hash of a name, where the entry of the name stands that has it; else that of all other names
//   CLASSES_AT   for each byte, what it may be behind a backslash: 1 an escape, 2 a digit of one, 4 one with such digits
//   PRESENT_AT   which of the names that are asked for the object has, a bit each; then those whose texts have escapes
//   FACTOR_AT    what hashes are multiplied with; then where the entry stands of all names that are not asked for
//   CLOSERS_AT   what each array or object that is open ends with
//   ENTRIES_AT   the names: 32 bytes with the quote behind it; a mask with a bit for each byte; the name's own bit; where its
//                value begins and ends

// prettier-ignore
import {
  block, br, brIf, compile, END, get, instantiate, leave, loop, set, tee, i32Add, i32And, i32Const, i32Ctz, i32Eq,
  i32Eqz, i32GeU, i32GtU, i32Load, i32Load8U, i32LtU, i32Mul, i32Ne, i32Or, i32Shl, i32ShrU, i32Store, i32Store8,
  i32Sub, i32Xor, i8x16Bitmask, i8x16Eq, i8x16Load, i8x16LtU, i8x16Or, i8x16Splat,
} from "../base/wasm.ts";
import type { Instruction, WasmMemory, WasmModule } from "../base/wasm.ts";

const SLOTS = 256;
const CLASSES_AT = SLOTS * 4;
export const PRESENT_AT: number = CLASSES_AT + 256;
export const ESCAPED_AT: number = PRESENT_AT + 4;
const FACTOR_AT = PRESENT_AT + 8;
const OTHERS_AT = PRESENT_AT + 12;
const CLOSERS_AT = PRESENT_AT + 16;
/** Of what is nested in one another; what is more is for a parser. */
const MAX_DEPTH = 64;
export const ENTRIES_AT: number = CLOSERS_AT + 2 * MAX_DEPTH;
export const ENTRY = { name: 0, mask: 32, bit: 36, from: 40, to: 44, bytes: 48 };
/** Goes over the line at `at`; returns where the next one begins, or 0 for a line about which nothing can be said. */
export type ScanMembers = (at: number) => number;

/**
 * @param names at most 31, of 2 to 31 characters of ASCII
 * @throws where WebAssembly, or its vectors, are not to be had
 */
export function instantiateMemberKernel(memory: WasmMemory, names: readonly string[]): ScanMembers {
  const bytes = Buffer.from(memory.buffer);
  for (const [classes, characters] of CLASSES)
    for (const code of Buffer.from(characters))
      bytes[CLASSES_AT + code] = Number(bytes[CLASSES_AT + code]) | classes;
  const factor = factorFor(names);
  bytes.writeInt32LE(factor, FACTOR_AT);
  const others = ENTRIES_AT + names.length * ENTRY.bytes;
  bytes.writeInt32LE(others, OTHERS_AT);
  // Without a name, and a mask by which all of it would have to be alike.
  bytes.writeInt32LE(-1, others + ENTRY.mask);
  for (let slot = 0; slot < SLOTS; slot++) bytes.writeInt32LE(others, 4 * slot);
  for (const [member, name] of names.entries()) {
    const at = ENTRIES_AT + member * ENTRY.bytes;
    bytes.write(`${name}"`, at + ENTRY.name, "latin1");
    bytes.writeUInt32LE(2 ** (name.length + 1) - 1, at + ENTRY.mask);
    bytes.writeInt32LE(1 << member, at + ENTRY.bit);
    bytes.writeInt32LE(at, 4 * slotOf(keyOf(name), factor));
  }
  module ??= compile({ parameters: 1, numbers: 9, vectors: 4, body: body() });
  return instantiate(module, memory);
}

// --- internal ---

let module: WasmModule | undefined;

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const EXPONENT = 0x65;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const [IS_ESCAPE, IS_HEX, IS_UNICODE] = [1, 2, 4] as const;
const CLASSES: readonly (readonly [number, string])[] = [
  [IS_ESCAPE, '"\\/bfnrtu'],
  [IS_HEX, "0123456789abcdefABCDEF"],
  [IS_UNICODE, "u"],
];

const SPREAD = 0x9e3779b1;

/** A factor with which no two of the names have the same slot. */
function factorFor(names: readonly string[]): number {
  // Each has a bit in a number of 32.
  if (names.length > 31) throw new RangeError(`more than 31 names: ${names.join(" ")}`);
  const keys = names.map(keyOf);
  for (let tries = 0, factor = 0x85ebca6b | 0; tries < MAX_TRIES; tries++, factor = Math.imul(factor, SPREAD))
    if (new Set(keys.map((key) => slotOf(key, factor))).size === names.length) return factor;
  throw new RangeError(`too many names, or too much alike: ${names.join(" ")}`);
}

const MAX_TRIES = 10_000;

/** Of its length, and of its first and last four bytes between quotes and a colon. */
function keyOf(name: string): number {
  const bytes = Buffer.from(`"${name}":`);
  return Math.imul(bytes.readInt32LE(1), SPREAD) ^ (bytes.readInt32LE(name.length - 2) + name.length);
}

function slotOf(key: number, factor: number): number {
  return Math.imul(key, factor) >>> 24;
}

/** Parameters and variables: where it is, and one byte of it; the name, where it begins, and the entry that it has. */
const [AT, BYTE, NAME, MEMBER, PRESENT, ESCAPED, HAS_ESCAPE, CLOSER, MASK, WORD] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const;
const [VECTOR, QUOTES, BACKSLASHES, SPACES] = [10, 11, 12, 13] as const;

const byteAt = (offset = 0): Instruction[] => [get(AT), i32Load8U(offset)];
const go = (bytes: number): Instruction[] => [get(AT), i32Const(bytes), i32Add, set(AT)];
const failUnless = (byte: number, offset = 0): Instruction[] => [
  ...byteAt(offset),
  i32Const(byte),
  i32Ne,
  brIf("fail"),
];
const splat = (byte: number, vector: number): Instruction[] => [i32Const(byte), i8x16Splat, set(vector)];
const classOf = (offset: number): Instruction[] => [...byteAt(offset), i32Load8U(CLASSES_AT)];

/** From behind the quote that begins a text to the one that ends it. */
// prettier-ignore
const text = (): readonly Instruction[] => [
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

/** The entry of a name that is no nested one; none may be there twice. */
// prettier-ignore
const findMember = (): readonly Instruction[] => [
  block("found"),
    get(CLOSER), i32Const(CLOSERS_AT), i32Ne, brIf("found"),
    get(HAS_ESCAPE), brIf("fail"),
    get(NAME), i32Load(0), i32Const(SPREAD), i32Mul, get(AT), i32Const(3), i32Sub, i32Load(0),
    get(AT), get(NAME), i32Sub, i32Add, i32Xor,
    i32Const(0), i32Load(FACTOR_AT), i32Mul, i32Const(24), i32ShrU, i32Const(2), i32Shl, i32Load(0), set(MEMBER),
    block("alike"),
      get(NAME), i8x16Load(0), get(MEMBER), i8x16Load(ENTRY.name), i8x16Eq, i8x16Bitmask,
      get(NAME), i8x16Load(16), get(MEMBER), i8x16Load(ENTRY.name + 16), i8x16Eq, i8x16Bitmask,
      i32Const(16), i32Shl, i32Or,
      get(MEMBER), i32Load(ENTRY.mask), tee(MASK), i32And, get(MASK), i32Eq, brIf("alike"),
      i32Const(0), i32Load(OTHERS_AT), set(MEMBER),
      br("found"),
    END,
    get(PRESENT), get(MEMBER), i32Load(ENTRY.bit), tee(MASK), i32And, brIf("fail"),
    get(PRESENT), get(MASK), i32Or, set(PRESENT),
  END,
];

/** One or more. */
// prettier-ignore
const digits = (): readonly Instruction[] => [
  ...byteAt(), i32Const(ZERO), i32Sub, i32Const(9), i32GtU, brIf("fail"),
  loop("digits"),
    ...go(1),
    ...byteAt(), i32Const(ZERO), i32Sub, i32Const(10), i32LtU, brIf("digits"),
  END,
];

// prettier-ignore
const number = (): readonly Instruction[] => [
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

/** Goes into an array or object; both may be empty. */
// prettier-ignore
const enter = (closer: number): Instruction[] => [
  get(CLOSER), i32Const(1), i32Add, tee(CLOSER), i32Const(CLOSERS_AT + MAX_DEPTH), i32Eq, brIf("fail"),
  get(CLOSER), i32Const(closer), i32Store8(0),
  ...go(1),
  ...byteAt(), i32Const(closer), i32Eq, brIf("behind"),
];

const wordOf = (word: string): number => Buffer.from(word).readInt32LE(0);

// prettier-ignore
const body = (): readonly Instruction[] => [
  ...splat(QUOTE, QUOTES), ...splat(BACKSLASH, BACKSLASHES), ...splat(SPACE, SPACES),
  i32Const(CLOSERS_AT), tee(CLOSER), i32Const(CLOSE), i32Store8(0),
  block("fail"),
    ...failUnless(OPEN), ...go(1),

    loop("member"), // of this object, or of one that is nested in it
      ...failUnless(QUOTE),
      ...go(1),
      get(AT), set(NAME),
      ...text(),
      ...findMember(),
      ...failUnless(COLON, 1),
      ...go(2),
      block("begun"),
        get(CLOSER), i32Const(CLOSERS_AT), i32Ne, brIf("begun"),
        get(MEMBER), get(AT), i32Store(ENTRY.from),
      END,

      loop("value"),
        block("behind"),
          block("object"),
            block("list"),
              block("word"),
                ...byteAt(), tee(BYTE), i32Const(OPEN), i32Eq, brIf("object"),
                get(BYTE), i32Const(OPEN_LIST), i32Eq, brIf("list"),
                block("other"),
                  get(BYTE), i32Const(QUOTE), i32Ne, brIf("other"),
                  ...go(1), ...text(), ...go(1),
                  get(ESCAPED), get(MEMBER), i32Load(ENTRY.bit), get(HAS_ESCAPE), i32Mul, i32Or, set(ESCAPED),
                  br("behind"),
                END,
                get(AT), i32Load(0), tee(WORD), i32Const(wordOf("true")), i32Eq, brIf("word"),
                get(WORD), i32Const(wordOf("null")), i32Eq, brIf("word"),
                block("number"),
                  get(WORD), i32Const(wordOf("fals")), i32Ne, brIf("number"),
                  ...failUnless("e".charCodeAt(0), 4), ...go(1),
                  br("word"),
                END,
                ...number(),
                br("behind"),
              END,
              ...go(4),
              br("behind"),
            END,
            ...enter(CLOSE_LIST),
            br("value"),
          END,
          ...enter(CLOSE),
          br("member"),
        END,

        // Behind a value: as many ends as there are, or the next one.
        loop("ends"),
          get(MEMBER), get(AT), i32Store(ENTRY.to),
          ...byteAt(), set(BYTE), ...go(1),
          block("more"),
            get(BYTE), i32Const(COMMA), i32Eq, brIf("more"),
            get(BYTE), get(CLOSER), i32Load8U(0), i32Ne, brIf("fail"),
            get(CLOSER), i32Const(1), i32Sub, tee(CLOSER), i32Const(CLOSERS_AT), i32GeU, brIf("ends"),
            ...failUnless(NEWLINE),
            i32Const(0), get(PRESENT), i32Store(PRESENT_AT),
            i32Const(0), get(ESCAPED), i32Store(ESCAPED_AT),
            get(AT), i32Const(1), i32Add,
            leave,
          END,
        END,
        get(CLOSER), i32Load8U(0), i32Const(CLOSE), i32Eq, brIf("member"),
        br("value"),
      END,
    END,
  END,
  i32Const(0),
];
