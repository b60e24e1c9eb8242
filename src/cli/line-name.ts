// How a command names one line of a session: `SESSION:SEQ`. The id itself may hold colons; the number comes last.

import { UsageError } from "./usage-error.ts";

/** @throws UsageError */
export function parseLineName(owner: string, text: string): { session: string; seq: number } {
  const parts = /^(.+):(\d{1,15})$/s.exec(text);
  if (parts === null) throw new UsageError(`${owner} takes SESSION:SEQ, e.g. 019b9f2e-…:17, got "${text}"`);
  return { session: parts[1] ?? "", seq: Number(parts[2]) };
}
