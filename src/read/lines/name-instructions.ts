// Parts of a kernel that goes over JSON objects (member-kernel.ts): which of the names that are asked for a member has. Names
// of the object itself only; those of what is nested in it may be anything.

// prettier-ignore
import {
  block, br, brIf, END, get, loop, set, tee, i32Add, i32And, i32Const, i32Eq, i32Eqz, i32GeU, i32GtU, i32Load, i32LtU,
  i32Mul, i32Ne, i32Or, i32Shl, i32ShrU, i32Store, i32Sub, i32Xor, i8x16Bitmask, i8x16Eq, i8x16Load, i8x16Store,
} from "../../base/wasm.ts";
import type { Instruction } from "../../base/wasm.ts";
import { COLON, failUnless, JSON_LOCALS } from "./json-instructions.ts";
// prettier-ignore
import {
  CLOSERS_AT, ENTRY, FACTOR_AT, FREE_STEP_AT, HEAP_AT, MEMBERS_AT, OTHERS_AT, SPREAD, STEP,
} from "./member-memory.ts";

/**
 * Variables: where the name begins, and the entry that it has; which names there were, a bit each; what the innermost array or
 * object that is open ends with, by its place; a length; the name before this one, as it was foreseen.
 */
export const NAME_LOCALS = { NAME: 6, MEMBER: 7, PRESENT: 8, CLOSER: 9, LENGTH: 10, LAST: 11 } as const;
const { BYTES_END, AT, HAS_ESCAPE, MASK } = JSON_LOCALS;
const { NAME, MEMBER, PRESENT, CLOSER, LENGTH, LAST } = NAME_LOCALS;
/** Where the place of the next name stands, a name that it may be, and how many it was not. */
const [LINK, LIKELY, TRIES] = [19, 20, 21] as const;

/**
 * Over a name that stood behind the last one in an object before, and so most do, out of `named`. Looking where it ends is
 * what the next look would have to wait for.
 */
// prettier-ignore
export const foresee = (): readonly Instruction[] => [
  block("unforeseen"),
    get(CLOSER), i32Const(CLOSERS_AT), i32Ne, brIf("unforeseen"),
    get(LAST), i32Const(STEP.first), i32Add, set(LINK),
    i32Const(0), set(TRIES),
    loop("likely"),
      get(LINK), i32Load(0), tee(LIKELY), i32Eqz, brIf("unforeseen"),
      block("another"),
        ...likeName(LIKELY, STEP.name), get(LIKELY), i32Load(STEP.mask), tee(MASK), i32And, get(MASK), i32Ne, brIf("another"),
        get(LIKELY), set(LAST),
        get(NAME), get(LAST), i32Load(STEP.length), i32Add, set(AT),
        get(LAST), i32Load(STEP.member), set(MEMBER),
        ...notePresent(),
        br("named"),
      END,
      get(LIKELY), i32Const(STEP.other), i32Add, set(LINK),
      get(TRIES), i32Const(1), i32Add, tee(TRIES), i32Const(MAX_TRIES), i32LtU, brIf("likely"),
    END,
    i32Const(0), set(LINK),
  END,
];

/** The entry of a name that is no nested one, which is foreseen from now on, if there is room for it. */
// prettier-ignore
export const findMember = (): readonly Instruction[] => [
  block("nested"),
    get(CLOSER), i32Const(CLOSERS_AT), i32Ne, brIf("nested"),
    get(HAS_ESCAPE), brIf("fail"),
    // Its hash may be one of the colon as well, which has to be there, therefore.
    ...failUnless(COLON, 1),
    block("found"),
      get(NAME), i32Load(0), i32Const(SPREAD), i32Mul, get(AT), i32Const(3), i32Sub, i32Load(0),
      get(AT), get(NAME), i32Sub, tee(LENGTH), i32Add, i32Xor,
      i32Const(0), i32Load(FACTOR_AT), i32Mul, i32Const(24), i32ShrU, i32Const(2), i32Shl, i32Load(MEMBERS_AT), set(MEMBER),
      ...likeName(MEMBER, ENTRY.name), get(MEMBER), i32Load(ENTRY.mask), tee(MASK), i32And, get(MASK), i32Eq, brIf("found"),
      i32Const(0), i32Load(OTHERS_AT), set(MEMBER),
    END,
    ...notePresent(),
    get(LINK), i32Eqz, brIf("nested"),
    get(LENGTH), i32Const(MAX_NAME_BYTES), i32GtU, brIf("nested"),
    // What is behind the end may be changing: somebody else reads the next bytes into it.
    get(NAME), i32Const(2 * 16), i32Add, get(BYTES_END), i32GtU, brIf("nested"),
    i32Const(0), i32Load(FREE_STEP_AT), tee(LIKELY), i32Const(HEAP_AT), i32GeU, brIf("nested"),
    get(LINK), get(LIKELY), i32Store(0),
    get(LIKELY), get(NAME), i8x16Load(0), i8x16Store(STEP.name),
    get(LIKELY), get(NAME), i8x16Load(16), i8x16Store(STEP.name + 16),
    get(LIKELY), i32Const(1), get(LENGTH), i32Const(1), i32Add, i32Shl, i32Const(1), i32Sub, i32Store(STEP.mask),
    get(LIKELY), get(LENGTH), i32Store(STEP.length),
    get(LIKELY), get(MEMBER), i32Store(STEP.member),
    i32Const(0), get(LIKELY), i32Const(STEP.bytes), i32Add, i32Store(FREE_STEP_AT),
    get(LIKELY), set(LAST),
  END,
];

// --- internal ---

/** More names than that have a place behind the same one only where names are data. */
const MAX_TRIES = 8;
/** What there is room for, with its quote. */
const MAX_NAME_BYTES = 30;

/** How many of 32 bytes at NAME are as in an entry, a bit each. */
// prettier-ignore
const likeName = (entry: number, name: number): Instruction[] => [
  get(NAME), i8x16Load(0), get(entry), i8x16Load(name), i8x16Eq, i8x16Bitmask,
  get(NAME), i8x16Load(16), get(entry), i8x16Load(name + 16), i8x16Eq, i8x16Bitmask,
  i32Const(16), i32Shl, i32Or,
];

/** None of those that are asked for may be there twice. */
// prettier-ignore
const notePresent = (): readonly Instruction[] => [
  get(PRESENT), get(MEMBER), i32Load(ENTRY.bit), tee(MASK), i32And, brIf("fail"),
  get(PRESENT), get(MASK), i32Or, set(PRESENT),
];
