// Names for things: UUIDv7 (RFC 9562 §5.7) and random text. Both stand on every line of a log, so both are made to be
// cheap: random bytes are drawn a page at a time, and what is put together has few parts, because joining many short
// texts costs more, when the line is encoded, than everything else here.

import { nodeCrypto } from "./builtin.ts";

export const ID_CHARACTERS = 36;
export const SALT_CHARACTERS = 16;

const SALT_BYTES = 12;
/** 512 salts; more at once would make the slowest calls slower. */
const SALT_PAGE_BYTES: number = SALT_BYTES * 512;
/** As many become text at once; three bytes are four characters, so they come out side by side. */
const SALT_TEXT_BYTES: number = SALT_BYTES * 64;
/** What an id takes for its millisecond, and for how many such a page is. Asking costs 2 µs, however much is asked for. */
const ID_RANDOM_BYTES = 10;
const ID_PAGE_BYTES: number = ID_RANDOM_BYTES * 256;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

/**
 * A time-ordered unique id. A name, nothing more: order is `seq`.
 *
 * Of its 74 bits beside the time, 58 are drawn anew for each millisecond and 16 count up from a random number, as RFC
 * 9562 §6.2 (method 2) suggests: ids of one millisecond then cost a tenth, and stay in order.
 *
 * @example uuidv7(Date.now()) // "019b9f2e-6f10-7c3a-9a52-0c6d2f9e8b41"
 */
export function uuidv7(timeMs: number): string {
  if (timeMs !== idMs || idCounter > MAX_COUNTER) beginId(timeMs);
  const count = idCounter++;
  lastId = idBeginning + (hex(count >>> 8) + hex(count));
  lastCount = count;
  return lastId;
}

/** Writes an id as ASCII. The latest one, as it nearly always is, without looking at its text, which is in pieces yet. */
export function copyId(id: string, into: Uint8Array, at: number): void {
  if (id !== lastId) {
    for (let index = 0; index < id.length; index++) into[at + index] = id.charCodeAt(index);
    return;
  }
  into.set(beginningBytes, at);
  const end = at + ID_CHARACTERS;
  into[end - 4] = hexCode(lastCount >>> 12);
  into[end - 3] = hexCode(lastCount >>> 8);
  into[end - 2] = hexCode(lastCount >>> 4);
  into[end - 1] = hexCode(lastCount);
}

/** When a UUIDv7 was made; undefined for any other text. */
export function timeOfUuidv7(id: string): number | undefined {
  const digits = id[14] === "7" ? id.slice(0, 8) + id.slice(9, 13) : "";
  return /^[0-9a-f]{12}$/.test(digits) ? parseInt(digits, 16) : undefined;
}

/** 96 random bits as 16 characters of base64url: the `salt` of a line. */
export function randomSalt(): string {
  if (nextSalt >= saltText.length) beginSalts();
  const salt = saltText.slice(nextSalt, nextSalt + SALT_CHARACTERS);
  nextSalt += SALT_CHARACTERS;
  return salt;
}

// --- internal ---

const MAX_COUNTER = 0xffff;
let idMs = NaN;
let idBeginning = "";
let idCounter = 0;
/** The id that was made last: its text, its beginning as bytes, its counter. */
let lastId = "";
const beginningBytes = new Uint8Array(ID_CHARACTERS - 4);
let lastCount = 0;

let idPage: Uint8Array = new Uint8Array(0);
let nextIdBytes = 0;

let saltPage: Buffer | undefined;
let nextSaltBytes = 0;
let saltText = "";
let nextSalt = 0;

function beginSalts(): void {
  saltPage ??= Buffer.allocUnsafeSlow(SALT_PAGE_BYTES);
  if (nextSaltBytes % SALT_PAGE_BYTES === 0) {
    nodeCrypto().randomFillSync(saltPage);
    nextSaltBytes = 0;
  }
  saltText = saltPage.toString("base64url", nextSaltBytes, nextSaltBytes + SALT_TEXT_BYTES);
  nextSaltBytes += SALT_TEXT_BYTES;
  nextSalt = 0;
}

/** All of an id but its last 16 bits. */
function beginId(timeMs: number): void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0] = idBytes();
  const high = Math.floor(timeMs / 0x10000) >>> 0;
  const low = (timeMs % 0x10000) & 0xffff;
  const time = `${hex(high >>> 24)}${hex(high >>> 16)}${hex(high >>> 8)}${hex(high)}-${hex(low >>> 8)}${hex(low)}`;
  const version = hex(0x70 | (a & 0x0f)) + hex(b);
  const variant = hex(0x80 | (c & 0x3f)) + hex(d);
  // Through a list, because what is joined piece by piece stays in pieces inside the engine.
  idBeginning = [time, version, variant, hex(e) + hex(f) + hex(g) + hex(h)].join("-");
  for (let at = 0; at < beginningBytes.length; at++) beginningBytes[at] = idBeginning.charCodeAt(at);
  idMs = timeMs;
  // Half of the range is left to count in.
  idCounter = ((i << 8) | j) >>> 1;
}

function idBytes(): Uint8Array {
  if (nextIdBytes >= idPage.length) {
    idPage = nodeCrypto().randomBytes(ID_PAGE_BYTES);
    nextIdBytes = 0;
  }
  nextIdBytes += ID_RANDOM_BYTES;
  return idPage.subarray(nextIdBytes - ID_RANDOM_BYTES, nextIdBytes);
}

function hex(value: number): string {
  return HEX[value & 0xff] ?? "";
}

/** The ASCII code of the lowest four bits as a digit. */
function hexCode(value: number): number {
  const digit = value & 0xf;
  return digit < 10 ? 0x30 + digit : 0x57 + digit;
}
