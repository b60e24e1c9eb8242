// Which field names announce a secret. A name is compared without case, `-`, `_` and spaces, and only its last dotted
// part counts (`http.request.header.authorization`), so one entry covers every spelling.

/** Names that are sensitive as a whole. `token` alone is one, `next_page_token` is not. */
const EXACT_NAMES: ReadonlySet<string> = new Set([
  "authorization",
  "bearer",
  "cookie",
  "cookies",
  "databaseurl",
  "dbpass",
  "dbpwd",
  "idtoken",
  "jwt",
  "proxyauthorization",
  "setcookie",
  "smtppass",
  "token",
]);

/** Endings that are sensitive whatever comes before: `db_password`, `stripeApiKey`, `AWS_SECRET_ACCESS_KEY`. */
const SENSITIVE_ENDING: RegExp =
  /(?:passwords?|passwd|passphrase|secrets?|(?:api|secret|access|private|account|encryption|signing|master|subscription)keys?|(?:access|refresh|session|security|auth|oauth|api|bearer|bot|vault|private|csrf|xsrf|deploy|github|gitlab|slack|npm|personalaccess)token|connectionstring)$/;

/** Environment variables: `VAULT_TOKEN` is always a credential, while a field `nextToken` pages through a list. */
const ENVIRONMENT_NAME: RegExp = /^[A-Z][A-Z0-9_]*_(?:TOKEN|PASS|PWD)$/;

/** Field names under which OpenAI, Anthropic and MCP tool definitions describe a parameter (JSON Schema 2020-12). */
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set([
  "$ref",
  "additionalProperties",
  "anyOf",
  "description",
  "format",
  "items",
  "maxLength",
  "minLength",
  "nullable",
  "oneOf",
  "pattern",
  "properties",
  "required",
  "title",
  "type",
  "writeOnly",
]);

const SCHEMA_TYPE_KEYWORDS: ReadonlySet<string> = new Set(["$ref", "anyOf", "oneOf", "type"]);

/** A name without case, separators and the path before its last dot: `Set-Cookie` and `setCookie` are one name. */
export function normalizeFieldName(name: string): string {
  return lastPart(name)
    .replace(/[-_\s]/g, "")
    .toLowerCase();
}

/** Whether a field of this name holds a secret. Counters (`max_tokens`), ids, hashes and signatures never do. */
export function isSensitiveFieldName(name: string, additional: ReadonlySet<string> = NO_NAMES): boolean {
  const normalized = normalizeFieldName(name);
  return (
    EXACT_NAMES.has(normalized) ||
    SENSITIVE_ENDING.test(normalized) ||
    ENVIRONMENT_NAME.test(lastPart(name)) ||
    additional.has(normalized)
  );
}

/** Whether a number under this sensitive name is a count (`token: 512`, `cookies: 3`) and stays. */
export function countsSomething(name: string): boolean {
  return /(?:token|cookies|keys|passwords|secrets)$/.test(normalizeFieldName(name));
}

/**
 * Whether an object below a sensitive name only describes that field, as tool definitions do
 * (`"password": {"type": "string", "description": "…"}`). Keywords that could carry a value (`default`, `examples`,
 * `const`, `enum`) are not among those accepted.
 */
export function describesField(names: readonly string[] = []): boolean {
  return (
    names.some((name) => SCHEMA_TYPE_KEYWORDS.has(name)) && names.every((name) => SCHEMA_KEYWORDS.has(name))
  );
}

// --- internal ---

const NO_NAMES: ReadonlySet<string> = new Set();

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
