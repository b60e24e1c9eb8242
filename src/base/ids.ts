// Names for things: UUIDv7 (RFC 9562 §5.7) and random text. Random bytes are drawn a page at a time, because one call
// into the system's generator costs more than everything else here together.

const PAGE_BYTES = 4096;
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
 * A time-ordered unique id: 48 bits of milliseconds, 74 random bits. A name, nothing more: order is `seq`.
 *
 * @example uuidv7(Date.now()) // "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41"
 */
export function uuidv7(timeMs: number): string {
  const at = take(10);
  const high = Math.floor(timeMs / 0x10000) >>> 0;
  const low = (timeMs % 0x10000) & 0xffff;
  return (
    hex(high >>> 24) +
    hex(high >>> 16) +
    hex(high >>> 8) +
    hex(high) +
    "-" +
    hex(low >>> 8) +
    hex(low) +
    "-" +
    hex(0x70 | (byte(at) & 0x0f)) +
    hex(byte(at + 1)) +
    "-" +
    hex(0x80 | (byte(at + 2) & 0x3f)) +
    hex(byte(at + 3)) +
    "-" +
    hex(byte(at + 4)) +
    hex(byte(at + 5)) +
    hex(byte(at + 6)) +
    hex(byte(at + 7)) +
    hex(byte(at + 8)) +
    hex(byte(at + 9))
  );
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
