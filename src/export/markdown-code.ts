// Text of any kind inside Markdown, so that it stays text (CommonMark 0.31, §4.5 and §6.1).

/**
 * A fenced block: its fence is longer than any run of backticks in the text. Characters that show nothing and could
 * move a terminal's cursor or turn the order of the text around become visible escapes.
 */
export function fence(text: string, language: string): string {
  const shown = visible(text.replaceAll(/\r\n?/g, "\n")).replace(/\n$/, "");
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

function visible(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;
