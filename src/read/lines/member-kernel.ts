// Goes over the JSON objects on lines without making anything of them, sixteen bytes at a time where they are text: some
// 0.3 ns a byte. To the letter of RFC 8259, so that it passes over no line that a parser would refuse. Of the members of
// the object itself, not of what is nested in it, those that are asked for are noted by their places.
//
// Where it was said what becomes of a line whose members have such values (line-kinds.ts), it counts the line and goes on to
// the next one; it stops at a line of which nothing is known, or about which nothing can be said. That leaves nothing to be
// done in JavaScript for most lines. What is where in memory stands in member-memory.ts.

// prettier-ignore
import {
  block, br, brIf, compile, END, get, instantiate, loop, set, tee, i32Add, i32And, i32Const, i32Ctz, i32Eq,
  i32Eqz, i32GeU, i32GtU, i32Load, i32Load8U, i32LtU, i32Mul, i32Ne, i32Or, i32Shl, i32ShrU, i32Store, i32Store8,
  i32Sub, i32Xor, i8x16AnyTrue, i8x16Bitmask, i8x16Eq, i8x16Load, i8x16Splat, i8x16Store, i8x16Sub, i8x16SubSatU,
} from "../../base/wasm.ts";
import type { Instruction, WasmMemory, WasmModule } from "../../base/wasm.ts";
// prettier-ignore
import {
  beginTexts, blanks, byteAt, CLOSE, CLOSE_LIST, COLON, COMMA, failUnless, go, JSON_LOCALS, NEWLINE, number, OPEN, OPEN_LIST,
  QUOTE, text,
} from "./json-instructions.ts";
// prettier-ignore
import {
  CLASSES_AT, CLOSERS_AT, DECISIVE_AT, ENTRIES_AT, ENTRY, ESCAPED_AT, IS_BLANK, KIND, KIND_AT, KINDS_AT, LEFT_AT, LENGTHS,
  MAX_DEPTH, NEXT_AT, PRESENT_AT, SPREAD, STEPS_AT, VALUE, VALUES_AT,
} from "./member-memory.ts";
import { findMember, foresee, NAME_LOCALS } from "./name-instructions.ts";

/**
 * Goes over lines from the one at `at`, as far as there are bytes to `end`, and stops at the first that is of no known kind;
 * returns where that begins. The members that are noted are those of that line, if where it ends is noted, too.
 */
export type ScanMembers = (at: number, end: number) => number;

/** @throws where WebAssembly, or its vectors, are not to be had */
export function instantiateMemberKernel(memory: WasmMemory): ScanMembers {
  module ??= compile({ parameters: 2, numbers: 20, vectors: 4, body: body() });
  return instantiate(module, memory);
}

// --- internal ---

let module: WasmModule | undefined;

const { LINE, BYTES_END, AT, BYTE, HAS_ESCAPE, MASK, VECTOR } = JSON_LOCALS;
const { NAME, MEMBER, PRESENT, CLOSER, LENGTH, LAST } = NAME_LOCALS;
/** Of the object: which names have texts with escapes, a bit each, and four bytes of a value. */
const [ESCAPED, WORD] = [12, 13] as const;
/** Of its kind: names that still count, one of them, and what its value is compared with. */
const [LEFT, NUMBER, KNOWN, PAIR, PAIRS_END] = [14, 15, 16, 17, 18] as const;

/** Goes into an array or object; both may be empty. */
// prettier-ignore
const enter = (closer: number): Instruction[] => [
  get(CLOSER), i32Const(1), i32Add, tee(CLOSER), i32Const(CLOSERS_AT + MAX_DEPTH), i32Eq, brIf("fail"),
  get(CLOSER), i32Const(closer), i32Store8(0),
  ...go(1), ...blanks(),
  ...byteAt(), i32Const(closer), i32Eq, brIf("behind"),
];

const wordOf = (word: string): number => Buffer.from(word).readInt32LE(0);

/** Over the object, to the newline behind it. */
// prettier-ignore
const object = (): readonly Instruction[] => [
  i32Const(0), set(PRESENT), i32Const(0), set(ESCAPED), i32Const(STEPS_AT), set(LAST),
  i32Const(CLOSERS_AT), tee(CLOSER), i32Const(CLOSE), i32Store8(0),
  ...failUnless(OPEN), ...go(1), ...blanks(),
  block("whole"),
    loop("member"), // of this object, or of one that is nested in it
      ...failUnless(QUOTE),
      ...go(1),
      get(AT), set(NAME),
      block("named"),
        ...foresee(),
        ...text(),
        ...findMember(),
      END,
      // Blanks before the colon are made by hand only.
      ...failUnless(COLON, 1),
      ...go(2), ...blanks(),
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
          loop("blank"),
            ...byteAt(), set(BYTE), ...go(1),
            block("more"),
              get(BYTE), i32Const(COMMA), i32Eq, brIf("more"),
              block("end"),
                get(BYTE), get(CLOSER), i32Load8U(0), i32Eq, brIf("end"),
                get(BYTE), i32Load8U(CLASSES_AT), i32Const(IS_BLANK), i32And, brIf("blank"),
                br("fail"),
              END,
              get(CLOSER), i32Const(1), i32Sub, tee(CLOSER), i32Const(CLOSERS_AT), i32GeU, brIf("ends"),
              br("whole"),
            END,
          END,
        END,
        ...blanks(),
        get(CLOSER), i32Load8U(0), i32Const(CLOSE), i32Eq, brIf("member"),
        br("value"),
      END,
    END,
  END,
  loop("blank"),
    block("end"),
      ...byteAt(), tee(BYTE), i32Const(NEWLINE), i32Eq, brIf("end"),
      get(BYTE), i32Load8U(CLASSES_AT), i32Const(IS_BLANK), i32And, i32Eqz, brIf("fail"),
      ...go(1),
      br("blank"),
    END,
  END,
];

/** Finds what the values of the names that decide are one of; `fail` where one of them is not known. */
// prettier-ignore
const findKind = (): readonly Instruction[] => [
  i32Const(0), i32Const(0), i8x16Splat, i8x16Store(KIND_AT),
  get(PRESENT), i32Const(0), i32Load(DECISIVE_AT), i32And, set(LEFT),
  block("told"),
    loop("member"),
      get(LEFT), i32Eqz, brIf("told"),
      get(LEFT), i32Ctz, tee(NUMBER), i32Const(ENTRY.bytes), i32Mul, i32Const(ENTRIES_AT), i32Add, set(MEMBER),
      get(MEMBER), i32Load(ENTRY.bit), get(ESCAPED), i32And, brIf("fail"),
      get(MEMBER), i32Load(ENTRY.to), get(MEMBER), i32Load(ENTRY.from), i32Sub, tee(LENGTH),
      i32Const(LENGTHS - 1), i32And, get(NUMBER), i32Const(LENGTHS), i32Mul, i32Add, i32Const(2), i32Shl,
      i32Load(VALUES_AT), set(KNOWN),
      block("alike"),
        loop("known"),
          get(KNOWN), i32Eqz, brIf("fail"),
          block("unlike"),
            get(KNOWN), i32Load(VALUE.length), tee(MASK), get(LENGTH), i32Ne,
            get(MASK), i32Const(0), i32Ne, i32And, brIf("unlike"),
            get(MEMBER), i32Load(ENTRY.from), set(AT),
            get(KNOWN), i32Const(VALUE.vectors), i32Add, tee(PAIR), get(KNOWN), i32Load(VALUE.bytes), i32Add, set(PAIRS_END),
            loop("pair"),
              get(AT), i8x16Load(0), get(PAIR), i8x16Load(0), i8x16Sub, get(PAIR), i8x16Load(16), i8x16SubSatU,
              i8x16AnyTrue, brIf("unlike"),
              get(AT), i32Const(16), i32Add, set(AT),
              get(PAIR), i32Const(32), i32Add, tee(PAIR), get(PAIRS_END), i32LtU, brIf("pair"),
            END,
            br("alike"),
          END,
          get(KNOWN), i32Load(VALUE.next), set(KNOWN),
          br("known"),
        END,
      END,
      get(NUMBER), get(KNOWN), i32Load(VALUE.code), i32Store8(KIND_AT),
      // Names that no longer count, this one among them.
      get(LEFT), get(KNOWN), i32Load(VALUE.leaves), i32And, set(LEFT),
      br("member"),
    END,
  END,

  i32Const(0), i32Load(KIND_AT),
  i32Const(0), i32Load(KIND_AT + 4),
  i32Const(0), i32Load(KIND_AT + 8), i32Const(SPREAD), i32Mul, i32Xor, i32Const(SPREAD), i32Mul, i32Xor,
  i32Const(SPREAD), i32Mul, i32Const(24), i32ShrU, i32Const(2), i32Shl, i32Load(KINDS_AT), set(KNOWN),
  i32Const(0), i8x16Load(KIND_AT), set(VECTOR),
  block("same"),
    loop("kind"),
      get(KNOWN), i32Eqz, brIf("fail"),
      get(KNOWN), i8x16Load(KIND.values), get(VECTOR), i8x16Eq, i8x16Bitmask, i32Const(0xffff), i32Eq, brIf("same"),
      get(KNOWN), i32Load(KIND.next), set(KNOWN),
      br("kind"),
    END,
  END,
];

// prettier-ignore
const body = (): readonly Instruction[] => [
  ...beginTexts(),
  loop("line"), // for every line, as long as there may be more of them
    i32Const(0), i32Const(0), i32Store(NEXT_AT),
    block("fail"),
      i32Const(0), i32Load(LEFT_AT), i32Eqz, brIf("fail"),
      get(LINE), set(AT),
      ...object(),
      ...go(1),
      // Behind what was read are bytes of other lines.
      get(AT), get(BYTES_END), i32GtU, brIf("fail"),
      i32Const(0), get(PRESENT), i32Store(PRESENT_AT),
      i32Const(0), get(ESCAPED), i32Store(ESCAPED_AT),
      i32Const(0), get(AT), i32Store(NEXT_AT),
      ...findKind(),
      get(KNOWN), get(KNOWN), i32Load(KIND.count), i32Const(1), i32Add, i32Store(KIND.count),
      i32Const(0), i32Const(0), i32Load(LEFT_AT), i32Const(1), i32Sub, i32Store(LEFT_AT),
      i32Const(0), i32Load(NEXT_AT), set(LINE),
      br("line"),
    END,
  END,
  get(LINE),
];
