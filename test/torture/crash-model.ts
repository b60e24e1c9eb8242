// What a power cut can leave of a row of operations. Names and contents that were synced stand; of the others any part
// may be there: any of the changes of names, and of each file any number of the blocks written since its last sync. As
// a sync that is under way may have written anything, states are taken before and after each operation.

import type { Operation } from "./recording-disk.ts";

/** Smallest part of a file that reaches the medium whole. */
const BLOCK_BYTES = 512;
/** Of more changes of names, or blocks, a random choice of subsets is taken. */
const MAX_EXHAUSTIVE = 6;

export interface CrashState {
  /** Content by name. */
  files: Map<string, Buffer>;
  /** Events that had been acknowledged by then. */
  acknowledged: readonly string[];
}

interface ModelFile {
  /** As the last sync left it. */
  synced: Buffer;
  content: Buffer;
}

type NameChange = Extract<Operation, { kind: "create" | "link" | "rename" | "unlink" }>;

/** Every state, or for long rows of pending changes a choice of them, after each of the operations. */
export function* crashStates(
  operations: readonly Operation[],
  random: () => number,
): Generator<CrashState, void, undefined> {
  const files = new Map<number, ModelFile>();
  const syncedNames = new Map<string, number>();
  const syncing = new Map<number, Buffer | undefined>();
  let changes: NameChange[] = [];
  const acknowledged: string[] = [];
  for (const operation of operations) {
    switch (operation.kind) {
      case "write":
      case "truncate": {
        const file = files.get(operation.inode);
        if (file === undefined) break;
        file.content =
          operation.kind === "write"
            ? Buffer.concat([file.content, operation.bytes])
            : Buffer.from(file.content.subarray(0, operation.size));
        break;
      }
      case "begin sync":
        syncing.set(operation.sync, files.get(operation.inode)?.content);
        break;
      case "sync": {
        const file = files.get(operation.inode);
        if (file !== undefined) file.synced = syncing.get(operation.sync) ?? file.synced;
        break;
      }
      case "sync directory":
        for (const change of changes) applyChange(syncedNames, change);
        changes = [];
        break;
      case "acknowledge":
        acknowledged.push(operation.id);
        break;
      default:
        if (operation.kind === "create")
          files.set(operation.inode, { synced: Buffer.alloc(0), content: Buffer.alloc(0) });
        changes.push(operation);
    }
    yield* statesNow(files, syncedNames, changes, [...acknowledged], random);
  }
}

// --- internal ---

function* statesNow(
  files: ReadonlyMap<number, ModelFile>,
  syncedNames: ReadonlyMap<string, number>,
  changes: readonly NameChange[],
  acknowledged: readonly string[],
  random: () => number,
): Generator<CrashState, void, undefined> {
  for (const kept of subsets(changes.length, random)) {
    const names = new Map(syncedNames);
    changes.forEach((change, index) => {
      if (kept[index] === true) applyChange(names, change);
    });
    const dirty = [...new Set(names.values())].filter((inode) => {
      const file = files.get(inode);
      return file !== undefined && file.content !== file.synced;
    });
    // One file at a time is half-written; the others are as they were, or whole.
    for (const inode of dirty.length === 0 ? [-1] : dirty) {
      for (const content of contentsOf(files.get(inode), random)) {
        for (const othersWhole of dirty.length > 1 ? [false, true] : [true]) {
          const state = new Map<string, Buffer>();
          for (const [name, each] of names) {
            const file = files.get(each);
            if (file === undefined) continue;
            state.set(name, each === inode ? content : othersWhole ? file.content : file.synced);
          }
          yield { files: state, acknowledged };
        }
      }
    }
  }
}

function applyChange(names: Map<string, number>, change: NameChange): void {
  switch (change.kind) {
    case "create":
      names.set(change.file, change.inode);
      break;
    case "unlink":
      names.delete(change.file);
      break;
    default: {
      const inode = names.get(change.from);
      // Without the change before it there is nothing to be named.
      if (inode === undefined) break;
      names.set(change.to, inode);
      if (change.kind === "rename") names.delete(change.from);
    }
  }
}

function* contentsOf(file: ModelFile | undefined, random: () => number): Generator<Buffer, void, undefined> {
  if (file === undefined) {
    yield Buffer.alloc(0);
    return;
  }
  const { synced, content } = file;
  if (content.length < synced.length) {
    yield synced;
    yield content;
    return;
  }
  const firstBlock = Math.floor(synced.length / BLOCK_BYTES);
  const blocks = Math.ceil(content.length / BLOCK_BYTES) - firstBlock;
  for (const kept of subsets(blocks, random)) {
    const last = kept.lastIndexOf(true);
    const state = Buffer.alloc(
      last < 0 ? synced.length : Math.min(content.length, (firstBlock + last + 1) * BLOCK_BYTES),
    );
    synced.copy(state);
    for (let block = 0; block <= last; block++) {
      if (kept[block] !== true) continue;
      const start = Math.max(synced.length, (firstBlock + block) * BLOCK_BYTES);
      content.copy(state, start, start, Math.min(state.length, (firstBlock + block + 1) * BLOCK_BYTES));
    }
    // Where a block is missing in front of one that is there, zeros stand in its place.
    yield state;
  }
  // A file's size may have reached the medium at any byte.
  for (let times = 0; times < 4; times++) {
    const end = synced.length + Math.floor(random() * (content.length - synced.length + 1));
    yield content.subarray(0, end);
  }
}

/** Every choice among `count` things; when they are many, none, all, each beginning, and some at random. */
function* subsets(count: number, random: () => number): Generator<boolean[], void, undefined> {
  if (count <= MAX_EXHAUSTIVE) {
    for (let mask = 0; mask < 1 << count; mask++)
      yield Array.from({ length: count }, (_, index) => (mask & (1 << index)) !== 0);
    return;
  }
  for (let end = 0; end <= count; end++) yield Array.from({ length: count }, (_, index) => index < end);
  for (let times = 0; times < 32; times++) yield Array.from({ length: count }, () => random() < 0.5);
}
