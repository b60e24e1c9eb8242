// What an index knows of whole sessions, as a block index does of blocks: which events they have, of what times, and what
// they cost. Thousands of short sessions are counted by it without a look at their logs (docs/adr/0018).
//
// It goes by the groups of the snapshot that it was made beside (docs/adr/0020): what it says of a group holds while the
// snapshot says the same of it, and of a session while the snapshot's row of it holds.
//
// The file (paged-file.ts) has a page for each group, a session a block, and one of the groups, each as one block. From and
// to of a block are rows of the snapshot.

import { INDEX_TALLY } from "../../store/layout.ts";
import type { Stretch } from "../../store/reading/stretch-source.ts";
import { ERROR_RANK } from "../blocks/block-index.ts";
import { askBlocks, BlockJudge } from "../blocks/block-judge.ts";
import type { BlockQuestion } from "../blocks/block-judge.ts";
import { BlockPage, figuresOf } from "../blocks/block-page.ts";
import type { Block, BlockFigures, PagePlace } from "../blocks/block-page.ts";
import { errorsIn } from "../blocks/block-plan.ts";
import { openPagedFile } from "../blocks/paged-file.ts";
import type { PagedFile } from "../blocks/paged-file.ts";
import { EventCounter } from "../lines/event-counter.ts";
import type { EventKind } from "../lines/line-test.ts";
import type { ReadReport } from "../lines/report.ts";
import { compareTime, readTime, TIME_WORDS, timeWords } from "../lines/time-words.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import type { GroupsTold, SessionIndex } from "./session-index.ts";
import { GROUP_ROWS } from "./snapshot-format.ts";

type Choice = (all: SessionLogs[]) => SessionLogs[];

export const TALLY_VERSION = 2;

export interface TallyHeader {
  version: number;
  kinds: EventKind[];
  /** What the snapshot said of each group. */
  groups: string[];
  /** The page of the groups. */
  all: PagePlace;
}

/** A session that has to be read for the last events of a store. */
export interface ToBeRead {
  /** Its place among the sessions. */
  order: number;
  /** The lines of its file that may be wanted, the last one first, where no other matters. */
  lines?: Iterable<Stretch> | undefined;
}

/** What there is beside a snapshot of these groups; undefined when there is none. */
export function openSessionTally(dir: string, groups: readonly string[]): SessionTally | undefined {
  const file = openPagedFile(dir, INDEX_TALLY);
  const header = file?.header as TallyHeader | undefined;
  if (file === undefined || header?.version !== TALLY_VERSION) return undefined;
  const all = file.page(header.all);
  return all && new SessionTally(file, header, all, groups);
}

/**
 * Those of a store's sessions that have to be read; what the others add to an answer is taken in.
 *
 * @param choose of all sessions, those that are asked; undefined when all are
 */
export function sessionsToRead(
  dir: string,
  index: SessionIndex,
  report: ReadReport,
  question: BlockQuestion,
  choose?: Choice,
): SessionLogs[] {
  const ofAll = choose === undefined ? openSessionTally(dir, index.groups) : undefined;
  const all = index.list(report, { told: ofAll?.groupsTold(question) });
  const sessions = choose?.(all) ?? all;
  const tally = ofAll ?? tallyOf(dir, index, sessions);
  return tally === undefined ? sessions : [...tally.unsettled(sessions, question)];
}

/**
 * Those of a store's sessions that can have some of its last events, and what there is of them.
 *
 * @param count how many are asked for, if the question's test alone decides which
 * @param choose of all sessions, those that are asked; undefined when all are
 */
export function sessionsOfLast(
  dir: string,
  index: SessionIndex,
  report: ReadReport,
  question: BlockQuestion,
  { count, choose }: { count: number | undefined; choose?: Choice | undefined },
): { sessions: SessionLogs[]; tally: SessionTally | undefined } {
  const ofAll = choose === undefined ? openSessionTally(dir, index.groups) : undefined;
  const told = count === undefined ? undefined : ofAll?.groupsTooOld(question, count);
  const all = index.list(report, { told });
  const sessions = choose?.(all) ?? all;
  return { sessions, tally: ofAll ?? tallyOf(dir, index, sessions) };
}

/** What there is of several sessions; one is read as fast. */
function tallyOf(
  dir: string,
  { groups }: SessionIndex,
  { length }: readonly SessionLogs[],
): SessionTally | undefined {
  return length < 2 ? undefined : openSessionTally(dir, groups);
}

export class SessionTally {
  readonly kinds: readonly EventKind[];
  readonly #file: PagedFile;
  readonly #all: BlockPage;
  /** Which of its groups are as the snapshot's are; by their numbers, which are the same. */
  readonly #isSame: readonly boolean[];

  constructor(file: PagedFile, { kinds, groups }: TallyHeader, all: BlockPage, current: readonly string[]) {
    this.kinds = kinds;
    this.#file = file;
    this.#all = all;
    this.#isSame = groups.map((group, number) => group === current[number]);
  }

  /** Whether everything is as it was, of so many groups. */
  isComplete(groups: number): boolean {
    return this.#isSame.length === groups && this.#isSame.every(Boolean);
  }

  /** A group for the next tally, if what is said of it still holds. */
  group(number: number): { figures: BlockFigures; bytes: Buffer } | undefined {
    const bytes = this.#isSame[number] === true ? this.#pageBytes(number) : undefined;
    return bytes && { figures: figuresOf(this.#all.block(number)), bytes };
  }

  /** What it says of a session, if that still holds. */
  find({ row }: SessionLogs): Block | undefined {
    if (row === undefined) return undefined;
    const group = Math.floor(row / GROUP_ROWS);
    const bytes = this.#isSame[group] === true ? this.#pageBytes(group) : undefined;
    return bytes && new BlockPage(bytes).block(row % GROUP_ROWS);
  }

  /** What it tells of whole groups. */
  groupsTold(question: BlockQuestion): GroupsTold {
    const judge = new BlockJudge(this.kinds, question);
    return {
      among: (groups) =>
        groups.filter((group) => this.#isSame[group] === true && judge.tells(this.#all.block(group))),
      take: (group) => void judge.settles(this.#all.block(group)),
    };
  }

  /** The groups that are too old for the last `count` events that a test finds wanted: later ones have as many. */
  groupsTooOld({ test, pass }: BlockQuestion, count: number): GroupsTold {
    const counter = new EventCounter();
    const judge = new BlockJudge(
      this.kinds,
      askBlocks(test, () => undefined, { counter }),
    );
    const among = (groups: readonly number[]): number[] => {
      const known = groups.filter((group) => this.#isSame[group] === true);
      const min = new Int32Array(TIME_WORDS);
      for (let at = known.length - 1; at >= 0 && counter.events < count; at--) {
        const block = this.#all.block(known[at] ?? 0);
        const before = counter.events;
        // No event counts as earlier than the first of its session.
        const hasSome = judge.settles(block) && counter.events > before;
        if (hasSome && (before === 0 || compareTime(block.page.times, block.minTime, min) < 0))
          readTime(block.page.times, block.minTime, min);
      }
      if (counter.events < count) return [];
      return known.filter((group) => {
        const { isOpaque, page, maxTime } = this.#all.block(group);
        return !isOpaque && compareTime(page.times, maxTime, min) < 0;
      });
    };
    return { among, take: (group) => pass(this.#all.block(group).events) };
  }

  /**
   * The sessions that have to be read, in order; what the others add to an answer is taken in.
   *
   * @param sessions by their rows, as a store lists them
   */
  *unsettled(
    sessions: readonly SessionLogs[],
    question: BlockQuestion,
  ): Generator<SessionLogs, void, undefined> {
    const judge = new BlockJudge(this.kinds, question);
    let page: BlockPage | undefined;
    let pageOf = -1;
    for (let at = 0; at < sessions.length; at++) {
      const session = sessions[at];
      const row = session?.row;
      if (session === undefined) continue;
      const group = row === undefined ? -1 : Math.floor(row / GROUP_ROWS);
      if (row === undefined || this.#isSame[group] !== true) {
        yield session;
        continue;
      }
      const asOne = this.#all.block(group);
      const length = asOne.to - asOne.from;
      // Rows rise, so with its first and its last there is the whole group.
      const isWhole = row === asOne.from && sessions[at + length - 1]?.row === asOne.to - 1;
      if (isWhole && judge.settles(asOne)) {
        at += length - 1;
        continue;
      }
      if (pageOf !== group) {
        pageOf = group;
        const bytes = this.#pageBytes(group);
        page = bytes && new BlockPage(bytes);
      }
      if (page === undefined || !judge.settles(page.block(row - asOne.from))) yield session;
    }
  }

  /**
   * The sessions that have to be read for the last events of a store, the latest first; what is passed over is told to
   * the question.
   *
   * @param oldestMs the instant at which events are no longer of use, or earlier
   */
  *latest(
    sessions: readonly SessionLogs[],
    question: BlockQuestion,
    oldestMs: () => number,
  ): Generator<ToBeRead, void, undefined> {
    const judge = new BlockJudge(this.kinds, question);
    const isOfErrors = judge.refusesBelow(ERROR_RANK);
    const oldest = new Oldest(oldestMs);
    const isOfUse = (block: Block): boolean =>
      (block.isOpaque || !oldest.isBehind(block)) && !judge.settles(block);
    let page: BlockPage | undefined;
    let pageOf = -1;
    for (let at = sessions.length - 1; at >= 0; at--) {
      const row = sessions[at]?.row;
      const group = row === undefined ? -1 : Math.floor(row / GROUP_ROWS);
      if (row === undefined || this.#isSame[group] !== true) {
        yield { order: at };
        continue;
      }
      if (pageOf !== group) {
        const asOne = this.#all.block(group);
        const before = at - (row - asOne.from);
        if (row === asOne.to - 1 && sessions[before]?.row === asOne.from && !isOfUse(asOne)) {
          at = before;
          continue;
        }
        pageOf = group;
        const bytes = this.#pageBytes(group);
        page = bytes && new BlockPage(bytes);
      }
      const block = page?.block(row % GROUP_ROWS);
      if (block !== undefined && !isOfUse(block)) continue;
      const isListed = isOfErrors && block?.hasErrorsInOrder === true;
      yield { order: at, lines: isListed ? errorsIn(block, 0, true) : undefined };
    }
  }

  #pageBytes(group: number): Buffer | undefined {
    const { more } = this.#all.block(group);
    return more && this.#file.pageBytes(more);
  }
}

// --- internal ---

/** An instant that rises now and then, and which blocks have no event behind it. */
class Oldest {
  readonly #ms: () => number;
  #knownMs = -Infinity;
  #words: Int32Array | undefined;

  constructor(ms: () => number) {
    this.#ms = ms;
  }

  isBehind({ page, maxTime }: Block): boolean {
    const ms = this.#ms();
    if (ms !== this.#knownMs) {
      this.#knownMs = ms;
      this.#words = Number.isFinite(ms) ? timeWords(Math.floor(ms)) : undefined;
    }
    return this.#words !== undefined && compareTime(page.times, maxTime, this.#words) <= 0;
  }
}
