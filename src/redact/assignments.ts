// Secrets without a shape of their own, known only by the name they are given in a text: `API_KEY=…`, `"password": "…"`,
// `--token …`, `Cookie: …`. Agents read and write code all day, so a match needs a sensitive name and a value that
// looks random; `const token = getToken()` and `password: string` come through untouched.

import { isSensitiveFieldName } from "./field-names.ts";
import { matchAt, type FoundSecret } from "./match.ts";

export const ASSIGNMENT_RULES: readonly string[] = [
  "assignment",
  "authorization",
  "cookie",
  "high-entropy",
  "url-signature",
];

/**
 * Finds the `=` or `:` behind a name that might be sensitive. It looks back from the separator because separators are
 * rarer than the first letters of all those names, and looks at the last letter first, which most names fail at.
 */
export const ASSIGNMENT_TRIGGER: string = String.raw`[:=](?<=(?:${[
  "key",
  "token",
  "secret",
  "passwo?r?d",
  "passphrase",
  "authorization",
  "cookie",
  "_pass",
  "_pwd",
  "credentials?",
  "; ?pwd",
  "(?:[?&;]|u0026)sig(?:nature)?",
]
  .map(anyCase)
  .join("|")})(?<=[DEGLNSTYdeglnsty])\\{0,7}["'${"`"}]?[\])]? {0,2}[:=])`;

/** The last three letters of those names, in lower case. */
export const NAME_ENDINGS: readonly string[] =
  "key ken ret swd wod wrd ord ase ion kie ass pwd ial als sig ure".split(" ");

/** Finds the second dash of a command-line option whose value is the next word: `--api-key …`. */
export const OPTION_TRIGGER: string = String.raw`-(?<=\s--)(?:[a-z]{1,16}-){0,3}(?:password|token|secret|key) `;

/** The secret whose name ends before the separator `text[at]`, or is an option there. Does not look before `from`. */
export function findNamed(text: string, at: number, from: number): FoundSecret | undefined {
  const character = text.charAt(at);
  if (character === "-") return findOptionValue(text, at);
  // Most separators that the scan stops at belong to an address.
  if ((character !== "=" && character !== ":") || text.startsWith("//", at + 1)) return undefined;
  const name = nameBefore(text, at, from);
  if (/cookie$/i.test(name)) return matchAt("cookie", COOKIES, text, at);
  if (/^(?:u0026)?sig(?:nature)?$/i.test(name)) return matchAt("url-signature", PARAMETER, text, at);
  // In a connection string; elsewhere it is the working directory.
  const isPassword = /^pwd$/i.test(name) && /; ?$/.test(text.slice(at - name.length - 2, at - name.length));
  if (!isPassword && !isSensitiveFieldName(name)) return findKeyLike(name, text, at);
  return findValue(/authorization$/i.test(name) ? "authorization" : "assignment", text, at);
}

// --- internal ---

// Both: separator, type annotation, scheme of an Authorization header, value.
const BEFORE: string = String.raw`(?::=|=>|[:= ])[ \t]{0,8}(?:(?:&?str|[Ss]tring)[ \t]?=[ \t]{0,8})?`;
const SCHEME = "(?:(?:Bearer|Basic|Token|ApiKey|bearer|basic|token|apikey) {1,4})?";
// The quote is escaped in JSON inside a string.
const QUOTED: RegExp = new RegExp(
  String.raw`${BEFORE}\\{0,7}["'${"`"}]${SCHEME}(?<secret>[^\s"'${"`"}\\]{6,2048})\\{0,7}["'${"`"}]`,
  "dy",
);
// A bare value ends where a word ends; one that goes on with `(`, `[` or `{` is a call or an access, not a value. That
// it is not too long is tested first, so that a megabyte of `key=key=key=…` is refused without backtracking.
const BARE_CHARACTERS = String.raw`!#$%*+./0-9:=?@A-Z^_a-z~\u0080-\uffff-`;
const BARE: RegExp = new RegExp(
  `${BEFORE}${SCHEME}(?![${BARE_CHARACTERS}]{2049})(?<secret>[${BARE_CHARACTERS}]{6,2048})(?![([{${BARE_CHARACTERS}])`,
  "dy",
);
// RFC 6265 §4: name=value pairs; all of them go, because any may be the session.
const COOKIES: RegExp =
  /: {0,4}\\{0,7}["'`]?(?<secret>(?:[\w.-]{1,64}=[^\s;"'`\\]{0,255}; ?){0,32}[\w.-]{1,64}=[\w%+./:=|~!*-]{8,4096}(?:; ?[\w%+./:=|~!*-]{1,4096}){0,64})/dy;
const NAME: RegExp = /(?<=(?<name>[\w.-]{1,80})["'`\\\])]{0,9} {0,2})[:=]/dy;
const OPTION_NAME: RegExp = /(?<=\s-)-([a-z-]{1,80}) /y;

/** Signatures of Azure (`sig`), CloudFront and Google (`Signature`) in an address: base64, its marks often escaped. */
const PARAMETER: RegExp = /=(?<secret>(?=[^&\s"']{0,255}[0-9])[A-Za-z0-9%+/_~=-]{20,2048})/dy;

/** Names of what may be a key, beyond those that surely are. */
const KEY_LIKE = /(?:[a-z0-9_-](?:key|token|_pass|_pwd)|secret|credentials?)$/i;
/** Keys of maps, caches and tables, and tokens that page through lists. */
const NO_KEY =
  /(?:public|cache|primary|foreign|sort|partition|object|map|row|page|next|cursor|continuation|sync|idempotency|storage|lookup|group|dedupe?|dedup|routing|hash|query|session|registry|item|react|shard|index|unique|s3|state|next_?page|id)[_-]?(?:key|token)$/i;

/** Values that stand for a secret without being one. */
const NO_SECRET: readonly RegExp[] = [
  /^[$%<{[:=@]|\[REDACTED:|\*{3}|\.{3}|…|x{4}/i, // Variables, templates, marks like ours, values cut short.
  /(?:^|[-_.])(?:your?|example|placeholder|change|changeme|dummy|fake|redacted|replace)(?:$|[-_.0-9])/i,
  /^(?:~|\.{1,2})?\/|:\/\/|^[a-z][a-z-]*(?:\/[a-z0-9_.-]+)+$/, // Paths, addresses and resource names.
  /^[A-Z]+[0-9]*(?:[-_][A-Z]+[0-9]*)+$|^0x/, // Constants and numbers.
];
const PROPERTY_PATH: RegExp = /^[A-Za-z_$][\w$]*(?:[.?!]+[A-Za-z_$][\w$]*)+[?!]?$/;
const NUMBERED_WORD: RegExp = /^[A-Za-z_-]*[0-9]{1,4}$/;

function nameBefore(text: string, at: number, from: number): string {
  NAME.lastIndex = at;
  const [start, end] = NAME.exec(text)?.indices?.groups?.["name"] ?? [at, at];
  // A mark of ours may end in such a name: `[REDACTED:github-token]: …`.
  if (text.startsWith("[REDACTED:", start - "[REDACTED:".length)) return "";
  const name = text.slice(Math.max(start, from), end);
  // The `n` of `\ntoken=` in a nested string and the `32m` of a terminal colour do not belong to the name.
  return text.charAt(start - 1) === "\\" ? name.slice(1) : name.replace(/^[0-9]{1,3}m/, "");
}

function findOptionValue(text: string, at: number): FoundSecret | undefined {
  OPTION_NAME.lastIndex = at;
  const name = OPTION_NAME.exec(text)?.[1] ?? "";
  return isSensitiveFieldName(name) ? findValue("assignment", text, at + 1 + name.length) : undefined;
}

function findValue(rule: string, text: string, at: number): FoundSecret | undefined {
  const quoted = matchAt(rule, QUOTED, text, at);
  if (quoted !== undefined) return looksRandom(text.slice(quoted.start, quoted.end)) ? quoted : undefined;
  const bare = matchAt(rule, BARE, text, at);
  if (bare === undefined) return undefined;
  const value = text.slice(bare.start, bare.end);
  if (!looksRandom(value) || PROPERTY_PATH.test(value)) return undefined;
  // `NAME=value` is a shell or a query string. With spaces it may as well be code (`token = token2`), YAML or prose.
  const spaced = text.charAt(bare.start - 1) === " " || text.charAt(at - 1) === " ";
  return spaced && NUMBERED_WORD.test(value) ? undefined : bare;
}

/** Beside a name that only may be a key's, the value has to be long and as mixed as a random one. */
function findKeyLike(name: string, text: string, at: number): FoundSecret | undefined {
  if (!KEY_LIKE.test(name) || NO_KEY.test(name)) return undefined;
  const found = matchAt("high-entropy", QUOTED, text, at) ?? matchAt("high-entropy", BARE, text, at);
  if (found === undefined) return undefined;
  const value = text.slice(found.start, found.end);
  return isHighEntropy(value) && looksRandom(value) && !PROPERTY_PATH.test(value) ? found : undefined;
}

/** Longer ones have a form of their own. Random base64 of 24 characters has 4.1 bits a character on the average, words joined by marks have less than 3.9. */
function isHighEntropy(value: string): boolean {
  if (!/^[A-Za-z0-9+/=_-]{20,128}$/.test(value)) return false;
  if (!/[a-z]/.test(value) || !/[A-Z]/.test(value) || !/[0-9]/.test(value)) return false;
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / value.length) * Math.log2(count / value.length);
  return bits >= 3.7;
}

function looksRandom(value: string): boolean {
  return /[0-9]/.test(value) && /[A-Za-z]/.test(value) && !NO_SECRET.some((sort) => sort.test(value));
}

function anyCase(source: string): string {
  return source.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}
