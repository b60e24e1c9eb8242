// Takes secrets out of events before they are encoded, so that neither the log, nor its hashes, nor any sink ever sees
// them (DESIGN P11). It works on string values, not on JSON text, where escapes hide line breaks and quotes.

import { checkOptionNames, choiceOption, describe } from "../base/options.ts";
import type { JsonObject, JsonValue } from "../event/json.ts";
import { ASSIGNMENT_RULES } from "./assignments.ts";
import { NAME_FIELDS, redactedCopy, SCANNED_NAME_LENGTH, type CopyRules } from "./copy.ts";
import { isSensitiveFieldName, normalizeFieldName } from "./field-names.ts";
import { SecretFinder } from "./finder.ts";
import { fingerprintOf, MARK_START, processKey } from "./fingerprint.ts";
import type { FoundSecret } from "./match.ts";
import { SECRET_PATTERNS } from "./patterns.ts";
import { PERSONAL_GROUPS, personalRules } from "./personal.ts";
import type { PersonalGroup } from "./personal.ts";
import { compileUserRules } from "./user-rules.ts";
import type { UserRule } from "./user-rules.ts";

export interface RedactionOptions {
  /**
   * `"on"` replaces secrets. `"report-only"` only counts them: what is recorded holds them. `"off"` looks for nothing.
   * START says which. Code alone can choose; a store's settings cannot.
   *
   * @default "on"
   */
  mode?: RedactionMode | undefined;
  /**
   * Names of fields whose values are secret, besides the built-in ones, which always stay. Case, `-`, `_` and spaces do
   * not matter. They apply to the fields of events, not to `name=value` inside a text.
   *
   * @default []
   */
  fieldNames?: readonly string[] | undefined;
  /** Data about people that is to go too. @default [] */
  groups?: readonly PersonalGroup[] | undefined;
  /** Rules of your own, besides the built-in ones, at most 100. @default [] */
  rules?: readonly UserRule[] | undefined;
}

export const REDACTION_MODES = ["on", "report-only", "off"] as const;
export type RedactionMode = (typeof REDACTION_MODES)[number];

export interface RedactorOptions extends RedactionOptions {
  /**
   * The key of the fingerprints, asked for with the first secret. Default: one that lasts as long as the process. One
   * that cannot be had (it throws) is replaced by that one, too.
   */
  key?: (() => Uint8Array) | undefined;
}

/** What START says of redaction. */
export interface RedactionStatement {
  mode: RedactionMode;
  /** The built-in set with its version, then the kinds that were switched on or added. */
  rules: string[];
  /** Further names of fields. */
  field_names?: string[];
}

/** The built-in rules by name; docs/redaction.md lists what each version holds. Raised whenever they change. */
export const BUILT_IN_RULES = "built-in/2";

/**
 * Replaces secrets by `[REDACTED:<kind>:<fingerprint>]` and counts what it replaced.
 *
 * @example
 * const redactor = new Redactor({ fieldNames: ["badge number"] });
 * redactor.redact({ tool: "login", args: { user: "ann", badge_number: "4711" } });
 * // { tool: "login", args: { user: "ann", badge_number: "[REDACTED:field-name:5f1c09ab]" } }
 */
export class Redactor {
  readonly mode: RedactionMode;
  /** The kinds of everything that is looked for. */
  readonly rules: readonly string[];
  /** Whether rules are at work beyond the built-in ones. */
  readonly hasExtraRules: boolean;
  readonly #finder: SecretFinder;
  readonly #key: () => Uint8Array;
  #knownKey: Uint8Array | undefined;
  readonly #extraKinds: readonly string[];
  readonly #additionalNames: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();
  /** Field names found neither sensitive nor secret themselves. Names repeat, so most answers come from here. */
  readonly #plainNames = new Set<string>();
  readonly #copyRules: CopyRules = {
    isSensitive: (name) => isSensitiveFieldName(name, this.#additionalNames),
    redactText: (text) => this.redactText(text),
    mark: (rule, secret) => this.mark(rule, secret),
  };
  #replaced = 0;
  #containersSeen = 0;

  /** @throws TypeError, RangeError */
  constructor(options: RedactorOptions = {}) {
    checkOptionNames("Redactor", options, ["mode", "fieldNames", "groups", "rules", "key"]);
    this.mode = choiceOption("Redactor", "mode", options.mode, REDACTION_MODES, "on");
    this.#additionalNames = additionalNames(options.fieldNames);
    const extra = [
      ...personalGroups(options.groups).flatMap((group) => personalRules(group)),
      ...compileUserRules("Redactor", options.rules ?? []),
    ];
    this.#finder = extra.length === 0 ? BUILT_IN : new SecretFinder(extra);
    this.#extraKinds = [...new Set(extra.map(({ rule }) => rule))];
    this.hasExtraRules = extra.length > 0;
    this.rules = this.mode === "off" ? [] : [...new Set([...RULES, ...this.#extraKinds])];
    this.#key = options.key ?? processKey;
  }

  /** How often each rule found something in the life of this redactor; rules that never did are absent. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** What START says: mode and rules. */
  get statement(): RedactionStatement {
    const names = [...this.#additionalNames];
    return {
      mode: this.mode,
      rules: this.mode === "off" ? [] : [BUILT_IN_RULES, ...this.#extraKinds],
      ...(names.length === 0 || this.mode === "off" ? {} : { field_names: names }),
    };
  }

  /**
   * The same object when it holds no secret, otherwise a copy without them. The input is never changed, and nothing in
   * it makes this throw: what cannot be read is replaced by `[REDACTED:unreadable]`. Linear in the size of the input; a
   * clean event of 350 bytes takes about half a microsecond.
   */
  redact(body: JsonObject): JsonObject {
    if (this.isClean(body)) return body;
    const replacedBefore = this.#replaced;
    const copy = redactedCopy(body, this.#copyRules);
    if (this.#replaced === replacedBefore || this.mode === "report-only") return body;
    return typeof copy === "object" && copy !== null && !Array.isArray(copy) ? copy : { unreadable: copy };
  }

  /** Whether {@link redact} surely has nothing to do; false when in doubt. Counts nothing. */
  isClean(body: JsonObject): boolean {
    if (this.mode === "off") return true;
    this.#containersSeen = 0;
    try {
      return this.#isClean(body, 0);
    } catch {
      return false; // A getter or proxy that throws: the copy puts a counted mark in its place.
    }
  }

  /** One string value, with each secret in it replaced; the rest of the text stays. */
  redactText(text: string): string {
    let out = "";
    let copied = 0;
    for (const { rule, start, end } of this.find(text)) {
      out += text.slice(copied, start) + this.mark(rule, text.slice(start, end));
      copied = end;
    }
    return copied === 0 ? text : out + text.slice(copied);
  }

  /** The secrets in a text, in order, none within another. Replaces and counts nothing. */
  find(text: string): readonly FoundSecret[] {
    return this.mode === "off" ? [] : this.#finder.findAll(text);
  }

  /** The name of a secret within this redactor's key. */
  fingerprint(secret: string): string {
    return fingerprintOf(secret, (this.#knownKey ??= this.#askForKey()));
  }

  /** What stands in place of a secret, which is counted. @internal */
  mark(rule: string, secret?: string): string {
    this.#replaced++;
    this.#counts.set(rule, (this.#counts.get(rule) ?? 0) + 1);
    if (secret === undefined) return `${MARK_START}${rule}]`;
    return this.mode === "report-only" ? secret : `${MARK_START}${rule}:${this.fingerprint(secret)}]`;
  }

  // --- internal ---

  #askForKey(): Uint8Array {
    try {
      return this.#key();
    } catch {
      return processKey(); // Without its store's key a mark is still better than the secret.
    }
  }

  /** A quick look that allocates nothing and answers false when in doubt: too deep, too large, cyclic, sensitive. */
  #isClean(container: JsonObject | JsonValue[], depth: number): boolean {
    if (depth > QUICK_DEPTH || ++this.#containersSeen > QUICK_CONTAINERS) return false;
    if (Array.isArray(container)) {
      for (const item of container) if (!this.#isCleanValue(item, depth)) return false;
      return true;
    }
    for (const name in container) {
      const value = container[name];
      if (value === undefined || value === null || typeof value === "boolean") continue;
      if (!this.#isPlainName(name) || !this.#isCleanValue(value, depth)) return false;
      if (name === "value" && !this.#hasPlainName(container)) return false;
    }
    return true;
  }

  #isCleanValue(value: JsonValue, depth: number): boolean {
    if (typeof value === "string") return !this.#finder.finds(value);
    return typeof value !== "object" || value === null || this.#isClean(value, depth + 1);
  }

  #hasPlainName(container: JsonObject): boolean {
    return NAME_FIELDS.every((field) => {
      const name = container[field];
      return typeof name !== "string" || this.#isPlainName(name);
    });
  }

  #isPlainName(name: string): boolean {
    if (this.#plainNames.has(name)) return true;
    const isPlain =
      !isSensitiveFieldName(name, this.#additionalNames) &&
      (name.length < SCANNED_NAME_LENGTH || !this.#finder.finds(name));
    // Maps with a name per entry must not grow this without bound, nor keep secrets alive.
    if (isPlain && name.length <= REMEMBERED_NAME_LENGTH) {
      if (this.#plainNames.size >= REMEMBERED_NAMES) this.#plainNames.clear();
      this.#plainNames.add(name);
    }
    return isPlain;
  }
}

// --- internal ---

const QUICK_DEPTH = 64;
const QUICK_CONTAINERS = 10_000;
const REMEMBERED_NAMES = 4096;
const REMEMBERED_NAME_LENGTH = 64;

const BUILT_IN = new SecretFinder();

const RULES: readonly string[] = Object.freeze([
  ...new Set(["field-name", ...SECRET_PATTERNS.map(({ rule }) => rule), ...ASSIGNMENT_RULES, "unreadable"]),
]);

function personalGroups(groups: readonly PersonalGroup[] | undefined): readonly PersonalGroup[] {
  if (groups === undefined) return [];
  if (!Array.isArray(groups))
    throw new TypeError(`Redactor: groups must be an array, got ${describe(groups)}`);
  return groups.map((group) => choiceOption("Redactor", "groups", group, PERSONAL_GROUPS, "email"));
}

function additionalNames(fieldNames: readonly string[] | undefined): ReadonlySet<string> {
  if (fieldNames === undefined) return new Set();
  if (!Array.isArray(fieldNames)) {
    throw new TypeError(`Redactor: fieldNames must be an array of texts, got ${describe(fieldNames)}`);
  }
  return new Set(
    fieldNames.map((name: unknown) => {
      if (typeof name !== "string") {
        throw new TypeError(`Redactor: fieldNames must hold texts only, got ${describe(name)}`);
      }
      const normalized = normalizeFieldName(name);
      if (normalized === "")
        throw new RangeError(`Redactor: fieldNames holds "${name}", which names nothing`);
      return normalized;
    }),
  );
}
