// What must hold after any accident, looked at without any of our reading code: the bytes of the log's files, split at
// newlines and parsed as JSON. Then the same is asked of our reader, which must agree.

import * as fs from "node:fs";
import path from "node:path";

import { openStore } from "../../src/index.ts";
import { openReader } from "../../src/read/index.ts";
import type { Promised } from "./victim.ts";

export interface Findings {
  /** Acknowledged events that are not there, or not as they were acknowledged. */
  lost: number;
  /** Events that are there more than once. */
  doubled: number;
  /** Lines that are no JSON object, or two in one, or have no newline. */
  invalidLines: number;
  /** Numbers that are missing or repeated. */
  seqFaults: number;
  /** Events that GAP events speak of. */
  gapCount: number;
  /** Numbers `n` of the events that are there. */
  present: Set<number>;
  /** Where our own reader disagrees with the bytes. */
  disagreements: string[];
}

interface Line {
  event: string;
  seq: number;
  id: string;
  n?: number;
  count?: number;
  first_seq?: number;
}

/** Opens the session as the next writer would, adds an event, and closes it: whatever was torn is healed by that. */
export function reopen(dir: string, session: string): void {
  const store = openStore({ dir, onFault: () => undefined });
  const log = store.openOrStartSession({ id: session, agent: "Torture-20260106-c614" });
  log.appendSync({ event: "CHECKPOINT", message: "after the accident" });
  log.close();
  store.close();
}

/** Looks at every file of a session's log. */
export function inspect(dir: string, session: string, promised: readonly Promised[]): Findings {
  const findings: Findings = {
    lost: 0,
    doubled: 0,
    invalidLines: 0,
    seqFaults: 0,
    gapCount: 0,
    present: new Set(),
    disagreements: [],
  };
  const segments = fs
    .readdirSync(dir)
    .filter((name) => name.startsWith("session_") && name.endsWith(".jsonl"))
    .map((name) => path.join(dir, name))
    .filter((file) => !isOfAnother(session, file))
    .map((file) => readSegment(file, session))
    .filter(({ lines }) => lines.length > 0)
    .map((segment) => {
      const { seq = 0, first_seq: firstSeq = seq } = segment.lines[0] ?? {};
      return { firstSeq, headerSeq: seq, ...segment };
    })
    .toSorted((left, right) => left.firstSeq - right.firstSeq || left.headerSeq - right.headerSeq);
  segments.forEach(({ invalid, isTorn }, index) => {
    const next = segments[index + 1];
    // What was left because it could not be written to, or cut, any more may end in part of a line that stands whole in
    // the next segment, and the kernel may have dropped what it could not write: there are zeros in its place.
    const isLeft = next !== undefined && next.firstSeq < next.headerSeq;
    const writtenAgainFrom = isLeft ? next.firstSeq : Infinity;
    findings.invalidLines += invalid.filter((seq) => seq < writtenAgainFrom).length;
    if (isTorn && !isLeft) findings.invalidLines++;
  });
  // What a segment holds from the next one's first number on was written again there (promise P4).
  const lines = segments
    .flatMap(({ lines: all }, index) =>
      all.filter(({ seq }) => seq < (segments[index + 1]?.firstSeq ?? Infinity)),
    )
    .toSorted((left, right) => left.seq - right.seq);
  lines.forEach(({ seq }, place) => {
    if (seq !== place) findings.seqFaults++;
  });
  const byId = new Map<string, Line>();
  for (const line of lines) {
    if (byId.has(line.id)) findings.doubled++;
    byId.set(line.id, line);
    if (line.event === "GAP") findings.gapCount += line.count ?? 0;
    if (line.n === undefined) continue;
    if (findings.present.has(line.n)) findings.doubled++;
    findings.present.add(line.n);
  }
  for (const { id, seq, n } of promised) {
    const line = byId.get(id);
    if (line === undefined || line.seq !== seq || line.n !== n) findings.lost++;
  }
  compareWithReader(dir, session, lines, findings);
  return findings;
}

// --- internal ---

/** Whether the first line says so: of many sessions with long lines nobody wants to read all for each. */
function isOfAnother(session: string, file: string): boolean {
  const fd = fs.openSync(file, "r");
  try {
    const head = Buffer.alloc(64 * 1024);
    const text = head.toString("utf8", 0, fs.readSync(fd, head, 0, head.length, 0));
    const { session_id: other } = JSON.parse(text.slice(0, text.indexOf("\n"))) as { session_id?: string };
    return other !== undefined && other !== session;
  } catch {
    return false;
  } finally {
    fs.closeSync(fd);
  }
}

/** `invalid`: numbers that the lines should have which are none. */
function readSegment(file: string, session: string): { lines: Line[]; invalid: number[]; isTorn: boolean } {
  const texts = fs.readFileSync(file, "utf8").split("\n");
  const isTorn = texts.pop() !== "";
  const lines: Line[] = [];
  const invalid: number[] = [];
  let dueSeq = 0;
  for (const line of texts) {
    try {
      const value = JSON.parse(line) as Line & { session_id: string };
      if (value.session_id !== session) continue;
      lines.push(value);
      dueSeq = value.seq + 1;
    } catch {
      invalid.push(dueSeq++);
    }
  }
  return { lines, invalid, isTorn };
}

function compareWithReader(dir: string, session: string, lines: readonly Line[], findings: Findings): void {
  const events = openReader({ dir }).events({ session });
  const ids = [...events].map(({ id }) => id);
  if (ids.join() !== lines.map(({ id }) => id).join()) {
    findings.disagreements.push(`the reader gives ${ids.length} events, the files hold ${lines.length}`);
  }
  for (const { file, reason } of events.report.skipped) findings.disagreements.push(`${file}: ${reason}`);
}
