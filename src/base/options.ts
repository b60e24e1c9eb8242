// Checks of options at the door. Each refusal names the option, what it got and what it takes.

import { classOf } from "./class-of.ts";
import { nearestName } from "./nearest.ts";

/**
 * Refuses options that are not an object or that carry a name nobody knows, naming the nearest known one.
 *
 * @throws TypeError
 */
export function checkOptionNames(owner: string, options: object, known: readonly string[]): void {
  checkObject(owner, "options", options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    const help = nearest === undefined ? `known options: ${known.join(", ")}` : `did you mean "${nearest}"?`;
    throw new TypeError(`${owner}: unknown option "${name}"; ${help}`);
  }
}

/** Refuses what is no object: a text, say, whose letters would be taken for options. @throws TypeError */
export function checkObject(owner: string, name: string, value: unknown): void {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  // A URL, a Date, a promise have no names of options, and whoever hands one over means something by it.
  if (isObject && (classOf(value) === "Object" || Object.keys(value).length > 0)) return;
  throw new TypeError(`${owner}: ${name} must be an object, got ${describe(value)}`);
}

/** A whole number within bounds, or the default when undefined. @throws TypeError, RangeError */
export function integerOption(
  owner: string,
  name: string,
  value: number | undefined,
  bounds: { min: number; max: number; default: number },
): number {
  if (value === undefined) return bounds.default;
  if (typeof value !== "number")
    throw new TypeError(`${owner}: ${name} must be a number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw new RangeError(
      `${owner}: ${name} must be a whole number from ${bounds.min} to ${bounds.max}, got ${value}`,
    );
  }
  return value;
}

/** A number within bounds, or the default when undefined. @throws TypeError, RangeError */
export function numberOption(
  owner: string,
  name: string,
  value: number | undefined,
  bounds: { min: number; max: number; default: number },
): number {
  if (value === undefined) return bounds.default;
  if (typeof value !== "number")
    throw new TypeError(`${owner}: ${name} must be a number, got ${describe(value)}`);
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw new RangeError(
      `${owner}: ${name} must be a number from ${bounds.min} to ${bounds.max}, got ${value}`,
    );
  }
  return value;
}

/** One of a fixed list of texts, or the default when undefined. @throws TypeError, RangeError */
export function choiceOption<T extends string>(
  owner: string,
  name: string,
  value: T | undefined,
  choices: readonly T[],
  fallback: T,
): T {
  if (value === undefined) return fallback;
  if (typeof value !== "string")
    throw new TypeError(`${owner}: ${name} must be text, got ${describe(value)}`);
  if (choices.includes(value)) return value;
  throw new RangeError(`${owner}: ${name} must be one of ${choices.join(", ")}, got "${value as string}"`);
}

/** A text that is not empty, or undefined. @throws TypeError, RangeError */
export function textOption(owner: string, name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string")
    throw new TypeError(`${owner}: ${name} must be text, got ${describe(value)}`);
  if (value === "") throw new RangeError(`${owner}: ${name} must not be empty`);
  return value;
}

/** A path, or undefined. URLs are refused: as text, one would name a folder `file:` in the current one. @throws TypeError, RangeError */
export function pathOption(owner: string, name: string, value: string | undefined): string | undefined {
  const given: unknown = value;
  if (given instanceof URL || (typeof given === "string" && /^file:\/\//i.test(given)))
    throw new TypeError(
      `${owner}: ${name} must be a path, got a URL; fileURLToPath of node:url makes one of it`,
    );
  return textOption(owner, name, value);
}

/** True or false, or the default when undefined. @throws TypeError */
export function flagOption(
  owner: string,
  name: string,
  value: boolean | undefined,
  fallback: boolean,
): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw new TypeError(`${owner}: ${name} must be true or false, got ${describe(value)}`);
}

/** What a value is, for an error message: its type, and the value itself when that is short. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "string") return `"${value.slice(0, 40)}"`;
  if (typeof value === "object") {
    const name = classOf(value);
    return name === "Object" ? "an object" : `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
  }
  if (typeof value === "function") return "a function";
  // oxlint-disable-next-line typescript/no-base-to-string -- objects and functions have been dealt with
  return `${typeof value} ${String(value)}`;
}
