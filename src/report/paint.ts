// Colours, by the codes that every terminal knows (ECMA-48 §8.3.117). node:util's styleText would do, but from Node 22
// on it looks at the process's own standard output, which need not be where the text goes.

const CODES = {
  bold: [1, 22],
  gray: [90, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Color = keyof typeof CODES;

/** @example paint("red", "failed") // "\u001b[31mfailed\u001b[39m" */
export function paint(color: Color, text: string): string {
  const [on, off] = CODES[color];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
