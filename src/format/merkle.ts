// The Merkle tree over the lines of a log (RFC 6962 §2.1, unchanged in RFC 9162): a root of 32 bytes says what every
// line is and where it stands. Leaf data are the line's bytes with their `\n`, so a log is the concatenation of its
// leaves and no byte of it stands outside the tree.

import { nodeCrypto } from "../base/builtin.ts";

/**
 * 32 bytes of SHA-256 as a binary (latin1) string: compared with `===`, and three times cheaper to get from Node than a
 * Buffer. Files and notes carry the bytes; {@link hashToBase64} and {@link hashFromBase64} convert.
 */
export type Hash = string;

export const HASH_BYTES = 32;

/** Root of the tree without leaves. */
export const EMPTY_ROOT: Hash = Buffer.from(
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "hex",
).toString("latin1");

/** SHA-256(0x00 ‖ line). About 0.5 µs for 350 bytes. */
export function hashLeaf(line: Uint8Array): Hash {
  if (line.length >= leafInput.length) leafInput = Buffer.alloc(line.length * 2);
  leafInput.set(line, 1);
  return nodeCrypto().hash("sha256", leafInput.subarray(0, line.length + 1), "binary");
}

/**
 * The leaf of the line that stands in `buffer` from `start` to `end`, without copying it where a byte stands before it.
 * That byte is another one for the moment of the call.
 */
export function hashLineAt(buffer: Uint8Array, start: number, end: number): Hash {
  if (start === 0) return hashLeaf(end === buffer.length ? buffer : buffer.subarray(0, end));
  const before = buffer[start - 1] ?? 0;
  buffer[start - 1] = 0;
  const leaf = nodeCrypto().hash("sha256", buffer.subarray(start - 1, end), "binary");
  buffer[start - 1] = before;
  return leaf;
}

/** SHA-256(0x01 ‖ left ‖ right). About 0.3 µs. */
export function hashNode(left: Hash, right: Hash): Hash {
  // Two calls out of JavaScript would take longer than these 64 steps.
  for (let at = 0; at < HASH_BYTES; at++) {
    nodeInput[1 + at] = left.charCodeAt(at);
    nodeInput[1 + HASH_BYTES + at] = right.charCodeAt(at);
  }
  return nodeCrypto().hash("sha256", nodeInput, "binary");
}

export function hashToBase64(value: Hash): string {
  return Buffer.from(value, "latin1").toString("base64");
}

/** The hash that a text is, or undefined for anything {@link hashToBase64} would not have written. */
export function hashFromBase64(text: string): Hash | undefined {
  if (text.length !== 44) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === HASH_BYTES && bytes.toString("base64") === text
    ? bytes.toString("latin1")
    : undefined;
}

/**
 * A tree that grows leaf by leaf and keeps only what its root needs: the roots of its complete subtrees, one for each
 * bit of its size.
 *
 * @example
 * const tree = new MerkleTree();
 * for (const line of lines) tree.append(hashLeaf(line));
 * tree.root();
 */
export class MerkleTree {
  #size: number;
  /** Roots of the complete subtrees, largest first. */
  readonly #roots: Hash[];

  constructor(from?: MerkleTree) {
    this.#size = from === undefined ? 0 : from.#size;
    this.#roots = from === undefined ? [] : [...from.#roots];
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** One node is hashed for each leaf, on average. */
  append(leaf: Hash): void {
    let root = leaf;
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      root = hashNode(this.#roots.pop() ?? "", root);
    }
    this.#roots.push(root);
    this.#size++;
  }

  root(): Hash {
    let root = this.#roots.at(-1) ?? EMPTY_ROOT;
    for (let at = this.#roots.length - 2; at >= 0; at--) root = hashNode(this.#roots[at] ?? "", root);
    return root;
  }
}

/** Leaves from `start` up to, not including, `end`. */
export interface LeafRange {
  start: number;
  end: number;
}

/**
 * Which subtrees' roots prove that leaf `index` is in the tree of `size` leaves (RFC 6962 §2.1.1), in the proof's order.
 *
 * @throws RangeError when there is no such leaf
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  checkRange("leaf", index, 0, size - 1);
  const ranges: LeafRange[] = [];
  for (let start = 0, end = size; end - start > 1;) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/**
 * Which subtrees' roots prove that the tree of `size` leaves only adds to the tree of `oldSize` (RFC 6962 §2.1.2).
 *
 * @throws RangeError when `oldSize` is not from 0 to `size`
 */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  checkRange("size", oldSize, 0, size);
  if (oldSize === 0 || oldSize === size) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end !== oldSize) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // With start at 0 the old tree is this very subtree, and whoever checks has its root already.
  if (start > 0) ranges.push({ start, end });
  return ranges.reverse();
}

/** The roots of subtrees, in one pass over the leaves and in constant memory. */
export function rootsOfRanges(leaves: Iterable<Hash>, ranges: readonly LeafRange[]): Hash[] {
  const trees = ranges.map(() => new MerkleTree());
  let index = 0;
  for (const leaf of leaves) {
    const at = ranges.findIndex(({ start, end }) => index >= start && index < end);
    trees[at]?.append(leaf);
    index++;
  }
  return trees.map((tree) => tree.root());
}

/** Whether `proof` shows that `leaf` is leaf `index` of the tree (RFC 9162 §2.1.3.2). */
export function checkInclusion(
  index: number,
  size: number,
  leaf: Hash,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (index < 0 || index >= size) return false;
  let [position, last, computed] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      computed = hashNode(sibling, computed);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      computed = hashNode(computed, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && computed === root;
}

/** Whether `proof` shows that the tree of `size` leaves only adds to the one of `oldSize` (RFC 9162 §2.1.4.2). */
export function checkConsistency(
  oldSize: number,
  size: number,
  oldRoot: Hash,
  root: Hash,
  proof: readonly Hash[],
): boolean {
  if (oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && oldRoot === root;
  if (oldSize === 0) return proof.length === 0 && oldRoot === EMPTY_ROOT;
  let [position, last] = [oldSize - 1, size - 1];
  while (position % 2 === 1) [position, last] = [half(position), half(last)];
  const [first, ...rest] = position === 0 ? [oldRoot, ...proof] : proof;
  if (first === undefined) return false;
  let [oldComputed, computed] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldComputed = hashNode(sibling, oldComputed);
      computed = hashNode(sibling, computed);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      computed = hashNode(computed, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && oldComputed === oldRoot && computed === root;
}

// --- internal ---

let leafInput = Buffer.alloc(64 * 1024);
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** The largest power of two smaller than `size`. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw new RangeError(`${name} must be from ${min} to ${max}, got ${value}`);
}
