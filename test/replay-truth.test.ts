// Replay of transcripts that nobody here wrote, against figures that a separate program took from the same files
// (../shared/realdata/README.md says how). test/import-truth.test.ts compares the import itself.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { stateText, timelineText } from "../src/cli/replay-text.ts";
import { importSessions } from "../src/import/index.ts";
import { openReader } from "../src/read/index.ts";
import { openStore } from "../src/record/index.ts";
import { openPlayer, readTimeline, stateAt, walkSteps } from "../src/replay/index.ts";
import type { Step, Timeline } from "../src/replay/index.ts";
import { eventText, textWidth } from "../src/report/index.ts";

const REALDATA = path.resolve(import.meta.dirname, "../../shared/realdata");

interface FileTruth {
  parser: string;
  session_ids: string[];
  models: Record<string, number>;
  tool_use_ids: number;
  tool_result_blocks: number;
  tool_use_without_result: number;
  tool_result_without_use: number;
  tool_errors: number;
  unique_messages: number;
  tools: Record<string, number>;
  tool_calls: number;
  nonzero_exit: number;
}

const truth: Record<string, FileTruth> = existsSync(REALDATA)
  ? (
      JSON.parse(readFileSync(path.join(REALDATA, "truth.json"), "utf8")) as {
        files: Record<string, FileTruth>;
      }
    ).files
  : {};

/** Failures of Codex that the truth's search for exit codes does not see; see test/import-truth.test.ts. */
const FAILED_OTHERWISE: Record<string, number> = {
  "c61729d4-da6d-46a4-9a29-ec2c614e5e23": 36,
  "05997ac9-0e06-4251-8576-cc16266d3022": 3,
};

const transcripts = Object.entries(truth).filter(
  ([, { parser, session_ids: ids }]) => (parser === "claude" || parser === "codex") && ids.length > 0,
);

const ESCAPE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/; // oxlint-disable-line no-control-regex

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(os.tmpdir(), "tracekeep-"))));
afterAll(() => rmSync(folder, { recursive: true }));

async function importOne(file: string, dir: string): Promise<void> {
  const store = openStore({ dir, handleSignals: false });
  await importSessions(store, { paths: [file], cwd: REALDATA });
  store.close();
}

interface Figures {
  toolCalls: number;
  results: number;
  errors: number;
  tools: Record<string, number>;
}

/** What the steps of all timelines of a store add up to. */
function figuresOf(steps: readonly Step[]): Figures {
  const calls = steps.filter(({ kind, unmatched }) => kind === "tool" && unmatched !== "no call");
  const results = steps.filter(({ kind, unmatched }) => kind === "tool" && unmatched !== "no result");
  const tools: Record<string, number> = {};
  for (const { name } of calls) tools[name ?? ""] = (tools[name ?? ""] ?? 0) + 1;
  return {
    toolCalls: calls.length,
    results: results.length,
    errors: steps.filter(({ kind, status }) => kind === "tool" && status === "error").length,
    tools,
  };
}

describe.skipIf(transcripts.length === 0)(
  "replay of transcripts found in the wild (../shared/realdata)",
  () => {
    it.each(transcripts)(
      "%s has the steps, calls, results and errors of the truth",
      async (file, told) => {
        const dir = path.join(folder, path.basename(file), ".tracekeep");
        await importOne(file, dir);
        const reader = openReader({ dir });
        const timelines: Timeline[] = [];
        for (const { session_id: id } of reader.sessions())
          timelines.push(readTimeline(reader, id, { children: false }));
        const steps = timelines.flatMap((timeline) => [...walkSteps(timeline)]);
        const found = figuresOf(steps);
        if (told.parser === "claude") {
          expect(found).toEqual({
            toolCalls: told.tool_use_ids,
            results: told.tool_use_ids - told.tool_use_without_result + told.tool_result_without_use,
            errors: told.tool_errors,
            tools: told.tools,
          });
          const models = steps.filter(({ kind }) => kind === "model").length;
          // Claude Code speaking for itself is counted as a message there, and is no call of a model.
          expect(models).toBe(told.unique_messages - (told.models["<synthetic>"] ?? 0));
        } else {
          const failedOtherwise = FAILED_OTHERWISE[told.session_ids[0] ?? ""] ?? 0;
          expect(found).toMatchObject({
            toolCalls: told.tool_calls,
            errors: told.nonzero_exit + failedOtherwise,
            tools: told.tools,
          });
        }
        for (const { session_id: session, tape } of timelines) {
          // Every event is played, in its order, and fits its line.
          const seqs: number[] = [];
          await openPlayer({ reader, sessions: session, speed: Infinity, chunks: false }).play(
            ({ event }) => {
              seqs.push(event.seq);
              const line = eventText(event, { columns: 80, color: false });
              if (textWidth(line) > 80 || ESCAPE.test(line))
                throw new Error(`event ${event.seq} does not fit: ${line}`);
            },
          );
          expect(seqs).toEqual(tape.events.map(({ seq }) => seq));
          const last = tape.events.at(-1)?.seq ?? 0;
          const texts = [
            timelineText(readTimeline(reader, session), 80),
            stateText(stateAt(reader, session, last), 80),
          ];
          for (const lines of texts) {
            for (const line of lines) {
              if (textWidth(line) > 80 || ESCAPE.test(line)) throw new Error(`does not fit: ${line}`);
            }
          }
        }
      },
      60_000,
    );
  },
);
