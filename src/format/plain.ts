// Makes any JavaScript value plain JSON. JSON.stringify would turn NaN into null, a Map into {} and throw on a cycle or
// a bigint; an audit log may do none of that, so each such value has a documented form (docs/format.md, "Awkward
// values") and its path is listed in the event's `sanitized`.

import { types } from "node:util";

import { classOf } from "../base/class-of.ts";
import type { JsonObject, JsonValue } from "../event/index.ts";

/** Deeper nesting is cut: JSON.stringify and most readers recurse, and would overflow their stack. */
export const MAX_DEPTH = 256;
/** More values in one event are cut: shared references can unfold to more than any memory holds. */
export const MAX_VALUES = 1_000_000;
/** As many paths are listed in `sanitized`; one more entry says how many there were beyond. */
export const MAX_SANITIZED_PATHS = 100;

export interface Plain {
  body: JsonObject;
  /** Paths of values that were written in another form, e.g. `args.when`, `result[3]`. Empty for plain JSON. */
  sanitized: string[];
}

/**
 * A plain JSON form of an object. The same object comes back when it is plain already, which costs one walk and no
 * memory. Never throws, whatever getters, `toJSON` or proxies do.
 *
 * @example toPlain({ when: new Date(0), n: 1n }).body // { when: "1970-01-01T00:00:00.000Z", n: "1" }
 */
export function toPlain(value: object): Plain {
  budget = MAX_VALUES;
  try {
    // A class instance at the top is fine: its fields are what JSON.stringify would write.
    if (isPlainObject(value) && isPlain(value, 0)) return { body: value, sanitized: [] };
  } catch {
    // A getter or a proxy threw; the careful walk below meets it again and says where.
  }
  const walk = new Walk();
  const plain = walk.value(value, "", 0);
  const body = isPlainObject(plain) ? plain : { value: plain };
  return { body, sanitized: walk.listed() };
}

/** Sets an own property even when it is called `__proto__`, which plain assignment would take as the prototype. */
export function setOwn(target: JsonObject, key: string, value: JsonValue): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** `parent` extended by a key: `args.path`, or `args["odd key"]` when the key is not a simple name. */
export function joinPath(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!/^[A-Za-z_$][\w$-]{0,99}$/.test(key)) return `${parent}[${JSON.stringify(key.slice(0, 100))}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

// --- internal ---

/** Values left in the walk of the current call. Kept outside so that the quick check allocates nothing. */
let budget = 0;

function isPlainObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether JSON.stringify would write exactly this value. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return Number.isFinite(value);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth >= MAX_DEPTH || --budget < 0) return false;
  if (Array.isArray(value)) {
    // An undefined element would become null, which is another value.
    for (let index = 0; index < value.length; index++) {
      if (value[index] === undefined || !isPlain(value[index], depth + 1)) return false;
    }
    return !("toJSON" in value);
  }
  if (!isPlainObject(value) || "toJSON" in value) return false;
  for (const key in value) if (!isPlain(value[key], depth + 1)) return false;
  return true;
}

class Walk {
  readonly #paths: string[] = [];
  readonly #ancestors = new Map<object, string>();
  #listedCount = 0;
  #left = MAX_VALUES;

  listed(): string[] {
    const beyond = this.#listedCount - this.#paths.length;
    return beyond === 0 ? this.#paths : [...this.#paths, `(${beyond} more)`];
  }

  value(value: unknown, path: string, depth: number): JsonValue {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : this.#list(path, String(value));
      case "bigint":
        return this.#list(path, String(value));
      case "symbol":
        return this.#list(path, `[${String(value)}]`);
      case "function":
        return this.#list(path, "[function]");
      case "undefined":
        return this.#list(path, null);
      case "object":
        break;
    }
    if (value === null) return null;
    const seenAt = this.#ancestors.get(value);
    if (seenAt !== undefined) return this.#list(path, `[circular: ${seenAt === "" ? "the event" : seenAt}]`);
    if (depth >= MAX_DEPTH) return this.#list(path, "[too deep]");
    if (--this.#left < 0) return this.#list(path, "[too many values]");
    this.#ancestors.set(value, path);
    try {
      return this.#object(value, path, depth);
    } catch (error) {
      return this.#list(path, `[unreadable: ${messageOf(error)}]`);
    } finally {
      this.#ancestors.delete(value);
    }
  }

  #object(value: object, path: string, depth: number): JsonValue {
    // Node's own objects are of other classes than the program's where that runs in a context of its own, as in Jest.
    if (types.isDate(value)) {
      return this.#list(path, Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString());
    }
    if (isError(value)) return this.#list(path, this.#error(value, path, depth));
    // Before `toJSON`: that of a Buffer makes a number of each byte.
    if (ArrayBuffer.isView(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return this.#list(path, { type: value.constructor.name, base64: bytes.toString("base64") });
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const json: unknown = value.toJSON();
      return this.#list(
        path,
        json === value ? this.#fields(value, path, depth) : this.value(json, path, depth + 1),
      );
    }
    if (Array.isArray(value)) return this.#elements(value, path, depth);
    if (types.isSet(value)) return this.#list(path, this.#elements([...value], path, depth));
    if (types.isMap(value)) return this.#list(path, this.#map(value, path, depth));
    if (types.isArrayBuffer(value)) {
      return this.#list(path, { type: "ArrayBuffer", base64: Buffer.from(value).toString("base64") });
    }
    if (types.isRegExp(value)) return this.#list(path, String(value));
    if (types.isNumberObject(value) || types.isStringObject(value) || types.isBooleanObject(value)) {
      return this.#list(path, this.value(value.valueOf(), path, depth + 1));
    }
    const fields = this.#fields(value, path, depth);
    if (isPlainObject(value) || Object.keys(fields).length > 0) return fields;
    // What it holds is not to be had this way: a promise that somebody forgot to await, say.
    const name = nameOfClass(value);
    return name === "Object" ? fields : this.#list(path, `[${name}]`);
  }

  #fields(value: object, path: string, depth: number, copy: JsonObject = {}): JsonObject {
    for (const key of Object.keys(value)) {
      const keyPath = joinPath(path, key);
      let field: unknown;
      try {
        field = Reflect.get(value, key);
      } catch (error) {
        setOwn(copy, key, this.#list(keyPath, `[throws: ${messageOf(error)}]`));
        continue;
      }
      // JSON has no undefined; leaving the key out is what JSON.stringify does and what everyone expects.
      if (field !== undefined) setOwn(copy, key, this.value(field, keyPath, depth + 1));
    }
    return copy;
  }

  #elements(values: readonly unknown[], path: string, depth: number): JsonValue[] {
    const copy: JsonValue[] = [];
    for (let index = 0; index < values.length; index++) {
      if (this.#left <= 0) {
        copy.push(this.#list(joinPath(path, index), "[too many values]"));
        break;
      }
      // Elements count too: an array of a billion holes is a small object.
      this.#left--;
      copy.push(this.value(values[index], joinPath(path, index), depth + 1));
    }
    return copy;
  }

  #map(map: ReadonlyMap<unknown, unknown>, path: string, depth: number): JsonValue {
    const entries = [...map];
    if (!entries.every(([key]) => typeof key === "string")) return this.#elements(entries, path, depth);
    const copy: JsonObject = {};
    for (const [key, value] of entries) {
      setOwn(copy, String(key), this.value(value, joinPath(path, String(key)), depth + 1));
    }
    return copy;
  }

  #error(error: Error, path: string, depth: number): JsonObject {
    const copy: JsonObject = { name: String(error.name), message: String(error.message) };
    if (typeof error.stack === "string") copy["stack"] = error.stack;
    if (error.cause !== undefined)
      copy["cause"] = this.value(error.cause, joinPath(path, "cause"), depth + 1);
    // Those of an AggregateError do not show among its fields.
    if ("errors" in error && Array.isArray(error.errors) && !Object.keys(error).includes("errors"))
      copy["errors"] = this.#elements(error.errors, joinPath(path, "errors"), depth);
    return this.#fields(error, path, depth, copy);
  }

  #list<T extends JsonValue>(path: string, value: T): T {
    this.#listedCount++;
    // A value inside one that is listed already (a Date in a Map, say) is listed by its own path as well.
    if (this.#paths.length < MAX_SANITIZED_PATHS) this.#paths.push(path === "" ? "." : path);
    return value;
  }
}

function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

function nameOfClass(value: object): string {
  const name = classOf(value);
  const { constructor } = value as { constructor?: { name?: unknown } };
  return name === "Object" && typeof constructor?.name === "string" ? constructor.name : name;
}

function messageOf(error: unknown): string {
  try {
    return (isError(error) ? error.message : String(error)).slice(0, 200);
  } catch {
    return "unknown";
  }
}
