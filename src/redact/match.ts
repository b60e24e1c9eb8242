/** A secret in a text: from `start` up to but not including `end`, and the rule that found it. */
export interface FoundSecret {
  rule: string;
  start: number;
  end: number;
}

/**
 * What a sticky pattern (flags `d` and `y`) finds exactly at `at`: its group `secret`, or the whole match when it has
 * no such group.
 */
export function matchAt(rule: string, pattern: RegExp, text: string, at: number): FoundSecret | undefined {
  pattern.lastIndex = at;
  const indices = pattern.exec(text)?.indices;
  const span = indices?.groups?.["secret"] ?? indices?.[0];
  return span === undefined ? undefined : { rule, start: span[0], end: span[1] };
}
