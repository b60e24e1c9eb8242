// Text of any kind inside Markdown, so that it stays text (CommonMark 0.31, §4.5 and §6.1).

import { visible } from "./visible.ts";

/**
 * A fenced block: its fence is longer than any run of backticks in the text.
 */
export function fence(text: string, language: string): string {
  const shown = visible(text).replace(/\n$/, "");
  const marks = "`".repeat(Math.max(3, longestRun(shown) + 1));
  return `${marks}${language}\n${shown}\n${marks}\n`;
}

/** Text on one line as code, cut after 200 characters; spaces keep its backticks from those around it. */
export function inlineCode(text: string): string {
  const line = visible(text.slice(0, 400).replaceAll(/\s+/g, " ")).trim();
  const shown = line.length > 200 ? `${line.slice(0, 200).replace(/[\ud800-\udbff]$/, "")}…` : line;
  if (shown === "") return "` `";
  const marks = "`".repeat(longestRun(shown) + 1);
  const space = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${marks}${space}${shown}${space}${marks}`;
}

// --- internal ---

function longestRun(text: string): number {
  return [...text.matchAll(/`+/g)].reduce((longest, [run]) => Math.max(longest, run.length), 0);
}
