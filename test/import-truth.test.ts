// Transcripts that nobody here wrote, imported into stores, against figures that a separate program took from the same
// files (../shared/realdata/README.md says how).

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { importSessions } from "../src/import/index.ts";
import type { ImportReport } from "../src/import/index.ts";
import { openReader } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { auditReport } from "../src/report/index.ts";
import { addSummary, foldEvent, newSummary, newTotals } from "../src/summary/index.ts";
import type { Totals } from "../src/summary/index.ts";
import { eventsIn, importedIn } from "./store-contents.ts";

const REALDATA = path.resolve(import.meta.dirname, "../../shared/realdata");
const isThere = existsSync(REALDATA);

/** What the truth says of a file, as far as it is used here. */
interface FileTruth {
  parser: string;
  sessions: number;
  session_ids: string[];
  malformed: number;
  malformed_but_whole_objects: number;
  models: Record<string, number>;
  tools: Record<string, number>;
  // Claude Code
  tool_use_ids: number;
  tool_errors: number;
  unique_messages: number;
  usage_last: Record<string, number>;
  // Codex
  tool_calls: number;
  nonzero_exit: number;
  final_total_token_usage: Record<string, number> | null;
}

function readTruth(): Record<string, FileTruth> {
  const told: { files: Record<string, FileTruth> } = JSON.parse(
    readFileSync(path.join(REALDATA, "truth.json"), "utf8"),
  );
  return told.files;
}

const truth = isThere ? readTruth() : {};
const files = Object.keys(truth).filter((file) => ["claude", "codex"].includes(truth[file]?.parser ?? ""));

/** Files that a parser of the truth read, but that are no transcripts of a session. */
const NO_TRANSCRIPTS: Record<string, string> = {
  "claude-code/chloebrett-slay/.claude/history.jsonl": "the user's prompts of all sessions, for arrow-up",
  "claude-paired/HillviewCap-PAI/projects/-home-jenkins-Personal-AI-Infrastructure/98098c74-435a-42ec-ad08-ae58c7559232.jsonl":
    "empty",
};

const transcripts = files.filter((file) => NO_TRANSCRIPTS[file] === undefined);

/** Files whose records name no session; the truth counts none, the import calls the session after the file. */
const NAMELESS: ReadonlySet<string> = new Set([
  "claude-code/obra-episodic-memory/medium-conversation.jsonl",
  "claude-paired/HillviewCap-PAI/projects/-home-jenkins-Personal-AI-Infrastructure/d0608523-a955-427f-bdb4-4ea27ddc16b8.jsonl",
  "claude-paired/HillviewCap-PAI/projects/-home-jenkins-Personal-AI-Infrastructure/d3d4e0f8-bcb2-4597-8d7e-3fbcb2d9402b.jsonl",
]);

/** Failures that the truth's search for exit codes does not see (src/import/codex/codex-realdata.test.ts names each kind). */
const FAILED_OTHERWISE: Record<string, number> = {
  "c61729d4-da6d-46a4-9a29-ec2c614e5e23": 36,
  "05997ac9-0e06-4251-8576-cc16266d3022": 3,
};

/** What is in two of the files, and so once in a store of all. */
const CHECKPOINT = "claude-code/entireio-cli/d5_6c458b6019_0.jsonl"; // of the session in 37_995ebed6e4_2.jsonl, earlier
/** One message of session `todowrite_session` stands in edge_cases.jsonl, too. */
const REPEATED: Figures = {
  toolCalls: 1,
  toolErrors: 0,
  modelCalls: 1,
  input: 168,
  output: 85,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
};

/** Lines that are JSON but no records, put there to test a viewer. */
const NOT_RECORDS: Record<string, string[]> = {
  "claude-code/daaain-log/edge_cases.jsonl": Array.from({ length: 3 }, () => "JSON, but not an object"),
};

/** With records glued together, side chains, several sessions, the old and the newer form of Codex. */
const CUT = [
  "claude-code/entireio-cli/37_995ebed6e4_2.jsonl",
  "claude-code/d-kimuson-viewer/5c0375b4-57a5-4f26-b12d-d022ee4e51b7.jsonl",
  "claude-code/daaain-log/edge_cases.jsonl",
  "codex/agentic-neurodata-conversion/sessions/2025/09/29/rollout-2025-09-29T13-09-19-01999469-65fd-7fa2-ab93-d24bb4c714cb.jsonl",
  "codex/just-every-code/.github/codex/home/sessions/2025/08/06/rollout-2025-08-06T18-02-11-05997ac9-0e06-4251-8576-cc16266d3022.jsonl",
];

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"))));
afterEach(() => rmSync(folder, { recursive: true }));

async function importFiles(paths: readonly string[], dir = folder): Promise<ImportReport> {
  const store = openStore({ dir, handleSignals: false });
  try {
    return await importSessions(store, { paths, cwd: REALDATA });
  } finally {
    store.close();
  }
}

interface Figures {
  toolCalls: number;
  toolErrors: number;
  modelCalls: number;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
}

function expectedOf(file: string): Figures {
  const told = truth[file];
  if (told === undefined) throw new Error(`no truth about ${file}`);
  if (told.parser === "claude") {
    return {
      toolCalls: told.tool_use_ids,
      toolErrors: told.tool_errors,
      // Claude Code speaking for itself is counted as a message there, and is no call of a model.
      modelCalls: told.unique_messages - (told.models["<synthetic>"] ?? 0),
      input: told.usage_last["input_tokens"] ?? 0,
      output: told.usage_last["output_tokens"] ?? 0,
      cacheRead: told.usage_last["cache_read_input_tokens"] ?? 0,
      cacheWrite: told.usage_last["cache_creation_input_tokens"] ?? 0,
      // Claude Code does not tell them apart from the output.
      reasoning: 0,
    };
  }
  const total = told.final_total_token_usage;
  const session = told.session_ids[0] ?? "";
  const cached = total?.["cached_input_tokens"] ?? 0;
  return {
    toolCalls: told.tool_calls,
    toolErrors: told.nonzero_exit + (FAILED_OTHERWISE[session] ?? 0),
    modelCalls: changesOfTotal(file),
    // There, cached tokens are part of the input.
    input: (total?.["input_tokens"] ?? 0) - cached,
    output: total?.["output_tokens"] ?? 0,
    cacheRead: cached,
    cacheWrite: 0,
    reasoning: total?.["reasoning_output_tokens"] ?? 0,
  };
}

/** How many values the running total of a Codex rollout had: the truth does not say how many calls there were. */
function changesOfTotal(file: string): number {
  const text = readFileSync(path.join(REALDATA, file), "utf8");
  return new Set([...text.matchAll(/"total_token_usage":(\{[^}]*\})/g)].map(([, total]) => total)).size;
}

function foundIn(totals: Pick<Totals, "tool_calls" | "tool_errors" | "model_calls" | "tokens">): Figures {
  const { tool_calls: toolCalls, tool_errors: toolErrors, model_calls: modelCalls, tokens } = totals;
  const { input, output, cache_read: cacheRead, cache_write: cacheWrite, reasoning } = tokens;
  return { toolCalls, toolErrors, modelCalls, input, output, cacheRead, cacheWrite, reasoning };
}

function add(left: Figures, right: Figures, sign: 1 | -1 = 1): Figures {
  return {
    toolCalls: left.toolCalls + sign * right.toolCalls,
    toolErrors: left.toolErrors + sign * right.toolErrors,
    modelCalls: left.modelCalls + sign * right.modelCalls,
    input: left.input + sign * right.input,
    output: left.output + sign * right.output,
    cacheRead: left.cacheRead + sign * right.cacheRead,
    cacheWrite: left.cacheWrite + sign * right.cacheWrite,
    reasoning: left.reasoning + sign * right.reasoning,
  };
}

function totalsIn(dir: string): Totals {
  const totals = newTotals();
  for (const [id, events] of eventsIn(dir)) {
    const summary = newSummary(id);
    for (const event of events) foldEvent(summary, event, event);
    addSummary(totals, summary);
  }
  return totals;
}

describe.skipIf(!isThere)("transcripts found in the wild (../shared/realdata)", () => {
  it("are there", () => {
    expect(files).toHaveLength(53);
    expect(transcripts).toHaveLength(51);
  });

  it.each(transcripts)("%s adds up to the truth", async (file) => {
    const told = truth[file];
    const report = await importFiles([file]);
    const totals = totalsIn(folder);
    expect(foundIn(totals)).toEqual(expectedOf(file));
    expect(totals.sessions).toBe(NAMELESS.has(file) ? 1 : told?.sessions);
    expect(report.sessions).toBe(totals.sessions);
    expect(callsByTool(totals)).toEqual(told?.tools);
    expect(report.unfinished).toEqual([]);
    // All that is malformed in them is records glued together, and none of those is lost.
    expect(told?.malformed).toBe(told?.malformed_but_whole_objects);
    expect(report.skipped.map(({ reason }) => reason)).toEqual(NOT_RECORDS[file] ?? []);
    expect(totals.gaps).toEqual({ lost: 0, unreadable: report.skipped.length });
    if (told?.parser === "claude") {
      const models = Object.keys(told.models).filter((model) => model !== "<synthetic>");
      expect(Object.keys(totals.models).toSorted()).toEqual(models.toSorted());
    }
  });

  it.each(Object.entries(NO_TRANSCRIPTS))("%s is no transcript: %s", async (file) => {
    const report = await importFiles([file]);
    expect(report).toMatchObject({
      files: 0,
      events_added: 0,
      skipped: [{ file: path.join(REALDATA, file) }],
    });
  });

  it("add up in one store, too, where what two of them hold is there once", async () => {
    const report = await importFiles(files);
    let expected = transcripts.map(expectedOf).reduce((sum, each) => add(sum, each));
    expected = add(add(expected, expectedOf(CHECKPOINT), -1), REPEATED, -1);
    const totals = totalsIn(folder);
    expect(foundIn(totals)).toEqual(expected);
    expect(report).toMatchObject({ files: transcripts.length, sessions: totals.sessions });
    const audit = await auditReport(openReader({ dir: folder }));
    expect(foundIn(audit)).toEqual(expected);
    // What is no transcript at all is the import's to report; what could not be read of one, the audit's, too.
    const unreadable = report.skipped.filter(
      ({ file }) => NO_TRANSCRIPTS[path.relative(REALDATA, file)] === undefined,
    );
    expect(audit).toMatchObject({ sessions: totals.sessions, skipped: unreadable, lost: 0 });
    // None of these sessions was forked: what two files hold is of one session, and known by its record ids.
    expect(audit.copies).toMatchObject({ events: 0, tool_calls: 0, model_calls: 0 });
    const before = eventsIn(folder);
    expect(await importFiles(files)).toMatchObject({ events_added: 0, skipped: report.skipped });
    expect(eventsIn(folder)).toEqual(before);
  });

  it.each(CUT)("%s gives the same in several goes as in one, wherever it was cut", async (file) => {
    const bytes = readFileSync(path.join(REALDATA, file));
    const copy = path.join(folder, path.basename(file));
    const into = (dir: string, length: number): Promise<ImportReport> => {
      writeFileSync(copy, bytes.subarray(0, length));
      return importFiles([copy], path.join(folder, dir));
    };
    await into("at-once", bytes.length);
    const whole = importedIn(path.join(folder, "at-once"));
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(bytes.length), async (one, other) => {
        const dir = `in-goes-${round++}`;
        for (const length of [Math.min(one, other), Math.max(one, other), bytes.length])
          await into(dir, length);
        expect(importedIn(path.join(folder, dir))).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  it("are the same in one store whichever of them were imported first", async () => {
    const last = transcripts.filter((_, index) => index % 3 === 0);
    await importFiles(transcripts.filter((_, index) => index % 3 !== 0));
    await importFiles(last);
    const piecemeal = foundIn(totalsIn(folder));
    rmSync(folder, { recursive: true });
    await importFiles(transcripts);
    expect(piecemeal).toEqual(foundIn(totalsIn(folder)));
  });
});

// --- internal ---

function callsByTool(totals: Totals): Record<string, number> {
  return Object.fromEntries(
    Object.entries(totals.tools)
      .map(([tool, { calls }]): [string, number] => [tool, calls])
      .filter(([, calls]) => calls > 0),
  );
}
