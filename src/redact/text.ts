// Finds secrets in one text. A single scan looks for places where a secret could be; the precise patterns run only
// there, each bounded in length, so the time is linear in the text whatever it holds.

import { ASSIGNMENT_TRIGGER, findNamed, OPTION_TRIGGER } from "./assignments.ts";
import { matchAt, type FoundSecret } from "./match.ts";
import type { SecretPattern } from "./pattern.ts";
import { anchorIndex, SECRET_PATTERNS, triggerSource } from "./patterns.ts";

/**
 * The first secret at or behind `from`, or undefined. Costs about 2 ns a character when there is none.
 *
 * @example findSecret("postgres://app:s3cret@db/main", 0) // { rule: "url-password", start: 15, end: 21 }
 */
export function findSecret(text: string, from: number): FoundSecret | undefined {
  if (text.length < SHORTEST_SECRET) return undefined;
  TRIGGER.lastIndex = from;
  for (let hit = TRIGGER.exec(text); hit !== null; hit = TRIGGER.exec(text)) {
    const at = hit.index;
    const shaped = findShaped(text, at, from);
    if (shaped !== undefined) return shaped;
    const named = findNamed(text, at, from);
    if (named !== undefined) return withShape(text, named);
    // One trigger may reach over the place where the next one begins.
    TRIGGER.lastIndex = at + 1;
  }
  return undefined;
}

/** All of them, in order, none within another. */
export function* findSecrets(text: string): Generator<FoundSecret, void, undefined> {
  let behind = 0;
  for (let found = findSecret(text, 0); found !== undefined; found = findSecret(text, behind)) {
    // The password of an address is found by its `://`, and a token may stand between the two. Everything further back
    // was looked at already; to look again would take quadratic time.
    const near = Math.max(behind, found.start - LONGEST_USER);
    const address = text.slice(near, found.start);
    const user = found.rule === "url-password" ? address.lastIndexOf("://") : -1;
    if (user >= 0) {
      for (const { rule, start, end } of findSecrets(address.slice(user))) {
        yield { rule, start: near + user + start, end: near + user + end };
      }
    }
    yield found;
    behind = found.end;
  }
}

// --- internal ---

const SHORTEST_SECRET = 8;
/** Of an address, its `://` included. */
const LONGEST_USER = 260;
const NONE: readonly Shape[] = [];

interface Shape extends SecretPattern {
  readonly before: number;
  readonly prefix: string;
  /** Where in the prefix the character stands that the trigger stops at. */
  readonly anchor: number;
}

const ALL_SHAPES: readonly Shape[] = SECRET_PATTERNS.flatMap((pattern) =>
  pattern.prefixes.map((prefix) => ({ before: 0, ...pattern, prefix, anchor: anchorIndex(prefix) })),
);

/** By the anchor, then by the character behind it: there are many, and `_` alone begins nothing. */
const SHAPES_BY_ANCHOR: ReadonlyMap<string, readonly Shape[]> = groupByAnchor(ALL_SHAPES);

const TRIGGER: RegExp = new RegExp(
  [triggerSource(ALL_SHAPES), ASSIGNMENT_TRIGGER, OPTION_TRIGGER].join("|"),
  "g",
);

function groupByAnchor(shapes: readonly Shape[]): Map<string, Shape[]> {
  const groups = new Map<string, Shape[]>();
  for (const shape of shapes) {
    const key = shape.prefix.slice(shape.anchor, shape.anchor + 2);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [shape]);
    else group.push(shape);
  }
  return groups;
}

function findShaped(text: string, at: number, from: number): FoundSecret | undefined {
  const shapes = SHAPES_BY_ANCHOR.get(text.slice(at, at + 2)) ?? NONE;
  const others = SHAPES_BY_ANCHOR.get(text.charAt(at)) ?? NONE;
  return firstOf(shapes, text, at, from) ?? firstOf(others, text, at, from);
}

function firstOf(shapes: readonly Shape[], text: string, at: number, from: number): FoundSecret | undefined {
  for (const shape of shapes) {
    const start = at - shape.anchor - shape.before;
    const found = start < from ? undefined : findShapeAt(text, start, shape);
    // One that is told by what follows it may have been found before.
    if (found !== undefined && found.start >= from) return found;
  }
  return undefined;
}

function findShapeAt(text: string, start: number, shape: Shape): FoundSecret | undefined {
  if (!text.startsWith(shape.prefix, start + shape.before)) return undefined;
  const found = matchAt(shape.rule, shape.pattern, text, start);
  if (found === undefined || shape.accepts === undefined) return found;
  return shape.accepts(text.slice(found.start, found.end)) ? found : undefined;
}

/** `API_KEY=sk-ant-…`: what a value looks like says more than what it is called. */
function withShape(text: string, named: FoundSecret): FoundSecret {
  for (const shape of ALL_SHAPES) {
    const found = findShapeAt(text, named.start, shape);
    if (found !== undefined) return { ...found, end: Math.max(found.end, named.end) };
  }
  return named;
}
