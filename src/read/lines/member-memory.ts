// Where in memory the kernel that goes over lines (member-kernel.ts) has what it looks up and what it notes:
//
//   MEMBERS_AT   for each hash of a name, where the entry of the name stands that has it; else that of all other names
//   CLASSES_AT   for each byte, what it may be: behind a backslash 1 an escape, 2 a digit of one, 4 one with such digits;
//                between the parts of an object 8 a blank
//   PRESENT_AT   which of the names that are asked for the object has, a bit each; then those whose texts have escapes;
//                then where the line ends, 0 when nothing can be said about it
//   FACTOR_AT    what hashes are multiplied with; then where the entry stands of all names that are not asked for
//   LEFT_AT      how many lines may still be passed over; then which names decide about that, a bit each
//   KIND_AT      a byte for each name, by its number: what its value is one of
//   CLOSERS_AT   what each array or object that is open ends with
//   ENTRIES_AT   the names: 32 bytes with the quote behind it; a mask with a bit for each byte; the name's own bit; where its
//                value begins and ends
//   VALUES_AT    for each name and length of a value modulo 16, the first value that is known of it
//   KINDS_AT     for each hash of a kind, the first kind that is known of it
//   STEPS_AT     the names that objects have had, each behind the one before it: a tree, whose root is the first
//   HEAP_AT      values and kinds
//
// A value says of each byte what it may be (`low`, or up to `span` more), as patterns of lines do (line-kernel.ts).

/** Behind the patterns of lines, which may be in the same memory. */
export const MEMBERS_AT: number = 192 * 1024;
/** Where lines may be read into. */
export const LINES_AT: number = MEMBERS_AT + 160 * 1024;

export const SLOTS = 256;
export const CLASSES_AT: number = MEMBERS_AT + SLOTS * 4;
export const PRESENT_AT: number = CLASSES_AT + 256;
export const ESCAPED_AT: number = PRESENT_AT + 4;
export const NEXT_AT: number = PRESENT_AT + 8;
export const FACTOR_AT: number = PRESENT_AT + 16;
export const OTHERS_AT: number = FACTOR_AT + 4;
export const LEFT_AT: number = FACTOR_AT + 8;
export const DECISIVE_AT: number = FACTOR_AT + 12;
export const KIND_AT: number = FACTOR_AT + 16;
export const KIND_BYTES = 16;
export const CLOSERS_AT: number = KIND_AT + KIND_BYTES;
/** Of what is nested in one another; what is more is for a parser. */
export const MAX_DEPTH = 64;
export const ENTRIES_AT: number = CLOSERS_AT + 2 * MAX_DEPTH;
export const ENTRY = { name: 0, mask: 32, bit: 36, from: 40, to: 44, bytes: 48 };
const MAX_NAMES = 31;
export const VALUES_AT: number = ENTRIES_AT + (MAX_NAMES + 1) * ENTRY.bytes;
/** `length` is 0 for any; `leaves` has the names that still count behind it; `vectors` are pairs of lows and spans. */
export const VALUE = { next: 0, length: 4, bytes: 8, code: 12, leaves: 16, vectors: 32 };
export const LENGTHS = 16;
export const KINDS_AT: number = VALUES_AT + KIND_BYTES * LENGTHS * 4;
export const KIND = { next: 0, count: 4, values: 16, bytes: 32 };
export const FREE_STEP_AT: number = KINDS_AT + SLOTS * 4;
export const STEPS_AT: number = FREE_STEP_AT + 16;
/** `name` with its quote, `mask` with a bit for each byte; `first` behind it, `other` behind the same as this one. */
export const STEP = { name: 0, mask: 32, length: 36, member: 40, first: 44, other: 48, bytes: 64 };
export const HEAP_AT: number = STEPS_AT + 500 * STEP.bytes;

export const SPREAD = 0x9e3779b1;
export const IS_ESCAPE = 1;
export const IS_HEX = 2;
export const IS_UNICODE = 4;
export const IS_BLANK = 8;

/** @param names at most 31, of 2 to 31 characters of ASCII */
export function writeNames(memory: Buffer, names: readonly string[]): void {
  for (const [classes, characters] of CLASSES)
    for (const code of Buffer.from(characters))
      memory[CLASSES_AT + code] = Number(memory[CLASSES_AT + code]) | classes;
  const factor = factorFor(names);
  memory.writeInt32LE(factor, FACTOR_AT);
  const others = ENTRIES_AT + names.length * ENTRY.bytes;
  memory.writeInt32LE(others, OTHERS_AT);
  // Without a name, and a mask by which all of it would have to be alike.
  memory.writeInt32LE(-1, others + ENTRY.mask);
  for (let slot = 0; slot < SLOTS; slot++) memory.writeInt32LE(others, MEMBERS_AT + 4 * slot);
  forgetSteps(memory);
  for (const [member, name] of names.entries()) {
    const at = ENTRIES_AT + member * ENTRY.bytes;
    memory.write(`${name}"`, at + ENTRY.name, "latin1");
    memory.writeUInt32LE(2 ** (name.length + 1) - 1, at + ENTRY.mask);
    memory.writeInt32LE(1 << member, at + ENTRY.bit);
    memory.writeInt32LE(at, MEMBERS_AT + 4 * nameSlot(keyOf(name), factor));
  }
}

/** Forgets the names that objects have had. */
export function forgetSteps(memory: Buffer): void {
  memory.fill(0, STEPS_AT, HEAP_AT);
  memory.writeInt32LE(STEPS_AT + STEP.bytes, FREE_STEP_AT);
}

/** The slot of a kind, of which at most the first twelve names have a say. */
export function kindSlot(kind: Buffer): number {
  const [first, second, third] = [kind.readInt32LE(0), kind.readInt32LE(4), kind.readInt32LE(8)];
  return Math.imul(first ^ Math.imul(second ^ Math.imul(third, SPREAD), SPREAD), SPREAD) >>> 24;
}

// --- internal ---

const CLASSES: readonly (readonly [number, string])[] = [
  [IS_ESCAPE, '"\\/bfnrtu'],
  [IS_HEX, "0123456789abcdefABCDEF"],
  [IS_UNICODE, "u"],
  [IS_BLANK, " \t\r"],
];

/** A factor with which no two of the names have the same slot. */
function factorFor(names: readonly string[]): number {
  // Each has a bit in a number of 32.
  if (names.length > MAX_NAMES) throw new RangeError(`more than ${MAX_NAMES} names: ${names.join(" ")}`);
  const keys = names.map(keyOf);
  for (let tries = 0, factor = 0x85ebca6b | 0; tries < MAX_TRIES; tries++, factor = Math.imul(factor, SPREAD))
    if (new Set(keys.map((key) => nameSlot(key, factor))).size === names.length) return factor;
  throw new RangeError(`too many names, or too much alike: ${names.join(" ")}`);
}

const MAX_TRIES = 10_000;

/** Of its length, and of its first and last four bytes between quotes and a colon. */
function keyOf(name: string): number {
  const bytes = Buffer.from(`"${name}":`);
  return Math.imul(bytes.readInt32LE(1), SPREAD) ^ (bytes.readInt32LE(name.length - 2) + name.length);
}

function nameSlot(key: number, factor: number): number {
  return Math.imul(key, factor) >>> 24;
}
