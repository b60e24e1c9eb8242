// Finds secrets in one text. A single scan looks for places where a secret could be; the precise patterns run only
// there, each bounded in length, so the time is linear in the text whatever it holds.

import { ASSIGNMENT_TRIGGER, findNamed, OPTION_TRIGGER } from "./assignments.ts";
import { matchAt, type FoundSecret } from "./match.ts";
import type { SecretPattern } from "./pattern.ts";
import { anchorIndex, SECRET_PATTERNS, triggerSource } from "./patterns.ts";
import type { AnchoredPrefix } from "./patterns.ts";
import { TriggerScan } from "./trigger-scan.ts";

/**
 * The first secret at or behind `from`, or undefined. When there is none it costs about 0.5 ns a character, and 1.5 in a
 * text of less than 72 or more than 256 Ki.
 *
 * @example findSecret("postgres://app:s3cret@db/main", 0) // { rule: "url-password", start: 15, end: 21 }
 */
export function findSecret(text: string, from: number): FoundSecret | undefined {
  if (text.length < SHORTEST_SECRET) return undefined;
  // Behind a first secret there may be thousands, and the text would have to be loaded again for each.
  const scan = from === 0 ? scanOf(text) : undefined;
  for (let at = nextTrigger(text, from, scan); at >= 0; at = nextTrigger(text, at + 1, scan)) {
    const shaped = findShaped(text, at, from);
    if (shaped !== undefined) return shaped;
    const named = findNamed(text, at, from);
    if (named !== undefined) return withShape(text, named);
    // One trigger may reach over the place where the next one begins.
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

/** What the regular expression and the scan stop at. @internal */
export const TRIGGER_PREFIXES: readonly AnchoredPrefix[] = ALL_SHAPES;
/** @internal */
export const TRIGGER_SOURCE: string = [triggerSource(ALL_SHAPES), ASSIGNMENT_TRIGGER, OPTION_TRIGGER].join(
  "|",
);
const TRIGGER: RegExp = new RegExp(TRIGGER_SOURCE, "g");
const TRIGGER_HERE: RegExp = new RegExp(TRIGGER_SOURCE, "y");

/** What a process has to look through before it pays to start WebAssembly, which takes up to 5 ms: a hook never does. */
let charactersUntilScan: number = 1024 * 1024;
let startedScan: TriggerScan | undefined;

/** The scan with the text in it, where it is to be had and worth the while. */
function scanOf(text: string): TriggerScan | undefined {
  if (charactersUntilScan > 0) {
    charactersUntilScan -= text.length;
    if (charactersUntilScan <= 0) startedScan = startScan();
  }
  return startedScan?.load(text) === true ? startedScan : undefined;
}

/** Undefined where there is no WebAssembly: then all is left to the regular expression. */
function startScan(): TriggerScan | undefined {
  try {
    return new TriggerScan(ALL_SHAPES);
  } catch {
    return undefined;
  }
}

/** Where the next place is at which a secret could be, or -1. */
function nextTrigger(text: string, from: number, scan: TriggerScan | undefined): number {
  if (scan === undefined) {
    TRIGGER.lastIndex = from;
    return TRIGGER.exec(text)?.index ?? -1;
  }
  for (let at = scan.next(from); at >= 0; at = scan.next(at + 1)) {
    TRIGGER_HERE.lastIndex = at;
    if (TRIGGER_HERE.test(text)) return at;
  }
  return -1;
}

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
