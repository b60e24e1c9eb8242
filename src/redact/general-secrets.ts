// Secrets whose form is no single issuer's: tokens of standards, passwords in addresses and commands, private keys.

import { key, within } from "./pattern.ts";
import type { SecretPattern } from "./pattern.ts";

/** A variable or a template in the place of a password. */
const VARIABLE = "(?!%?[$<{(*]|%s|\\[REDACTED:)";

export const GENERAL_SECRETS: readonly SecretPattern[] = [
  // RFC 7515 §3.1 (signed: header.payload.signature) and RFC 7516 §3.1 (encrypted: five parts). `eyJ` is `{"` in base64.
  // None begins behind `-` or `_`, so that `-eyJ-eyJ-eyJ…` is read once and not from every `eyJ` on; the footer of a key
  // may run into one, though.
  key(
    "jwt",
    ["eyJ"],
    "(?:(?<![_-])|(?<=(?:^|\\n)-|-----END [A-Z0-9 ]{1,40}-----))eyJ[A-Za-z0-9_-]{8,2048}\\.(?:eyJ[A-Za-z0-9_-]{8,8192}\\.[A-Za-z0-9_-]{10,2048}|[A-Za-z0-9_-]{0,1024}(?:\\.[A-Za-z0-9_-]{10,8192}){3})",
  ),
  // RFC 6750 §2.1. A digit is required because "Bearer" is also an English word.
  key(
    "bearer-token",
    ["Bearer "],
    "Bearer {1,4}(?<secret>(?=[A-Za-z._~+/-]{0,255}[0-9])[A-Za-z0-9._~+/-]{16,4096}={0,2})",
  ),
  // RFC 7617 §2: user:password in base64. "Basic authentication" is English again, so it has to decode to that.
  key("basic-credentials", ["Basic "], "Basic {1,4}(?<secret>[A-Za-z0-9+/]{6,1024}={0,2})", {
    accepts: (base64) => /^[\x20-\x7e]*:[\x20-\x7e]*$/.test(Buffer.from(base64, "base64").toString("latin1")),
  }),
  // RFC 3986 §3.2.1: scheme://user:password@host. Only the password goes, unless it is a variable. An image reference
  // such as `docker://image:tag@sha256:…` has none.
  within(
    "url-password",
    ["://"],
    `://[^\\s/?#:@"'\`<>\\\\[]{0,256}:(?<secret>${VARIABLE}[^\\s/?#"'\`<>\\\\]{1,256})@(?!sha\\d+:)(?=[A-Za-z0-9.[_-])`,
    (password) => !password.includes("[REDACTED:"),
  ),
  // AWS Signature Version 4 and Google's V4 signing; other parameters of addresses are in `assignments.ts`.
  within(
    "url-signature",
    ["-Signature=", "-Signature\\u003d", "-Signature%3D"],
    "-Signature(?:=|\\\\u003d|%3D)(?<secret>[a-fA-F0-9]{32,1024})",
  ),
  within(
    "url-signature",
    ["-Security-Token=", "-Credential="],
    "-(?:Security-Token|Credential)=(?<secret>[A-Za-z0-9%+/=._@-]{16,4096})",
  ),
  // curl, wget: `-u user:password`. The command is looked for within the same 300 characters.
  within(
    "command-password",
    [" ", '"', "'"].flatMap((mark) => ["-u", "--user", "--proxy-user"].map((option) => mark + option)),
    `[\\s"'](?<=curl\\b[^;|]{0,300})(?:-u|--(?:proxy-)?user)(?:\\\\?["'])?(?:,? {1,2}|[,=])?(?:\\\\?["'])?[^\\s:"'$\\\\]{1,100}:(?<secret>${VARIABLE}[^\\s"'\\\\]{3,256})`,
    (password) => !password.includes("[REDACTED:") && !/^(?:pass(?:word)?|pwd|x+|\.{3})$/i.test(password),
  ),
  within(
    "command-password",
    ["sshpass -p"],
    `sshpass -p {0,2}["']?(?<secret>${VARIABLE}[^\\s"'\\\\]{3,256})`,
  ),
  within(
    "command-password",
    [" -p"],
    ` (?<=(?:mysql|mysqldump|mysqladmin|mariadb)\\b[^;|\\n]{0,200})-p(?<secret>${VARIABLE}(?=[^\\s"'\\\\]{0,64}[0-9])[^\\s"'\\\\]{6,128})`,
  ),
  // RFC 7468 and RFC 4880 §6.2. Line breaks may be real ones, `\n` of a nested string, or behind line numbers; the block
  // may be cut off. A header without key material behind it is code or prose and stays.
  { rule: "private-key", prefixes: ["-----BEGIN "], pattern: privateKeyPattern() },
  // PuTTY's own format: the private half is base64 behind its number of lines.
  within(
    "private-key",
    ["Private-Lines: "],
    "Private-Lines: [0-9]{1,3}(?:\\s|\\\\[rn]){1,4}(?<secret>[A-Za-z0-9+/=]{16,76}(?:(?:\\s|\\\\[rn]){1,4}[A-Za-z0-9+/=]{16,76}){0,64})",
  ),
];

// --- internal ---

function privateKeyPattern(): RegExp {
  const gap = "(?:(?!-----)[^[]){0,24}?";
  const header = "-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----";
  const armorHeaders = `(?:${gap}(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash): [^\\r\\n\\\\]{0,100}(?:[\\r\\n]|\\\\[rn])){0,4}`;
  const material = `${gap}[A-Za-z0-9+/]{32,4096}(?:${gap}[A-Za-z0-9+/=]{16,4096}){0,1024}`;
  const footer = "(?:(?!-----)[^[]){0,120}?-----END (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----";
  return new RegExp(`${header}${armorHeaders}${material}(?:${footer})?`, "dy");
}
