// Names for things: UUIDv7 (RFC 9562 §5.7) and random text. Random bytes are drawn a page at a time, because one call
// into the system's generator costs more than everything else here together.

const PAGE_BYTES = 16_384;
const page = new Uint8Array(PAGE_BYTES);
let used = PAGE_BYTES;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// Two characters for each 12 bits, so that three bytes become two table reads.
const BASE64URL_PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => BASE64URL.charAt(bits >> 6) + BASE64URL.charAt(bits & 63),
);

/**
 * A time-ordered unique id. A name, nothing more: order is `seq`.
 *
 * Of its 74 bits beside the time, 42 are drawn anew for each millisecond and 32 count up from a random number, as RFC
 * 9562 §6.2 (method 2) suggests: many ids of one millisecond then cost a tenth, and stay in order.
 *
 * @example uuidv7(Date.now()) // "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41"
 */
export function uuidv7(timeMs: number): string {
  if (timeMs !== idMs || idCounter > MAX_COUNTER) beginMillisecond(timeMs);
  const count = idCounter++;
  return idBeginning + hex(count >>> 24) + hex(count >>> 16) + hex(count >>> 8) + hex(count);
}

/** 96 random bits as 16 characters of base64url: the `salt` of a line. */
export function randomSalt(): string {
  const at = take(12);
  let salt = "";
  for (let offset = at; offset < at + 12; offset += 3) {
    const bits = (byte(offset) << 16) | (byte(offset + 1) << 8) | byte(offset + 2);
    salt += (BASE64URL_PAIRS[bits >> 12] ?? "") + (BASE64URL_PAIRS[bits & 0xfff] ?? "");
  }
  return salt;
}

// --- internal ---

const MAX_COUNTER = 0xffff_ffff;
let idMs = NaN;
let idBeginning = "";
let idCounter = 0;

function beginMillisecond(timeMs: number): void {
  const at = take(10);
  const high = Math.floor(timeMs / 0x10000) >>> 0;
  const low = (timeMs % 0x10000) & 0xffff;
  const time = `${hex(high >>> 24)}${hex(high >>> 16)}${hex(high >>> 8)}${hex(high)}-${hex(low >>> 8)}${hex(low)}`;
  const version = hex(0x70 | (byte(at) & 0x0f)) + hex(byte(at + 1));
  const variant = hex(0x80 | (byte(at + 2) & 0x3f)) + hex(byte(at + 3));
  idMs = timeMs;
  idBeginning = `${time}-${version}-${variant}-${hex(byte(at + 4))}${hex(byte(at + 5))}`;
  // Half of the range is left to count in.
  idCounter = ((byte(at + 6) << 24) | (byte(at + 7) << 16) | (byte(at + 8) << 8) | byte(at + 9)) >>> 1;
}

function take(bytes: number): number {
  if (used + bytes > PAGE_BYTES) {
    globalThis.crypto.getRandomValues(page);
    used = 0;
  }
  const at = used;
  used += bytes;
  return at;
}

function byte(at: number): number {
  return page[at] ?? 0;
}

function hex(value: number): string {
  return HEX[value & 0xff] ?? "";
}
