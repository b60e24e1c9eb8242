// Rules that a user adds as data: a kind and a pattern. JavaScript's regular expressions backtrack, and a careless one
// can take years on a text made for it; so only a part of their language is taken, in which the number of ways to match
// is known beforehand and small. What is refused is said, with what to write instead.

import { checkOptionNames, describe } from "../base/options.ts";
import type { ExtraRule } from "./finder.ts";

export interface UserRule {
  /** What stands in the mark: lower-case letters, digits and `-`, up to 40 characters. */
  kind: string;
  /**
   * A regular expression of literals, classes, groups, `|`, `?` and `{m,n}`, up to 256 characters. It begins with at
   * least 3 literal characters, and what it matches stays within one line and 1,024 characters. A group `(?<secret>…)`
   * tells which part goes; otherwise all does.
   */
  pattern: string;
}

/** Most rules of one redactor. */
export const MAX_USER_RULES = 100;

/**
 * Compiles rules given as data.
 *
 * @throws TypeError, RangeError naming the rule and what is wrong with it
 * @example compileUserRules("Redactor", [{ kind: "acme-token", pattern: "acme_[a-z0-9]{20,40}" }])
 */
export function compileUserRules(owner: string, rules: unknown): ExtraRule[] {
  if (!Array.isArray(rules)) throw new TypeError(`${owner}: rules must be an array, got ${describe(rules)}`);
  if (rules.length > MAX_USER_RULES)
    throw new RangeError(`${owner}: at most ${MAX_USER_RULES} rules, got ${rules.length}`);
  return rules.map((rule: unknown, at) => {
    const place = `${owner}: rules[${at}]`;
    if (typeof rule !== "object" || rule === null)
      throw new TypeError(`${place} must be an object {kind, pattern}, got ${describe(rule)}`);
    checkOptionNames(place, rule, ["kind", "pattern"]);
    const kind = "kind" in rule ? rule.kind : undefined;
    const pattern = "pattern" in rule ? rule.pattern : undefined;
    if (typeof kind !== "string" || !/^[a-z][a-z0-9-]{0,39}$/.test(kind))
      throw new TypeError(
        `${place}: kind must be lower-case letters, digits and "-", at most 40, got ${describe(kind)}`,
      );
    if (typeof pattern !== "string" || pattern.length > MAX_PATTERN_LENGTH)
      throw new TypeError(
        `${place}: pattern must be a text of at most ${MAX_PATTERN_LENGTH} characters, got ${describe(pattern)}`,
      );
    try {
      return { rule: kind, pattern: new RegExp(new PatternReader(pattern).read(), "dg") };
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RangeError(
        `${place} (${kind}): the pattern ${JSON.stringify(pattern)} is refused: ${reason}`,
        {
          cause,
        },
      );
    }
  });
}

// --- internal ---

const MAX_PATTERN_LENGTH = 256;
/** Longest text that a rule may match. */
const MAX_MATCH_LENGTH = 1024;
/** Ways in which a pattern may match at one place: this many attempts at most until it gives up. */
const MAX_WAYS = 2048;
const MIN_LITERAL_PREFIX = 3;

/** A part of a pattern: what is given to the engine, its longest match, and in how many ways it can match. */
interface Part {
  source: string;
  length: number;
  ways: number;
}

/** Classes that keep to one line. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  d: "[0-9]",
  w: "[A-Za-z0-9_]",
  s: "[ \\t]",
  D: "[^0-9\\r\\n]",
  W: "[^A-Za-z0-9_\\r\\n]",
  S: "[^\\s]",
};

class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #hasSecret = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** The whole pattern, checked. @throws Error saying what to change */
  read(): string {
    // The engine finds a literal start fast, and goes on from nowhere else.
    const literals = /^(?:\\[^A-Za-z0-9\s]|[^\\^$.*+?()[\]{}|\s])*/.exec(this.#pattern)?.[0] ?? "";
    const plain = literals.replaceAll("\\", "").length;
    // The last literal belongs to a quantifier behind it.
    const isCounted = /^[?*+{]/.test(this.#pattern.slice(literals.length));
    if (plain - (isCounted ? 1 : 0) < MIN_LITERAL_PREFIX)
      throw new Error(`it must begin with ${MIN_LITERAL_PREFIX} literal characters, e.g. "acme_"`);
    const { source, length, ways } = this.#alternatives(0);
    if (this.#at < this.#pattern.length) throw new Error(`")" at ${this.#at} closes nothing`);
    if (length > MAX_MATCH_LENGTH)
      throw new Error(`it could match ${length} characters, and at most ${MAX_MATCH_LENGTH} are allowed`);
    if (ways > MAX_WAYS)
      throw new Error(
        `it could match in ${ways} ways at one place, and at most ${MAX_WAYS} are allowed: use narrower {m,n}`,
      );
    return source;
  }

  #alternatives(depth: number): Part {
    if (depth > 8) throw new Error("its groups are nested too deep");
    let all = this.#sequence(depth);
    while (this.#takes("|")) {
      if (depth === 0)
        throw new Error('put alternatives into a group behind the literal start: "acme_(?:a|b)"');
      const next = this.#sequence(depth);
      all = {
        source: `${all.source}|${next.source}`,
        length: Math.max(all.length, next.length),
        ways: all.ways + next.ways,
      };
    }
    return all;
  }

  #sequence(depth: number): Part {
    const sequence: Part = { source: "", length: 0, ways: 1 };
    while (this.#at < this.#pattern.length && !"|)".includes(this.#next)) {
      const { source, length, ways } = this.#counted(depth);
      sequence.source += source;
      sequence.length += length;
      sequence.ways *= ways;
    }
    return sequence;
  }

  /** One atom with the quantifier behind it. */
  #counted(depth: number): Part {
    const isGroup = this.#next === "(";
    const atom = this.#atom(depth);
    const rest = this.#pattern.slice(this.#at);
    if (/^[*+]/.test(rest)) throw new Error(`"${rest.charAt(0)}" has no end: say how many, e.g. {1,64}`);
    if (rest.startsWith("?")) {
      this.#at++;
      this.#refuseLazy();
      return { source: `${atom.source}?`, length: atom.length, ways: atom.ways + 1 };
    }
    if (!rest.startsWith("{")) return atom;
    const bounds = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(rest);
    if (bounds === null) throw new Error(`"${rest.slice(0, 8)}" is no {m,n}`);
    const [text, lowest = "", comma, highest] = bounds;
    if (comma !== undefined && highest === undefined)
      throw new Error(`${text} has no end: give an upper bound, e.g. {${lowest},64}`);
    this.#at += text.length;
    this.#refuseLazy();
    const least = Number(lowest);
    const most = Number(highest ?? lowest);
    if (most < least) throw new Error(`${text} counts backwards`);
    if (isGroup) throw new Error("a group may be followed by ? only: write out what repeats");
    return { source: atom.source + text, length: atom.length * most, ways: most - least + 1 };
  }

  #atom(depth: number): Part {
    const character = this.#next;
    if (character === "(") return this.#group(depth);
    if (character === "[") return this.#class();
    if (character === "\\") return { source: this.#escape(), length: 1, ways: 1 };
    if ("^$".includes(character))
      throw new Error(`"${character}" is not available: a secret may stand anywhere`);
    if ("*+?{".includes(character)) throw new Error(`"${character}" at ${this.#at} counts nothing`);
    if ("}]".includes(character))
      throw new Error(`"${character}" at ${this.#at} has to be written \\${character}`);
    if (/[\r\n]/.test(character)) throw new Error("a secret may not reach over a line break");
    this.#at++;
    return { source: character === "." ? "[^\\r\\n]" : character, length: 1, ways: 1 };
  }

  #group(depth: number): Part {
    const opening = /^\((?:\?:|\?<secret>)?/.exec(this.#pattern.slice(this.#at))?.[0] ?? "(";
    this.#at += opening.length;
    if (this.#next === "?") throw new Error("of groups only (…), (?:…) and (?<secret>…) are available");
    if (opening === "(?<secret>") {
      if (this.#hasSecret) throw new Error("there can be one group (?<secret>…)");
      this.#hasSecret = true;
    }
    const inside = this.#alternatives(depth + 1);
    if (!this.#takes(")")) throw new Error('a ")" is missing');
    return { ...inside, source: `${opening === "(" ? "(?:" : opening}${inside.source})` };
  }

  #class(): Part {
    const text = /^\[\^?(?:\\[^\r\n]|[^\]\\\r\n])+\]/.exec(this.#pattern.slice(this.#at))?.[0];
    if (text === undefined) throw new Error(`the class at ${this.#at} is not closed`);
    if (/\\[^dw\W_]/.test(text)) throw new Error("inside […] the escapes are \\d, \\w and those of marks");
    this.#at += text.length;
    return { source: text.startsWith("[^") ? `${text.slice(0, -1)}\\r\\n]` : text, length: 1, ways: 1 };
  }

  #escape(): string {
    const character = this.#pattern.charAt(this.#at + 1);
    const known = CLASS_ESCAPES[character];
    if (known === undefined && !/^[^A-Za-z0-9\r\n]$/.test(character))
      throw new Error(`\\${character} is not available; \\d \\w \\s \\D \\W \\S and escaped marks are`);
    this.#at += 2;
    return known ?? `\\${character}`;
  }

  get #next(): string {
    return this.#pattern.charAt(this.#at);
  }

  #takes(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at++;
    return true;
  }

  #refuseLazy(): void {
    if (this.#next === "?" || this.#next === "+")
      throw new Error(`"${this.#next}" behind a quantifier is not available`);
  }
}
