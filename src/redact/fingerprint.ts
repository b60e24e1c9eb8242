// The short name of a secret in its mark: the same secret has the same one wherever it is met in a store, and nobody who
// has only the log can try out guesses against it, because it is an HMAC under a key that is not in the log.

/** The marks that redaction leaves: `[REDACTED:<kind>:<fingerprint>]`, without a fingerprint in older records. */
export const MARK: RegExp = /\[REDACTED:[a-z0-9-]{1,64}(?::[0-9a-f]{8})?\]/;

/** What a mark begins with. */
export const MARK_START = "[REDACTED:";

/**
 * Eight hexadecimal digits of HMAC-SHA-256 (RFC 2104, FIPS 180-4). 32 bits tell the secrets of a store apart, and are too
 * few to confirm a guess even for one who has stolen the key. About 5 µs.
 */
export function fingerprintOf(secret: string, key: Uint8Array): string {
  return crypto().createHmac("sha256", key).update(secret).digest("hex").slice(0, 8);
}

/** The key where no store has one: it lasts as long as the process. */
export function processKey(): Uint8Array {
  return (ownKey ??= crypto().randomBytes(32));
}

/** A text whose marks have no fingerprints, for comparing what was recorded under different keys. */
export function withoutFingerprints(text: string): string {
  return text.includes(MARK_START) ? text.replace(FINGERPRINTED, "$1]") : text;
}

// --- internal ---

const FINGERPRINTED = /(\[REDACTED:[a-z0-9-]{1,64}):[0-9a-f]{8}\]/g;

let ownKey: Uint8Array | undefined;

/** Loaded with the first secret only: in a hook, loading it takes longer than all other work. */
function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}
