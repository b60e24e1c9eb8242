// A recorded session seen again: played, as a tree of steps, as it stood at an event, or beside another run.

import { encodeJson } from "../../format/index.ts";
import { openReader } from "../../read/index.ts";
import type { Reader } from "../../read/index.ts";
import { diffRuns, openPlayer, readTimeline, stateAt } from "../../replay/index.ts";
import type { Player, SessionStateAt, Step, Timeline } from "../../replay/index.ts";
import { gistOf } from "../../report/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { isKeyInput, playOnTerminal } from "../replay-terminal.ts";
import { diffText, playedText, stateText, timelineText } from "../replay-text.ts";
import { reportPlaces, reportSkipped } from "../skipped.ts";
import { upkeep } from "../upkeep.ts";
import { sessionNamed } from "../session-name.ts";
import { UsageError } from "../usage-error.ts";

export const replay: Command = {
  name: "replay",
  summary: "play a session again, show its steps, compare two runs",
  operands: { usage: "ID...", min: 1, max: 100 },
  options: {
    speed: {
      kind: "text",
      value: "N",
      about: "N times the recorded pace, or max (default: 1 on a terminal, else max)",
    },
    "skip-silences": { kind: "flag", about: "wait a second at most" },
    step: { kind: "flag", about: "begin paused: arrow keys go from event to event" },
    from: { kind: "text", value: "SEQ|TIME", about: "begin at this event: its number, or a time" },
    to: { kind: "text", value: "SEQ|TIME", about: "end with this event" },
    loop: { kind: "flag", about: "begin again at the end" },
    children: { kind: "flag", about: "also play the sessions that these started" },
    timeline: { kind: "flag", about: "turns, calls with their results and delegations as a tree" },
    at: {
      kind: "text",
      value: "SEQ",
      about: "what was known at this event: conversation, open calls, totals, files",
    },
    diff: { kind: "flag", about: "compare two runs: where they part, and the rest in figures" },
    json: { kind: "flag", about: "for machines" },
  },
  examples: [
    ["replay 019b9f2e", "space pauses, arrows step, + and - change the speed, q ends"],
    ["replay 019b9f2e --speed 10 --skip-silences", "ten times as fast, without the long waits"],
    ["replay 019b9f2e --timeline", "what it did, as a tree"],
    ["replay 019b9f2e --at 42", "what the agent knew at event 42"],
    ["replay --diff run-1 run-2", "where two runs part; exit code 3 when they do"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const views = ["timeline", "at", "diff"].filter(
    (name) => context.flag(name) || context.text(name) !== undefined,
  );
  if (views.length > 1) throw new UsageError(`give one of --${views.join(", --")}`);
  await upkeep(context);
  const reader = openReader(context.place);
  const sessions = context.operands.map((name) => sessionNamed(context, reader, name));
  const [first = "", second] = sessions;
  if (context.flag("diff")) {
    if (second === undefined || sessions.length > 2)
      throw new UsageError("--diff takes two sessions: replay --diff A B");
    return compare(context, reader, first, second);
  }
  if (views.length > 0) {
    if (second !== undefined) throw new UsageError(`--${views[0] ?? ""} takes one session`);
    return context.flag("timeline")
      ? showTimeline(context, reader, first)
      : showState(context, reader, first);
  }
  return play(context, reader, context.flag("children") ? withChildren(reader, sessions) : sessions);
}

// --- internal ---

const SILENCE_MS = 1000;

async function play(context: CommandContext, reader: Reader, sessions: readonly string[]): Promise<ExitCode> {
  const { stdin, stdout, signal } = context;
  const isTerminal = stdout.isTerminal && isKeyInput(stdin) && !context.flag("json");
  if (context.flag("step") && !isTerminal) throw new UsageError("--step needs a terminal, to press keys on");
  const speed = speedOf(context) ?? (isTerminal ? 1 : Infinity);
  const player = openPlayer({
    sessions,
    reader,
    speed,
    maxSilenceMs: context.flag("skip-silences") ? SILENCE_MS : undefined,
    from: boundOf(context, "from"),
    to: boundOf(context, "to"),
    loop: context.flag("loop"),
    paused: context.flag("step"),
    // Pieces that all come at once are no pieces.
    chunks: speed !== Infinity,
    signal,
  });
  const { columns, lineColumns, color } = stdout;
  const place = sessions.length > 1;
  if (isTerminal && isKeyInput(stdin)) {
    const isDone = await playOnTerminal(player, stdin, stdout, { columns, color, place });
    signal.throwIfAborted();
    return isDone ? skippedIn(context, player) : EXIT.interrupted;
  }
  await player.play(async ({ event, position, timeMs, chunk }) => {
    if (context.flag("json")) {
      stdout.line(
        encodeJson({
          position,
          at: new Date(timeMs).toISOString(),
          ...(chunk === undefined ? {} : { chunk }),
          event,
        }),
      );
    } else
      stdout.line(
        playedText(
          { event, position, timeMs, ...(chunk === undefined ? {} : { chunk }) },
          { columns: lineColumns, color, place },
        ),
      );
    if (stdout.isFull || speed !== Infinity) await stdout.drain();
  });
  signal.throwIfAborted();
  return skippedIn(context, player);
}

function skippedIn(context: CommandContext, { reports }: Player): ExitCode {
  const codes = reports.map((report) => reportSkipped(context, report));
  return codes.find((code) => code !== EXIT.done) ?? EXIT.done;
}

async function showTimeline(context: CommandContext, reader: Reader, session: string): Promise<ExitCode> {
  const { stdout } = context;
  const timeline = readTimeline(reader, session);
  if (context.flag("json")) stdout.line(encodeJson(timelineRow(timeline)));
  else await print(stdout, timelineText(timeline, stdout.lineColumns));
  return reportSkipped(context, timeline.tape.report);
}

async function showState(context: CommandContext, reader: Reader, session: string): Promise<ExitCode> {
  const { stdout } = context;
  const text = context.text("at") ?? "";
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`--at takes an event's number, got "${text}"`);
  const state = stateAt(reader, session, Number(text));
  if (context.flag("json")) stdout.line(encodeJson(stateRow(state)));
  else await print(stdout, stateText(state, stdout.lineColumns));
  return reportSkipped(context, state.tape.report);
}

async function compare(
  context: CommandContext,
  reader: Reader,
  left: string,
  right: string,
): Promise<ExitCode> {
  const { stdout } = context;
  const diff = diffRuns(reader, left, right);
  if (context.flag("json")) stdout.line(encodeJson(diff));
  else await print(stdout, diffText(diff, stdout.lineColumns));
  const code = reportPlaces(context, diff.skipped);
  return diff.divergence === null ? code : EXIT.findings;
}

async function print(stdout: CommandContext["stdout"], lines: Iterable<string>): Promise<void> {
  for (const line of lines) {
    stdout.line(line);
    if (stdout.isFull) await stdout.drain();
  }
}

function speedOf(context: CommandContext): number | undefined {
  const text = context.text("speed");
  if (text === undefined) return undefined;
  if (text === "max") return Infinity;
  const speed = Number(text.replace(/x$/, ""));
  if (!(speed > 0 && speed < Infinity))
    throw new UsageError(`--speed takes a number above 0, or max, got "${text}"`);
  return speed;
}

function boundOf(context: CommandContext, name: string): number | string | undefined {
  const text = context.text(name);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

/** The sessions and all that they started, and so on down. */
function withChildren(reader: Reader, sessions: readonly string[]): string[] {
  const children = reader.children();
  const found = new Set(sessions);
  // A set that grows while it is walked is walked to its new end.
  for (const session of found) for (const child of children.get(session) ?? []) found.add(child);
  return [...found];
}

function timelineRow({ session_id, agent_id, wall_ms, active_ms, steps }: Timeline): object {
  return { session_id, agent_id, wall_ms, active_ms, steps: steps.map(stepRow) };
}

function stepRow({ place: _place, end_place: _end, child, steps, ...step }: Step): object {
  return {
    ...step,
    ...(child === undefined ? {} : { child: timelineRow(child) }),
    steps: steps.map(stepRow),
  };
}

function stateRow({
  session_id,
  event,
  conversation,
  open_calls: openCalls,
  totals,
  files,
  tape,
}: SessionStateAt): object {
  const { tool_calls, tool_errors, model_calls, tokens, cost_usd } = totals;
  return {
    session_id,
    event,
    conversation: conversation.map((place) => ({
      seq: place.seq,
      role: place.role,
      text: gistOf(tape.read(place)),
    })),
    open_calls: openCalls.map(stepRow),
    totals: { events: totals.events, tool_calls, tool_errors, model_calls, tokens, cost_usd },
    files,
  };
}
