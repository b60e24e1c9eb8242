// The table of secrets that can be recognised by their own shape. Precision comes first: each row wants a fixed prefix,
// the issuer's alphabet and a length, so identifiers, hashes and prose never match.

export interface SecretPattern {
  /** What stands in `[REDACTED:<rule>]`. */
  readonly rule: string;
  /** Literal starts, at least one character of each being in RARE_CHARACTERS: the cheap test that runs first. */
  readonly prefixes: readonly string[];
  /**
   * Sticky, matched at the prefix. With a named group `secret` only that part is replaced. Every quantifier is bounded,
   * so that one attempt costs at most a fixed number of steps on any input.
   */
  readonly pattern: RegExp;
  /** A last check of the secret that a regular expression cannot make. */
  readonly accepts?: (secret: string) => boolean;
}

/** Characters that are uncommon in prose, code and JSON. The scan over a text looks for nothing but these. */
const RARE_CHARACTERS = "-_:JzGAB";

/**
 * A key does not begin inside a word. What looks like a letter before it may be the end of an escape, though: `\n` in a
 * nested string, `%3D` in an address, a terminal colour.
 */
const START = "(?<=^|[^A-Za-z0-9]|\\\\[nrt]|%[0-9A-Fa-f]{2}|\\[[0-9;]{0,12}m)";

/** For short prefixes: no `-` or `_` of a word before it either, or base64url (encrypted reasoning) would match by chance. */
const ALONE = "(?<![A-Za-z0-9][_-])";

/** Nor does it end inside one. */
const END = "(?![A-Za-z0-9])";

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  // platform.claude.com: sk-ant-api03-…, -admin01-…, -oat01-… (OAuth); about 108 characters.
  key("anthropic-key", ["sk-ant-"], "sk-ant-[A-Za-z0-9_-]{20,255}"),
  // OpenAI: legacy sk- + 48, now sk-proj-, sk-svcacct-, sk-admin- + up to 156. The same shape with other middles is used
  // by OpenRouter (sk-or-v1-), Langfuse (sk-lf-), DeepSeek and others. Without a known middle a digit is required.
  key(
    "openai-key",
    ["sk-"],
    ALONE +
      "sk-(?:(?:proj|svcacct|admin|None|lf)-[A-Za-z0-9_-]{20,255}|(?:[a-z0-9]{1,12}-){0,2}(?=[A-Za-z_]{0,63}[0-9])[A-Za-z0-9_]{20,255})",
  ),
  // github.blog 2021-04-05 "Behind GitHub's new authentication token formats"; github.blog/changelog 2026-05-15: tokens of
  // app installations become `ghs_` and a JWT, about 520 characters.
  key(
    "github-token",
    ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    "gh[pousr]_(?:[A-Za-z0-9_-]{10,200}\\.[A-Za-z0-9_-]{10,2048}\\.[A-Za-z0-9_-]{10,1024}|[A-Za-z0-9]{36,255})",
  ),
  key("github-token", ["github_pat_"], "github_pat_[A-Za-z0-9_]{36,255}"),
  // docs.gitlab.com "Token prefixes"; routable tokens carry two dotted parts more.
  key(
    "gitlab-token",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"],
    "gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,255}(?:\\.[a-z0-9]{2}\\.[a-z0-9]{9})?",
  ),
  // IAM User Guide "Unique identifiers": AKIA long-term, ASIA temporary.
  key("aws-access-key-id", ["AKIA", "ASIA"], "A[KS]IA[A-Z0-9]{16}"),
  // docs.slack.dev "Tokens".
  key(
    "slack-token",
    ["xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xapp-"],
    "x(?:ox[a-z]|app)-(?=[A-Za-z-]{0,63}[0-9])[A-Za-z0-9-]{16,255}",
  ),
  // cloud.google.com "API keys": 39 characters; OAuth client secrets: GOCSPX- + 28.
  key("google-key", ["AIza"], "AIza[A-Za-z0-9_-]{35}"),
  key("google-key", ["GOCSPX-"], "GOCSPX-[A-Za-z0-9_-]{28}"),
  // docs.stripe.com "API keys" and webhook signing secrets.
  key(
    "stripe-key",
    ["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
    "[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}",
  ),
  key("stripe-key", ["whsec_"], "whsec_[A-Za-z0-9+/=]{24,128}"),
  // github.blog 2021-09-23: npm_ + 36.
  key("npm-token", ["npm_"], "npm_[A-Za-z0-9]{36}"),
  // pypi.org: a macaroon in base64url, hence both cases and digits, which a package name never has.
  key(
    "pypi-token",
    ["pypi-"],
    "pypi-(?=[a-z0-9_-]{0,63}[A-Z])(?=[A-Za-z_-]{0,63}[0-9])[A-Za-z0-9_-]{50,1024}",
  ),
  // SendGrid: SG. + 22 + . + 43.
  key("sendgrid-key", ["SG."], "SG\\.[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{39,50}"),
  // core.telegram.org/bots: <bot id>:<35 characters starting AA>. The id is public and stays.
  {
    rule: "telegram-bot-token",
    prefixes: [":AA"],
    pattern: /(?<=[0-9]{8,10}):(?<secret>AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9])/dy,
  },
  // The formats below are as secret scanners know them (gitleaks, config/gitleaks.toml). Where the issuer documents no
  // length, a range around the known one is taken.
  key("huggingface-token", ["hf_"], ALONE + "hf_[A-Za-z0-9]{30,48}"),
  key("digitalocean-token", ["dop_v1_", "doo_v1_", "dor_v1_"], "do[opr]_v1_[a-f0-9]{64}"),
  key("linear-key", ["lin_api_"], "lin_api_[A-Za-z0-9]{40}"),
  key("groq-key", ["gsk_"], "gsk_[A-Za-z0-9]{40,64}"),
  key("perplexity-key", ["pplx-"], "pplx-[A-Za-z0-9]{40,64}"),
  key("replicate-token", ["r8_"], ALONE + "r8_[A-Za-z0-9]{32,48}"),
  key("xai-key", ["xai-"], "xai-[A-Za-z0-9]{40,100}"),
  key("langsmith-key", ["lsv2_"], "lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
  key("tavily-key", ["tvly-"], "tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,48}"),
  key("notion-token", ["ntn_"], "ntn_[A-Za-z0-9]{40,50}"),
  key("docker-token", ["dckr_pat_"], "dckr_pat_[A-Za-z0-9_-]{24,40}"),
  key("atlassian-token", ["ATATT3"], "ATATT3[A-Za-z0-9_=-]{180,255}"),
  key("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], "shp(?:at|ca|pa|ss)_[a-f0-9]{32}"),
  // RFC 7515 §3.1 (signed: header.payload.signature) and RFC 7516 §3.1 (encrypted: five parts). `eyJ` is `{"` in base64.
  // None begins behind `-` or `_`, so that `-eyJ-eyJ-eyJ…` is read once and not from every `eyJ` on.
  key(
    "jwt",
    ["eyJ"],
    "(?<![_-])eyJ[A-Za-z0-9_-]{8,2048}\\.(?:eyJ[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{10,2048}|[A-Za-z0-9_-]{0,1024}(?:\\.[A-Za-z0-9_-]{10,8192}){3})",
  ),
  // RFC 6750 §2.1. A digit is required because "Bearer" is also an English word.
  key(
    "bearer-token",
    ["Bearer "],
    "Bearer {1,4}(?<secret>(?=[A-Za-z._~+/-]{0,255}[0-9])[A-Za-z0-9._~+/-]{16,4096}={0,2})",
  ),
  // RFC 7617 §2: user:password in base64. "Basic authentication" is English again, so it has to decode to that.
  {
    ...key("basic-credentials", ["Basic "], "Basic {1,4}(?<secret>[A-Za-z0-9+/]{6,1024}={0,2})"),
    accepts: (base64) => /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(base64, "base64").toString("latin1")),
  },
  // RFC 3986 §3.2.1: scheme://user:password@host. Only the password goes, unless it is a variable. An image reference
  // such as `docker://image:tag@sha256:…` has none.
  {
    rule: "url-password",
    prefixes: ["://"],
    pattern:
      /:\/\/[^\s/?#:@"'`<>\\[]{0,256}:(?<secret>(?!%?[$<{(*]|%s)[^\s/?#"'`<>\\]{1,256})@(?!sha\d+:)(?=[A-Za-z0-9.[_-])/dy,
    accepts: (password) => !password.includes("[REDACTED:"),
  },
  // RFC 7468 and RFC 4880 §6.2. Line breaks may be real ones, `\n` of a nested string, or behind line numbers; the block
  // may be cut off. A header without key material behind it is code or prose and stays.
  {
    rule: "private-key",
    prefixes: ["-----BEGIN "],
    pattern: privateKeyPattern(),
  },
];

/**
 * The source of a regular expression that stops at the anchor of every prefix. An alternation of the prefixes as they
 * are runs at 190 MB/s, because nearly every letter begins one of them; grouped by their rarest character they run at
 * 600 MB/s, because the engine skips whatever is not one of those few.
 */
export function triggerSource(prefixes: readonly string[]): string {
  const anchors = new Set(prefixes.map((prefix) => prefix.charAt(anchorIndex(prefix))));
  return Array.from(anchors, (anchor) => {
    const group = prefixes.filter((prefix) => prefix.charAt(anchorIndex(prefix)) === anchor);
    const ahead = group
      .filter((prefix) => prefix.startsWith(anchor))
      .map((prefix) => escape(prefix.slice(1)));
    const behind = group
      .filter((prefix) => !prefix.startsWith(anchor))
      .map((prefix) => escape(prefix.slice(0, anchorIndex(prefix) + 1)));
    const lookBehind = behind.length === 0 ? [] : [`(?<=${behind.join("|")})`];
    return `${escape(anchor)}(?:${[...lookBehind, ...ahead].join("|")})`;
  }).join("|");
}

/** Where in a prefix its first rare character stands. */
export function anchorIndex(prefix: string): number {
  for (let at = 0; at < prefix.length; at++) if (RARE_CHARACTERS.includes(prefix.charAt(at))) return at;
  throw new Error(`bug in tracekeep: the prefix "${prefix}" has no rare character to search for`);
}

// --- internal ---

function key(rule: string, prefixes: readonly string[], source: string): SecretPattern {
  return { rule, prefixes, pattern: new RegExp(START + source + END, "dy") };
}

function privateKeyPattern(): RegExp {
  const gap = "(?:(?!-----)[^[]){0,24}?";
  const header = "-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----";
  const armorHeaders = `(?:${gap}(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash): [^\\r\\n\\\\]{0,100}(?:[\\r\\n]|\\\\[rn])){0,4}`;
  const material = `${gap}[A-Za-z0-9+/]{32,4096}(?:${gap}[A-Za-z0-9+/=]{16,4096}){0,1024}`;
  const footer = "(?:(?!-----)[^[]){0,120}?-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----";
  return new RegExp(`${header}${armorHeaders}${material}(?:${footer})?`, "dy");
}

function escape(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
