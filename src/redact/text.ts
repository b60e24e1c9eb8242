// Finds secrets in one text. A single scan looks for places where a secret could be; the precise patterns run only
// there, each bounded in length, so the time is linear in the text whatever it holds.

import { ASSIGNMENT_TRIGGER, findNamed, OPTION_TRIGGER } from "./assignments.ts";
import { matchAt, type FoundSecret } from "./match.ts";
import { anchorIndex, SECRET_PATTERNS, triggerSource, type SecretPattern } from "./patterns.ts";

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
    // The password of an address is found by its `://`, and a token may stand between the two.
    for (const { rule, start, end } of findSecrets(text.slice(behind, found.start))) {
      yield { rule, start: behind + start, end: behind + end };
    }
    yield found;
    behind = found.end;
  }
}

// --- internal ---

const SHORTEST_SECRET = 8;

interface Shape extends SecretPattern {
  readonly prefix: string;
  /** Where in the prefix the character stands that the trigger stops at. */
  readonly anchor: number;
}

const ALL_SHAPES: readonly Shape[] = SECRET_PATTERNS.flatMap((pattern) =>
  pattern.prefixes.map((prefix) => ({ ...pattern, prefix, anchor: anchorIndex(prefix) })),
);

const SHAPES_BY_ANCHOR: ReadonlyMap<string, readonly Shape[]> = new Map(
  ALL_SHAPES.map(({ prefix, anchor }) => prefix.charAt(anchor)).map((character) => [
    character,
    ALL_SHAPES.filter(({ prefix, anchor }) => prefix.charAt(anchor) === character),
  ]),
);

const TRIGGER: RegExp = new RegExp(
  [triggerSource(ALL_SHAPES.map(({ prefix }) => prefix)), ASSIGNMENT_TRIGGER, OPTION_TRIGGER].join("|"),
  "g",
);

function findShaped(text: string, at: number, from: number): FoundSecret | undefined {
  for (const shape of SHAPES_BY_ANCHOR.get(text.charAt(at)) ?? []) {
    const start = at - shape.anchor;
    const found = start < from ? undefined : findShapeAt(text, start, shape);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findShapeAt(text: string, start: number, shape: Shape): FoundSecret | undefined {
  if (!text.startsWith(shape.prefix, start)) return undefined;
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
