// Makes the tally of a store's sessions from their lines. Groups of sessions that are as they were are not read again.

import * as fs from "node:fs";

import { TracekeepError } from "../../base/errors.ts";
import { FORMAT_VERSION } from "../../event/index.ts";
import { LineCursor } from "../../store/reading/line-reader.ts";
import type { SessionLogFile } from "../../store/session/catalog.ts";
import { isCompressed } from "../../store/session/file-mark.ts";
import { BlockBuilder, sumOf } from "../blocks/block-builder.ts";
import { MIN_INDEXED_BYTES } from "../blocks/block-index.ts";
import { encodePage, figuresOf, OPAQUE, UNPLACED } from "../blocks/block-page.ts";
import type { BlockFigures } from "../blocks/block-page.ts";
import { encodePagedFile, PageWriter } from "../blocks/paged-file.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import { TALLY_VERSION } from "./session-tally.ts";
import type { SessionTally, TallyHeader } from "./session-tally.ts";
import { GROUP_ROWS } from "./snapshot-format.ts";

/**
 * The tally as the bytes of its file.
 *
 * @param sessions all of the snapshot, in the order of its rows
 * @param groups what the snapshot says of each group of them
 * @param before what there was before
 */
export function buildSessionTally(
  sessions: readonly SessionLogs[],
  groups: readonly string[],
  before: SessionTally | undefined,
): Buffer {
  const writer = new PageWriter();
  const builder = new BlockBuilder({ blockBytes: Infinity, kinds: before?.kinds ?? [] });
  const ofGroups = groups.map((_, group): BlockFigures => {
    const known = before?.group(group);
    if (known !== undefined) return { ...known.figures, more: writer.add(known.bytes) };
    const from = group * GROUP_ROWS;
    const blocks = sessions
      .slice(from, from + GROUP_ROWS)
      .map((session, index) => ({ ...blockOf(session, builder), from: from + index }));
    return { ...sumOf(blocks), more: writer.add(encodePage(blocks, from + blocks.length)) };
  });
  const all = writer.add(encodePage(ofGroups, sessions.length));
  const header: TallyHeader = { version: TALLY_VERSION, kinds: builder.kinds, groups: [...groups], all };
  return encodePagedFile(header, writer.pages);
}

/** Whether what a tally says of a session holds, and is not what its lines give. */
export function isTallyWrong(tally: SessionTally, session: SessionLogs): boolean {
  const known = tally.find(session);
  if (known === undefined || known.isOpaque) return false;
  const { from, to } = known;
  const fresh = blockOf(session, new BlockBuilder({ blockBytes: Infinity, kinds: tally.kinds }));
  return !encodePage([{ ...fresh, from }], to).equals(encodePage([figuresOf(known)], to));
}

// --- internal ---

const NEWLINE = 0x0a;

/**
 * A session as one block; opaque where it has to be read. One that has more by now than the snapshot knows is as well taken
 * in: its row does not hold before it says something else.
 */
function blockOf(session: SessionLogs, builder: BlockBuilder): BlockFigures {
  const { files } = session;
  const isTold = files.every(isShort) && files.every((file) => addLines(builder, file));
  const block = builder.takeBlock();
  const isOneFile = files.length === 1 && files.every(({ path }) => !isCompressed(path));
  return {
    ...block,
    errors: isOneFile ? block.errors : [],
    doubts: block.doubts | (isTold ? 0 : OPAQUE) | (isOneFile ? 0 : UNPLACED),
  };
}

/** What our writer made, unless it is so long that it has an index of its own. */
function isShort({ path, format, foreign, headerSeq }: SessionLogFile): boolean {
  if (format !== FORMAT_VERSION || foreign === true || headerSeq !== undefined) return false;
  const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? Infinity;
  return isCompressed(path) || size < MIN_INDEXED_BYTES;
}

/** False when not all of it can be told. */
function addLines(builder: BlockBuilder, { path }: SessionLogFile): boolean {
  let lines: LineCursor | undefined;
  try {
    lines = new LineCursor(path);
    while (lines.next()) {
      if (lines.tooLong || lines.buffer[lines.end - 1] !== NEWLINE) return false;
      if (!builder.add(lines.buffer, lines.start, lines.end, lines.fills)) return false;
    }
    return lines.damage.length === 0;
  } catch (error) {
    if (error instanceof TracekeepError) return false;
    throw error;
  } finally {
    lines?.close();
  }
}
