// All secrets that can be recognised by their own shape, and the one regular expression that finds where they could be.

import { AI_KEYS } from "./ai-keys.ts";
import { CLOUD_KEYS } from "./cloud-keys.ts";
import { GENERAL_SECRETS } from "./general-secrets.ts";
import type { SecretPattern } from "./pattern.ts";
import { SERVICE_KEYS } from "./service-keys.ts";

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  ...AI_KEYS,
  ...SERVICE_KEYS,
  ...CLOUD_KEYS,
  ...GENERAL_SECRETS,
];

/** A prefix, and where in it the character stands that is searched for. */
export interface AnchoredPrefix {
  readonly prefix: string;
  readonly anchor: number;
}

/** Characters that are uncommon in prose, code and JSON. The scan over a text looks for nothing but these. */
const RARE_CHARACTERS = "-_:JzGAB@~KZvyp";

/**
 * The source of a regular expression that stops at the anchor of every prefix. An alternation of the prefixes as they
 * are runs at 190 MB/s, because nearly every letter begins one of them; grouped by their rarest character they run at
 * 600 MB/s, because the engine skips whatever is not one of those few. Most prefixes end with `-` or `_`, of which every
 * text is full: there, what stands before is looked up letter by letter, from the end.
 */
export function triggerSource(starts: readonly AnchoredPrefix[]): string {
  const byAnchor = new Map<string, { ending: string[]; others: string[] }>();
  for (const { prefix, anchor: at } of starts) {
    const anchor = prefix.charAt(at);
    const sources = byAnchor.get(anchor) ?? { ending: [], others: [] };
    byAnchor.set(anchor, sources);
    const before = prefix.slice(0, at + 1);
    const after = escape(prefix.slice(at + 1));
    if (after === "") sources.ending.push(before);
    else sources.others.push(at === 0 ? after : `${after}(?<=${escape(before)}${after})`);
  }
  return Array.from(byAnchor, ([anchor, { ending, others }]) => {
    if (ending.length > 0) others.push(`(?<=${backwards(ending)})(?=${KEY_CHARACTER}{12})`);
    return `${escape(anchor)}(?:${others.join("|")})`;
  }).join("|");
}

/** Where in a prefix its rarest character stands last. */
export function anchorIndex(prefix: string): number {
  for (let rarity = 0; rarity < RARE_CHARACTERS.length; rarity++) {
    const at = prefix.lastIndexOf(RARE_CHARACTERS.charAt(rarity));
    if (at >= 0) return at;
  }
  throw new Error(`bug in tracekeep: the prefix "${prefix}" has no rare character to search for`);
}

// --- internal ---

const KEY_CHARACTER = "[A-Za-z0-9_+/=%-]";

/** The source of what ends like one of these, so that a lookbehind compares each character but once. */
function backwards(endings: readonly string[]): string {
  // One of them is the end of all the others.
  if (endings.includes("")) return "";
  const byLast = new Map<string, string[]>();
  for (const ending of endings) {
    const last = ending.slice(-1);
    byLast.set(last, [...(byLast.get(last) ?? []), ending.slice(0, -1)]);
  }
  const sources = Array.from(byLast, ([last, rests]) => backwards(rests) + escape(last));
  return sources.length === 1 ? sources.join("") : `(?:${sources.join("|")})`;
}

function escape(literal: string): string {
  return /^[\w -]*$/.test(literal) ? literal : literal.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
