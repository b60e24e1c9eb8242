// Patterns over names, as shells have them: `*` any text, `?` one character, `[abc]` `[a-z]` `[!a-z]` one of a set.
// Everything else, an unclosed bracket included, stands for itself. There is no escape; `[*]` is a star.

/**
 * A test for names that match a pattern as a whole, case included. A name of n characters takes at most n times the
 * length of the pattern in steps, whatever the pattern: no regular expression is made of it.
 *
 * @example compileGlob("Claude-*-2026????-[0-9a-f]*")("Claude-Orch-Prime-20260106-c614") // true
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const tokens = tokensOf(pattern);
  const known = new Map<string, boolean>();
  return (name) => {
    // A few names take turns in millions of events.
    const before = known.get(name);
    if (before !== undefined) return before;
    const result = matches(tokens, Array.from(name));
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(name, result);
    return result;
  };
}

/** The longest text that stands in every name that a pattern matches; empty when there is none. */
export function longestLiteral(pattern: string): string {
  // Brackets that are never closed stand for themselves; nothing is made of what follows one.
  const literals = (pattern.split("[")[0] ?? "").split(/[*?]/);
  return literals.reduce((longest, each) => (each.length > longest.length ? each : longest), "");
}

// --- internal ---

const MAX_KNOWN = 1000;

type Token = "any text" | ((character: string) => boolean);

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (character === "*") {
      if (tokens.at(-1) !== "any text") tokens.push("any text");
    } else if (character === "?") {
      tokens.push(() => true);
    } else {
      // A `]` that comes first belongs to the set.
      const first = characters[at + 1] === "!" || characters[at + 1] === "^" ? at + 2 : at + 1;
      const close = character === "[" ? characters.indexOf("]", first + 1) : -1;
      if (close < 0) {
        tokens.push((other) => other === character);
      } else {
        const isInSet = setOf(characters.slice(first, close));
        tokens.push(first === at + 1 ? isInSet : (other) => !isInSet(other));
        at = close;
      }
    }
  }
  return tokens;
}

function setOf(members: readonly string[]): (character: string) => boolean {
  const single = new Set<string>();
  const ranges: { from: number; to: number }[] = [];
  for (let at = 0; at < members.length; at++) {
    const from = members[at] ?? "";
    const to = members[at + 2];
    if (members[at + 1] === "-" && to !== undefined) {
      ranges.push({ from: codeOf(from), to: codeOf(to) });
      at += 2;
    } else single.add(from);
  }
  return (character) => {
    const code = codeOf(character);
    return single.has(character) || ranges.some(({ from, to }) => code >= from && code <= to);
  };
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? -1;
}

/** Only the last star ever has to take more: what an earlier one could take instead, the last one can take too. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starEnd = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current === "any text") {
      star = token++;
      starEnd = at;
    } else if (current?.(name[at] ?? "") === true) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starEnd;
    } else return false;
  }
  return token === tokens.length || (token === tokens.length - 1 && tokens[token] === "any text");
}
