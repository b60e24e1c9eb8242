// A replay on a terminal: events scroll by at their pace, keys steer it, a line at the bottom says where it is.

import type { Player } from "../replay/index.ts";
import { fitText, formatDuration } from "../report/index.ts";
import type { Output } from "./output.ts";
import { playedText } from "./replay-text.ts";
import type { ReplayTextOptions } from "./replay-text.ts";

/** A standard input that is a terminal. */
export interface KeyInput extends NodeJS.ReadableStream {
  isTTY: true;
  setRawMode(isRaw: boolean): unknown;
}

/** Whether keys can be read one by one. */
export function isKeyInput(stdin: NodeJS.ReadableStream): stdin is KeyInput {
  return "isTTY" in stdin && stdin.isTTY === true && "setRawMode" in stdin;
}

/** Plays to the end, or until somebody has seen enough. Returns false when that was by Ctrl-C. */
export async function playOnTerminal(
  player: Player,
  stdin: KeyInput,
  stdout: Output,
  options: ReplayTextOptions,
): Promise<boolean> {
  let isInterrupted = false;
  const show = (line?: string): Promise<void> => {
    stdout.write(
      `${CLEAR}${line === undefined ? "" : `${line}\n`}${fitText(statusText(player), stdout.columns - 1)}`,
    );
    return stdout.drain();
  };
  const onKeys = (data: Buffer | string): void => {
    for (const key of data.toString("latin1").match(KEYS) ?? []) {
      if (key === INTERRUPT) isInterrupted = true;
      steer(player, key);
    }
    show().catch(() => player.stop());
  };
  const ticking = setInterval(() => show().catch(() => player.stop()), STATUS_INTERVAL_MS);
  stdin.setRawMode(true);
  stdin.on("data", onKeys);
  stdin.resume();
  try {
    await player.play((played) => show(playedText(played, options)));
  } finally {
    clearInterval(ticking);
    stdin.off("data", onKeys);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(CLEAR);
  }
  return !isInterrupted;
}

// --- internal ---

const STATUS_INTERVAL_MS = 250;
/** To the beginning of the line, and nothing on it (ECMA-48 §8.3.41). */
const CLEAR = "\r\u001b[K";
const INTERRUPT = "\u0003";
const LEFT = "\u001b[D";
const RIGHT = "\u001b[C";
/** Arrow keys come as three characters, everything else as one. */
// oxlint-disable-next-line no-control-regex -- that is what keys send
const KEYS = /\u001b\[[A-D]|[^]/g;

const MAX_SPEED = 1024;

function steer(player: Player, key: string): void {
  switch (key) {
    case " ":
      if (player.paused) player.resume();
      else player.pause();
      break;
    case RIGHT:
      player.pause();
      player.step();
      break;
    case LEFT:
      // The event that was shown last stands right before the next one.
      player.pause();
      player.seek(Math.max(0, player.position - 2));
      player.step();
      break;
    case "+":
    case "=":
      player.speed = Math.min(MAX_SPEED, player.speed * 2);
      break;
    case "-":
      player.speed = Math.max(1 / MAX_SPEED, player.speed / 2);
      break;
    case "q":
    case INTERRUPT:
    case "\u0004":
      player.stop();
      break;
    default:
  }
}

function statusText(player: Player): string {
  const { paused, speed, position, length, waitMs } = player;
  const state = paused ? "paused" : waitMs >= 1000 ? `next in ${formatDuration(waitMs)}` : "playing";
  return `${position}/${length} ${speed}x ${state} | space: pause, arrows: step, + -: speed, q: quit`;
}
