// One row of the tables of secrets that can be recognised by their own shape, and how such a row is written. Precision
// comes first: each row wants a fixed prefix, the issuer's alphabet and a length, so identifiers, hashes and prose never
// match.

export interface SecretPattern {
  /** The kind that stands in `[REDACTED:<kind>:<fingerprint>]`. */
  readonly rule: string;
  /** Literal starts, at least one character of each being in RARE_CHARACTERS: the cheap test that runs first. */
  readonly prefixes: readonly string[];
  /** How many characters of the secret stand before the prefix, which is then a mark in its middle. Default 0. */
  readonly before?: number;
  /**
   * Sticky, matched where the secret begins. With a named group `secret` only that part is replaced. Every quantifier
   * is bounded, so that one attempt costs at most a fixed number of steps on any input.
   */
  readonly pattern: RegExp;
  /** A last check of the secret that a regular expression cannot make. */
  readonly accepts?: (secret: string) => boolean;
}

/** Escapes whose end looks like a part of a word: `\n` or `\u003d` in a nested string, `%3D` in an address, a terminal colour. */
export const ESCAPE = "\\\\[nrt]|\\\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|\\[[0-9;]{0,12}m";

/** A key does not begin inside a word. What looks like a letter before it may be the end of an escape, though. */
const START = `(?<=^|[^A-Za-z0-9]|${ESCAPE})`;

/** For short prefixes: no `-` or `_` of a word before it either, or base64url (encrypted reasoning) would match by chance. */
export const ALONE = "(?<![A-Za-z0-9][_-])";

/** Nor does it end inside one. */
const END = "(?![A-Za-z0-9])";

/** A row for a key that begins with one of the prefixes, or has it behind its first `before` characters. */
export function key(
  rule: string,
  prefixes: readonly string[],
  source: string,
  more: Pick<SecretPattern, "before" | "accepts"> = {},
): SecretPattern {
  return { rule, prefixes, pattern: new RegExp(START + source + END, "dy"), ...more };
}

/** A row for a secret that is told by what stands around it: only the group `secret` goes. */
export function within(
  rule: string,
  prefixes: readonly string[],
  source: string,
  accepts?: (secret: string) => boolean,
): SecretPattern {
  const pattern = new RegExp(source, "dy");
  return accepts === undefined ? { rule, prefixes, pattern } : { rule, prefixes, pattern, accepts };
}
