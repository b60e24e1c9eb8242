// Conditions on one field of an event: `duration_ms>5000`, `tool=bash`, `args.command~npm`.
//
//   condition = path operator value
//   path      = name { "." name }              names of fields, or positions in a list, from 0
//   operator  = "=" "!=" ">" ">=" "<" "<=" "~" ("~": contains)
//   value     = JSON text in quotes, or the rest of the condition without the spaces around it
//
// `=` and `!=` compare with texts, numbers, true, false and null; a value in quotes only with texts. The four orders
// compare numbers, and hold for nothing else. `~` looks for the value in a text, or in the texts of a list. No
// condition, `!=` included, holds where the field is not there.

import { ENVELOPE_HEAD } from "../../event/index.ts";
import type { Event } from "../../event/index.ts";

export type Condition = (event: Event) => boolean;

/**
 * A test for events that fulfil a condition.
 *
 * @throws RangeError when it cannot be understood
 * @example parseCondition("args.command~npm")(event)
 */
export function parseCondition(text: string): Condition {
  const parts = CONDITION.exec(text);
  const [, path = "", operator = "", rest = ""] = parts ?? [];
  if (parts === null || rest === "") {
    throw new RangeError(
      `the condition "${text}" cannot be understood: it takes a field, one of = != > >= < <= ~, and a value, ` +
        `such as duration_ms>5000`,
    );
  }
  const holds = testOf(operator, rest, text);
  const names = path.split(".");
  return (event) => {
    const value = valueAt(event, names);
    return value !== undefined && holds(value);
  };
}

/**
 * Texts that stand in every event that fulfils a condition: the names of its path, and the value where that is looked
 * for as a text. None for what an event may have without its being written.
 */
export function textsOfCondition(text: string): string[] {
  const [, path = "", operator = "", rest = ""] = CONDITION.exec(text) ?? [];
  const names = path.split(".");
  if (INFERRED.has(names[0] ?? "")) return [];
  const quoted = rest.startsWith('"');
  const isLookedFor = operator === "~" || (operator === "=" && (quoted || !NUMBER.test(rest)));
  const value = isLookedFor ? [quoted ? unquote(rest, text) : rest] : [];
  return [...names.filter((name) => !/^\d+$/.test(name)), ...value].filter((each) => each !== "");
}

// --- internal ---

/** What readers fill in where it is missing. */
const INFERRED: ReadonlySet<string> = new Set(ENVELOPE_HEAD);

const CONDITION = /^\s*([^\s=!<>~."]+(?:\.[^\s=!<>~."]+)*)\s*(!=|>=|<=|=|>|<|~)\s*(.*?)\s*$/s;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function testOf(operator: string, rest: string, condition: string): (value: unknown) => boolean {
  const quoted = rest.startsWith('"');
  const wanted = quoted ? unquote(rest, condition) : rest;
  const number = !quoted && NUMBER.test(wanted) ? Number(wanted) : undefined;
  switch (operator) {
    case "=":
    case "!=": {
      const isWanted = (value: unknown): boolean =>
        value === wanted || (!quoted && isScalar(value) && (value === number || String(value) === wanted));
      return operator === "=" ? isWanted : (value) => !isWanted(value);
    }
    case "~": {
      const contains = (value: unknown): boolean => typeof value === "string" && value.includes(wanted);
      return (value) => contains(value) || (Array.isArray(value) && value.some(contains));
    }
    default: {
      if (number === undefined) {
        throw new RangeError(`the condition "${condition}" compares with ${rest}, which is not a number`);
      }
      const isInOrder = ORDERS[operator];
      return (value) => typeof value === "number" && isInOrder?.(value, number) === true;
    }
  }
}

const ORDERS: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
};

function unquote(rest: string, condition: string): string {
  try {
    const value: unknown = JSON.parse(rest);
    if (typeof value === "string") return value;
  } catch {
    // Said below: what the parser would say counts positions in a text that the user did not write.
  }
  throw new RangeError(
    `the condition "${condition}" has a quote that does not end, or something behind its end`,
  );
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "number" || typeof value === "boolean";
}

/** The value at a path; only what the event itself has, never what JavaScript gives every object. */
function valueAt(event: Event, names: readonly string[]): unknown {
  let value: unknown = event;
  for (const name of names) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}
