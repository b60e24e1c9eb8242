// One pass over a log and its leaves: are the lines those that were sealed, and if not, what was done to them. Constant
// memory; lines are hashed and not parsed, except the few that something is wrong with.

import { decodeTombstone, hashFromBase64, hashLeaf, hashLineAt, MerkleTree } from "../format/index.ts";
import type { Checkpoint, Hash } from "../format/index.ts";
import { LogCursor, readLogLines } from "../store/reading/log-lines.ts";
import type { Surplus } from "../store/reading/log-lines.ts";
import { readLeaves } from "../store/sealing/log-tree.ts";

export interface WalkInput {
  /** The log's files, in order. */
  files: readonly string[];
  /** The file with the leaves, an aid for naming the line that was changed. */
  leaves: string;
  /** What was sealed, by keys that are trusted. */
  seals: readonly Checkpoint[];
  /** Leaves of lines whose erasure the ledger records, by `seq`. */
  erased: ReadonlyMap<number, Hash>;
  /** Lines that the ledger says were deleted by policy: their leaves stand for them. */
  deleted?: readonly { from: number; to: number }[] | undefined;
  /** Told where the bytes of every line stand. */
  onLine?: ((buffer: Buffer, start: number, end: number) => void) | undefined;
}

/** The first line that is not what its leaf says. */
export interface Mismatch {
  seq: number;
  /** The line that is there. */
  line: Buffer;
  leaf: Hash;
  /** The leaf that belongs there. */
  expected: Hash;
  /** Where the line that belongs here stands now, further down. */
  expectedAt: number | undefined;
  /** Where the line that stands here belongs. */
  belongsAt: number | undefined;
}

export interface Walk {
  /** Whole lines. */
  lines: number;
  /** What follows the last whole line, without its `\n`. */
  tail: Buffer | undefined;
  /** Where a file first holds more than the log has of it. */
  surplus: Surplus | undefined;
  /** Of each seal, whether the lines hold what it says; undefined when there are fewer lines. */
  holds: Map<Checkpoint, boolean | undefined>;
  /** Of each seal, whether the leaves in the file do. */
  leavesHold: Map<Checkpoint, boolean | undefined>;
  mismatch: Mismatch | undefined;
  /** The lines that the leaves list are all there, in another order. */
  isPermutation: boolean;
  /** The leaf that would come next. */
  nextLeaf: Hash | undefined;
  /** Root over all lines, for proofs. */
  tree: MerkleTree;
}

/**
 * The walk over a log that holds what was sealed of it, as nearly all do: hashing, and little more. Undefined as soon as
 * something is not as it was sealed; then {@link walkLog} finds out what.
 */
export function walkIntactLog({
  files,
  leaves,
  seals,
  erased,
  deleted = [],
  onLine,
}: WalkInput): Walk | undefined {
  const tree = new MerkleTree();
  const holds = new Map<Checkpoint, boolean | undefined>();
  const due = seals.toSorted((left, right) => left.size - right.size);
  const areDue = (): boolean => {
    for (; due[0]?.size === tree.size; due.shift()) {
      if (tree.root() !== due[0].root) return false;
      holds.set(due[0], true);
    }
    return true;
  };
  if (!areDue()) return undefined;
  let tail: Buffer | undefined;
  const lines = new LogCursor(files);
  const kept = deleted.length === 0 ? undefined : readLeaves(leaves);
  try {
    while (lines.next()) {
      const { buffer, start, end } = lines;
      if (kept !== undefined) {
        if (!passDeleted(tree, lines.seq, deleted, kept, areDue)) return undefined;
        kept.next();
      }
      if (lines.tooLong) return undefined;
      if (buffer[end - 1] !== NEWLINE) {
        tail = Buffer.from(buffer.subarray(start, end));
        break;
      }
      onLine?.(buffer, start, end);
      const authorised = erased.size === 0 ? undefined : erased.get(tree.size);
      const isErased = authorised !== undefined && tombstoneLeaf(buffer.subarray(start, end)) === authorised;
      tree.append(isErased ? authorised : hashLineAt(buffer, start, end));
      if (tree.size === due[0]?.size && !areDue()) return undefined;
    }
  } finally {
    lines.close();
    kept?.return();
  }
  if (due.length > 0) return undefined;
  return {
    lines: tree.size,
    tail,
    surplus: lines.surplus,
    holds,
    leavesHold: new Map(),
    mismatch: undefined,
    isPermutation: false,
    nextLeaf: undefined,
    tree,
  };
}

export function walkLog({ files, leaves, seals, erased, onLine }: WalkInput): Walk {
  const sealed = Math.max(0, ...seals.map(({ size }) => size));
  const expectedLeaves = readLeaves(leaves, sealed);
  const tree = new MerkleTree();
  /** The tree of the leaves in the file, as soon as it is another. */
  let expectedTree: MerkleTree | undefined;
  const walk: Walk = {
    lines: 0,
    tail: undefined,
    surplus: undefined,
    holds: new Map(seals.map((seal) => [seal, seal.size === 0 ? tree.root() === seal.root : undefined])),
    leavesHold: new Map(),
    mismatch: undefined,
    isPermutation: false,
    nextLeaf: undefined,
    tree,
  };
  const difference = new Difference();
  const sealsBySize = groupBySize(seals);
  const checkAt = (at: MerkleTree, into: Map<Checkpoint, boolean | undefined>): void => {
    for (const seal of sealsBySize.get(at.size) ?? []) into.set(seal, at.root() === seal.root);
  };
  for (const line of readLogLines(files)) {
    if (!("bytes" in line)) {
      // Nobody seals a line that is longer than any reader takes.
      walk.tail = Buffer.from("too long");
      break;
    }
    if (line.bytes.at(-1) !== 0x0a) {
      walk.tail = Buffer.from(line.bytes);
      break;
    }
    const seq = walk.lines++;
    onLine?.(line.bytes, 0, line.bytes.length);
    let leaf = hashLeaf(line.bytes);
    const authorised = erased.get(seq);
    if (authorised !== undefined && tombstoneLeaf(line.bytes) === authorised) leaf = authorised;
    const next = expectedLeaves.next();
    const expected = next.done === true ? undefined : next.value;
    if (expected !== undefined && expected !== leaf && walk.mismatch === undefined) {
      walk.mismatch = {
        seq,
        line: Buffer.from(line.bytes),
        leaf,
        expected,
        expectedAt: undefined,
        belongsAt: undefined,
      };
      expectedTree = new MerkleTree(tree);
    } else if (walk.mismatch !== undefined && leaf === walk.mismatch.expected) {
      walk.mismatch.expectedAt ??= seq;
    }
    if (expected !== undefined) {
      if (expected === walk.mismatch?.leaf) walk.mismatch.belongsAt ??= seq;
      expectedTree?.append(expected);
      if (walk.mismatch !== undefined) difference.note(leaf, expected);
      if (expectedTree !== undefined) checkAt(expectedTree, walk.leavesHold);
    }
    tree.append(leaf);
    checkAt(tree, walk.holds);
    if (expectedTree === undefined && expected !== undefined) checkAt(tree, walk.leavesHold);
  }
  walk.isPermutation = walk.mismatch !== undefined && walk.lines >= sealed && difference.isNone;
  // What is left of the leaves: lines that are gone.
  const rest = new MerkleTree(expectedTree ?? tree);
  let at = walk.lines;
  for (const leaf of expectedLeaves) {
    walk.nextLeaf ??= leaf;
    if (walk.mismatch !== undefined && leaf === walk.mismatch.leaf) walk.mismatch.belongsAt ??= at;
    rest.append(leaf);
    checkAt(rest, walk.leavesHold);
    at++;
  }
  return walk;
}

/** The leaf that a tombstone carries; undefined for any other line. */
export function tombstoneLeaf(line: Buffer): Hash | undefined {
  const tombstone = decodeTombstone(line.toString("utf8"));
  return tombstone === undefined ? undefined : hashFromBase64(tombstone.erased);
}

// --- internal ---

const NEWLINE = 0x0a;

/** Puts the leaves of deleted lines before `seq` in their place; false when lines are missing that nobody deleted. */
function passDeleted(
  tree: MerkleTree,
  seq: number,
  deleted: NonNullable<WalkInput["deleted"]>,
  leaves: Iterator<Hash>,
  areDue: () => boolean,
): boolean {
  while (tree.size < seq) {
    const at = tree.size;
    const leaf = leaves.next();
    if (leaf.done === true || !deleted.some(({ from, to }) => from <= at && at <= to)) return false;
    tree.append(leaf.value);
    if (!areDue()) return false;
  }
  return true;
}

function groupBySize(seals: readonly Checkpoint[]): Map<number, Checkpoint[]> {
  const groups = new Map<number, Checkpoint[]>();
  for (const seal of seals) groups.set(seal.size, [...(groups.get(seal.size) ?? []), seal]);
  return groups;
}

/**
 * Whether two sequences hold the same hashes in another order. The exclusive or of them all is enough here: it chooses
 * between two words for a change that is certain already.
 */
class Difference {
  readonly #sum = Buffer.alloc(32);

  note(leaf: Hash, expected: Hash): void {
    for (let at = 0; at < 32; at++) {
      this.#sum[at] = (this.#sum[at] ?? 0) ^ leaf.charCodeAt(at) ^ expected.charCodeAt(at);
    }
  }

  get isNone(): boolean {
    return this.#sum.every((byte) => byte === 0);
  }
}
