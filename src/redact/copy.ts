// The slow half of redaction: copies an event that holds a secret, or that is too deep, too large or too strange for the
// quick look. It keeps its own stack, so no nesting overflows the call stack, and reads each container once for each
// way of treating it, so cycles and shared parts cost nothing extra.

import type { JsonObject, JsonValue } from "../event/json.ts";
import { countsSomething, describesField } from "./field-names.ts";
import { MARK } from "./fingerprint.ts";

/** What the copy asks its owner for. */
export interface CopyRules {
  isSensitive(name: string): boolean;
  redactText(text: string): string;
  /** Counts one replacement and returns the text that stands in its place. */
  mark(rule: string, secret?: string): string;
}

/** Field names at least this long are looked into: the key of a Map may have been a secret. */
export const SCANNED_NAME_LENGTH = 16;

/**
 * Fields that name the secret in their sibling `value`: headers in HAR files, environment variables in Kubernetes, form
 * fields of browser tools (`name`), attributes in OTLP (`key`).
 */
export const NAME_FIELDS: readonly string[] = ["name", "key"];

/**
 * A copy of `root` without secrets; what was shared or cyclic stays so. Below a sensitive name every text and number
 * goes, because nobody here knows what a secret is made of (`cookies: [{ name, value }]`). A container that cannot be
 * read becomes a mark.
 */
export function redactedCopy(root: JsonObject, rules: CopyRules): JsonValue {
  const copier = new Copier(rules);
  const copy = copier.copyOf(root, "scan");
  copier.fillCopies();
  return copy;
}

// --- internal ---

/** What happens inside a container: look into texts, or below a sensitive name hide all of them, or numbers as well. */
type Treatment = "scan" | "hideTexts" | "hideAll";

interface Contents {
  /** Field names, or undefined for an array. */
  names: readonly string[] | undefined;
  values: readonly JsonValue[];
}

const ONLY_A_MARK = new RegExp(`^${MARK.source}$`);

class Copier {
  readonly #rules: CopyRules;
  readonly #copies: Record<Treatment, Map<object, JsonValue>> = {
    scan: new Map(),
    hideTexts: new Map(),
    hideAll: new Map(),
  };
  readonly #unfilled: { copy: object; contents: Contents; treatment: Treatment }[] = [];
  #renamed = 0;

  constructor(rules: CopyRules) {
    this.#rules = rules;
  }

  /** A copy that is empty until {@link fillCopies}. */
  copyOf(source: JsonObject | JsonValue[], treatment: Treatment): JsonValue {
    const known = this.#copies[treatment].get(source);
    if (known !== undefined) return known;
    const contents = contentsOf(source);
    if (contents === undefined) return this.#rules.mark("unreadable");
    const copy: JsonObject | JsonValue[] = contents.names === undefined ? [] : {};
    this.#copies[treatment].set(source, copy);
    this.#unfilled.push({ copy, contents, treatment });
    return copy;
  }

  fillCopies(): void {
    for (let next = this.#unfilled.pop(); next !== undefined; next = this.#unfilled.pop()) {
      const { copy, contents, treatment } = next;
      contents.values.forEach((value, at) => {
        const name = contents.names?.[at];
        if (name === undefined) return setOwn(copy, at, this.#valueOf(value, treatment));
        const below = treatment === "scan" ? this.#treatmentOf(name, value, contents) : treatment;
        setOwn(copy, this.#nameIn(copy, name), this.#valueOf(value, below));
      });
    }
  }

  #valueOf(value: JsonValue, treatment: Treatment): JsonValue {
    if (typeof value === "object" && value !== null) return this.copyOf(value, treatment);
    if (typeof value === "string" && treatment === "scan") return this.#rules.redactText(value);
    if (typeof value === "string" && value !== "" && !ONLY_A_MARK.test(value))
      return this.#rules.mark("field-name", value);
    if (typeof value === "number" && treatment === "hideAll")
      return this.#rules.mark("field-name", String(value));
    return value;
  }

  #treatmentOf(field: string, value: JsonValue, { names = [], values }: Contents): Treatment {
    const given = field === "value" ? NAME_FIELDS.map((nameField) => values[names.indexOf(nameField)]) : [];
    const name = [field, ...given].find(
      (known) => typeof known === "string" && this.#rules.isSensitive(known),
    );
    if (typeof name !== "string") return "scan";
    // A piece of a model's output beside its probability is no credential.
    if (name === "token" && names.includes("logprob")) return "scan";
    const isContainer = typeof value === "object" && value !== null;
    if (isContainer && describesField(contentsOf(value)?.names)) return "scan";
    return countsSomething(name) ? "hideTexts" : "hideAll";
  }

  /** The name without secrets. Two names that become equal must not become one field. */
  #nameIn(copy: object, name: string): string {
    let redacted = name.length < SCANNED_NAME_LENGTH ? name : this.#rules.redactText(name);
    while (Object.hasOwn(copy, redacted)) redacted = `${redacted}#${++this.#renamed}`;
    return redacted;
  }
}

function contentsOf(source: JsonObject | JsonValue[]): Contents | undefined {
  try {
    if (Array.isArray(source)) return { names: undefined, values: Array.from(source) };
    return { names: Object.keys(source), values: Object.values(source) };
  } catch {
    return undefined; // A getter or a proxy that throws; the caller puts a mark there.
  }
}

/** Plain assignment to `__proto__` would set the prototype instead of a field. */
function setOwn(target: object, name: string | number, value: JsonValue): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
