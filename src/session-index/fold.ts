// Folding the index: the snapshot before, the journal, and what neither of them knows become the next snapshot.

import path from "node:path";

import type { Reader, ReadReport, SessionFilter } from "../read/index.ts";
import { SnapshotBuilder } from "../read/sessions/snapshot-builder.ts";
import type { SnapshotRow } from "../read/sessions/snapshot-builder.ts";
import { nodeDisk } from "../store/disk/disk.ts";
import type { Disk } from "../store/disk/disk.ts";
import { withFileLock } from "../store/disk/file-lock.ts";
import {
  listIndexFiles,
  makeIndexDirectory,
  removeIndexFile,
  writeIndexFile,
} from "../store/disk/index-file.ts";
import { removeLeftTemporaryFiles } from "../store/disk/temporary-file.ts";
import { INDEX_SNAPSHOT, LOCK_SUFFIX, SESSION_INDEX, TEMPORARY_PREFIX } from "../store/layout.ts";
import { markFolders, markLedger } from "../store/sealing/store-mark.ts";
import type { LedgerMark } from "../store/sealing/store-mark.ts";
import { listLogPaths } from "../store/session/catalog.ts";
import { isAsMarked } from "../store/session/file-mark.ts";
import type { FileMark } from "../store/session/file-mark.ts";
import { emptyJournal } from "../store/session/index-journal.ts";

export interface FoldOptions extends Pick<SessionFilter, "signal" | "onProgress"> {
  disk?: Disk | undefined;
}

export interface FoldedIndex {
  /** What had to be read for it. */
  report: ReadReport;
  /**
   * Writes the snapshot and begins another journal. It goes by when the store's folder was changed last: whoever puts a
   * file into that saves it behind it, or once more.
   *
   * @throws TracekeepError when it cannot be written; then the one before is there still
   */
  save: () => Promise<void>;
}

/**
 * Folds what goes into the next snapshot, without writing it. Reads only what the index does not know.
 *
 * @param take given each of its sessions, in order
 */
export async function foldRows(
  reader: Reader,
  options: FoldOptions,
  take: (row: SnapshotRow) => void = () => undefined,
): Promise<FoldedIndex> {
  const { disk = nodeDisk, ...reading } = options;
  const { dir } = reader;
  removeLeftTemporaryFiles(disk, dir);
  // A folder that is made in the store's folder changes that; long before it is marked, nobody has to wait for it.
  makeIndexDirectory(disk, dir);
  const ledger = markLedger(dir);
  const next = new NextSnapshot();
  const found = reader.indexRows(reading);
  for await (const row of found) {
    next.add(row);
    take(row);
  }
  const save = async (): Promise<void> => {
    await next.save(disk, dir, ledger);
    emptyJournal(dir);
  };
  return { report: found.report, save };
}

/**
 * Writes the next snapshot. The caller has the lock of the index.
 *
 * @throws TracekeepError when it cannot be written; then the one before is there still
 */
export async function foldSnapshot(reader: Reader, options: FoldOptions): Promise<FoldedIndex> {
  const folded = await foldRows(reader, options);
  await folded.save();
  return folded;
}

/** Runs `work` while nobody else writes the index. @throws TracekeepError `LOCK_TIMEOUT` while somebody else does */
export function withIndexLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  return withFileLock(path.join(dir, SESSION_INDEX + LOCK_SUFFIX), work, { timeoutMs: 0 });
}

// --- internal ---

/** Of each session it holds no more than what its files looked like. */
class NextSnapshot {
  readonly #builder = new SnapshotBuilder();
  readonly #files: { paths: string[]; marks: readonly FileMark[] }[] = [];

  add(row: SnapshotRow): void {
    this.#builder.add(row);
    this.#files.push({ paths: row.session.files.map((file) => file.path), marks: row.record?.marks ?? [] });
  }

  /**
   * Rows whose files have changed since they were made are looked at by every reader, and when files have come or gone,
   * so are the folders. Saving it again compares all of it again: the mark of the folders is a later one then.
   *
   * @param ledger as it was before the rows were made
   * @throws TracekeepError when it cannot be written
   */
  async save(disk: Disk, dir: string, ledger: LedgerMark | undefined): Promise<void> {
    removeUnfinished(disk, dir);
    const folders = await markFolders(dir);
    const present = new Set(listLogPaths(dir));
    const files = this.#files.flatMap(({ paths }) => paths);
    const isComplete = files.length === present.size && files.every((file) => present.has(file));
    const mark = { ledger, folders: isComplete ? folders : undefined };
    writeIndexFile(disk, dir, INDEX_SNAPSHOT, this.#builder.encode(mark, this.#changedRows()));
  }

  #changedRows(): Set<number> {
    const rows = [...this.#files.keys()];
    return new Set(
      rows.filter((row) => {
        const { paths = [], marks = [] } = this.#files[row] ?? {};
        return !paths.every((file, index) => isAsMarked(file, marks[index]));
      }),
    );
  }
}

/** What folds left that were cut short: nobody else is at one, the caller has the lock. */
function removeUnfinished(disk: Disk, dir: string): void {
  const isLeft = (name: string): boolean =>
    name.startsWith(TEMPORARY_PREFIX) && name.endsWith(INDEX_SNAPSHOT);
  for (const name of listIndexFiles(dir).filter(isLeft)) removeIndexFile(disk, dir, name);
}
