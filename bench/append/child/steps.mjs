// What each step of an append costs by itself, in a process of its own, started by steps.ts.
//
//   node steps.mjs '{"workload":"small","directory":"…"}'

import * as fs from "node:fs";
import path from "node:path";

import { randomSalt, uuidv7 } from "../../../dist/base/ids.js";
import { formatTimestamp, severityOfType } from "../../../dist/event/index.js";
import { startVectors, takeLineBuffer } from "../../../dist/format/line-memory.js";
import { encodeIdentity, hashLineAt, LineWriter, MerkleTree, toPlain } from "../../../dist/format/index.js";
import { Redactor } from "../../../dist/redact/index.js";
import { foldEvent, newSummary } from "../../../dist/summary/index.js";
import { makeWorkload } from "./workload.mjs";

const ROUNDS = 12;
const EVENTS_A_ROUND = 40_000;
const LINES_A_WRITE = 100;

const { workload, directory } = JSON.parse(process.argv[2]);
const { drafts } = makeWorkload(workload);
const writer = new LineWriter(encodeIdentity(uuidv7(Date.now()), "Claude-Orch-Prime-20260106-c614"), 1 << 24);
const redactor = new Redactor();
const summary = newSummary("session");
const tree = new MerkleTree();
// As in a process that has recorded a while.
startVectors();
const buffer = takeLineBuffer();
const fd = fs.openSync(path.join(directory, "log"), "a");
const timestamp = formatTimestamp(Date.now());
let seq = 0;

const partsOf = (draft) => ({
  event: draft.event,
  timestamp,
  severity: severityOfType(draft.event),
  seq: seq++,
  id: uuidv7(Date.now()),
  call_id: draft.call_id,
  body: draft,
  typed: true,
  salt: randomSalt(),
});
const parts = drafts.map(partsOf);
const ends = parts.map((each) => writer.lineOf(each).writeTo(buffer, 1));

let sink = 0;
const steps = {
  stringify: (index) => (sink += JSON.stringify(drafts[index]).length),
  line: (index) => (sink += writer.lineOf(parts[index]).writeTo(buffer, 1)),
  envelope: (index) => (sink += partsOf(drafts[index]).seq),
  plain: (index) => (sink += toPlain(drafts[index]).sanitized.length),
  figures: (index) => foldEvent(summary, parts[index], drafts[index]),
  secrets: (index) => (sink += redactor.isClean(drafts[index]) ? 1 : 0),
  tree: (index) => tree.append(hashLineAt(buffer, 1, ends[index])),
  writeEach: (index) => fs.writeSync(fd, buffer, 0, ends[index]),
  write100: (index) => {
    if (index % LINES_A_WRITE > 0) return;
    const bytes = ends.slice(index, index + LINES_A_WRITE).reduce((sum, end) => sum + end, 0);
    fs.writeSync(fd, buffer, 0, Math.min(bytes, buffer.length));
  },
};

const times = Object.fromEntries(Object.keys(steps).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, step] of Object.entries(steps)) times[name].push(nsAnEvent(step));
  fs.ftruncateSync(fd);
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const figures = Object.entries(times).map(([name, all]) => [`${name}Ns`, median(all.slice(ROUNDS / 3))]);
process.stdout.write(JSON.stringify(Object.fromEntries(figures)));

/** Processor time, which other programs on the machine disturb least. */
function nsAnEvent(step) {
  const before = process.cpuUsage();
  for (let event = 0; event < EVENTS_A_ROUND; event++) step(event % drafts.length);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / EVENTS_A_ROUND;
}
