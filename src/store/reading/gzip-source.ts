// The bytes that a gzip file holds, member by member, in constant memory. Where a member is cut or damaged, what can be
// read of it is given, and reading goes on with the next member.
//
// Readers are synchronous (docs/adr/0010), and Node inflates streams synchronously only by its handle, which npm's own
// `minizlib` uses as well: `writeSync` says through the write state how much of input and output it left.

import type { InflateRaw } from "node:zlib";

import { nodeZlib } from "../../base/builtin.ts";
import type { ByteSource, FileSource, SourceDamage } from "./byte-source.ts";

/** Whether a gzip member begins there, as far as its first bytes tell. */
export function isGzip(bytes: Buffer, at: number, end: number): boolean {
  return end - at >= 3 && bytes[at] === 0x1f && bytes[at + 1] === 0x8b && bytes[at + 2] === 8;
}

export class GzipSource implements ByteSource {
  readonly path: string;
  readonly damage: SourceDamage[] = [];
  readonly #file: FileSource;
  readonly #inflater = new Inflater();
  readonly #input: Buffer = Buffer.allocUnsafeSlow(INPUT_BYTES);
  #at = 0;
  #end = 0;
  #state: "between" | "inside" | "ended" = "between";
  /** Of the current member: where it begins in the file, checksum and length so far. */
  #memberFrom = 0;
  #checksum = 0;
  #memberBytes = 0;
  #outBytes = 0;
  #lastByte = NEWLINE;
  #mustBreak = false;
  /** Decompressed bytes that are passed over first. */
  #toSkip: number;

  constructor(file: FileSource, offset: number) {
    this.path = file.path;
    this.#file = file;
    this.#toSkip = offset;
    file.seek(0);
  }

  get used(): number {
    return this.#file.used - (this.#end - this.#at);
  }

  read(into: Buffer, at: number): number {
    for (;;) {
      const count = this.#next(into, at);
      if (count === 0 || this.#toSkip === 0) return count;
      const skipped = Math.min(count, this.#toSkip);
      this.#toSkip -= skipped;
      if (skipped === count) continue;
      into.copyWithin(at, at + skipped, at + count);
      return count - skipped;
    }
  }

  close(): void {
    this.#inflater.close();
    this.#file.close();
  }

  // --- internal ---

  #next(into: Buffer, at: number): number {
    while (this.#state !== "ended") {
      if (this.#state === "between") this.#beginMember();
      else {
        const count = this.#inflate(into, at);
        if (count > 0) return count;
      }
      // What a damaged member gave must not be glued to what the next one begins with.
      if (this.#state === "between" && this.#mustBreak) {
        this.#mustBreak = false;
        into[at] = this.#lastByte = NEWLINE;
        return 1;
      }
    }
    return 0;
  }

  #beginMember(): void {
    this.#fill(MAX_HEADER_BYTES);
    while (this.#at < this.#end && this.#input[this.#at] === 0) {
      this.#at++;
      if (this.#at === this.#end) this.#fill(MAX_HEADER_BYTES);
    }
    if (this.#at === this.#end) {
      this.#state = "ended";
      return;
    }
    this.#memberFrom = this.used;
    const length = headerBytes(this.#input, this.#at, this.#end);
    if (length === undefined) {
      this.#resume(isGzip(this.#input, this.#at, this.#end) ? CUT : "no gzip member begins here");
      return;
    }
    this.#at += length;
    this.#checksum = this.#memberBytes = 0;
    this.#inflater.reset();
    this.#state = "inside";
  }

  /** Some of what the member holds; 0 when it has ended, one way or the other. */
  #inflate(into: Buffer, at: number): number {
    for (;;) {
      if (this.#at === this.#end && !this.#fill(1)) {
        this.#resume(CUT);
        return 0;
      }
      const { error, taken, given } = this.#inflater.inflate(this.#input, this.#at, this.#end, into, at);
      this.#at += taken;
      if (given > 0) {
        const bytes = into.subarray(at, at + given);
        this.#checksum = nodeZlib().crc32(bytes, this.#checksum);
        this.#memberBytes += given;
        this.#outBytes += given;
        this.#lastByte = bytes.at(-1) ?? NEWLINE;
        if (this.#outBytes > MAX_RATIO_FROM && this.#outBytes > this.used * MAX_RATIO) {
          this.damage.push({ from: this.used, to: this.#file.size, reason: BOMB });
          this.#state = "ended";
        } else if (error !== undefined) this.#resume(`the compressed data is damaged: ${error}`);
        return given;
      }
      if (error !== undefined) {
        this.#resume(`the compressed data is damaged: ${error}`);
        return 0;
      }
      // Input that is there and not taken, with room to write to: that was the end.
      if (taken === 0 && this.#at < this.#end) {
        this.#endMember();
        return 0;
      }
    }
  }

  #endMember(): void {
    if (!this.#fill(TRAILER_BYTES)) {
      this.#resume(CUT);
      return;
    }
    const checksum = this.#input.readUInt32LE(this.#at);
    const length = this.#input.readUInt32LE(this.#at + 4);
    this.#at += TRAILER_BYTES;
    this.#state = "between";
    if (checksum !== this.#checksum || length !== this.#memberBytes % 2 ** 32) {
      const reason = "the compressed data is damaged: its checksum does not match what it holds";
      this.damage.push({ from: this.#memberFrom, to: this.used, reason });
    }
  }

  /** Goes to the next place where a member begins, and reports what lies before it. */
  #resume(reason: string): void {
    const from = this.#memberFrom;
    this.#file.seek(from + 1);
    this.#at = this.#end = 0;
    while (this.#fill(MAX_HEADER_BYTES)) {
      const limit = this.#end - MAX_HEADER_BYTES;
      while (this.#at <= limit && !isLikelyMember(this.#input, this.#at, this.#end)) this.#at++;
      if (this.#at <= limit) break;
    }
    while (this.#at < this.#end && !isLikelyMember(this.#input, this.#at, this.#end)) this.#at++;
    this.#state = this.#at < this.#end ? "between" : "ended";
    this.#mustBreak = this.#lastByte !== NEWLINE && this.#state === "between";
    this.damage.push({ from, to: this.used, reason });
  }

  /** Has at least so many bytes of input ready, if the file has them. */
  #fill(wanted: number): boolean {
    while (this.#end - this.#at < wanted) {
      this.#input.copyWithin(0, this.#at, this.#end);
      this.#end -= this.#at;
      this.#at = 0;
      const count = this.#file.read(this.#input, this.#end);
      if (count === 0) return false;
      this.#end += count;
    }
    return true;
  }
}

// --- internal ---

const NEWLINE = 0x0a;
const INPUT_BYTES = 128 * 1024;
/** Room for the longest header that is understood; a name in it may be long. */
const MAX_HEADER_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;
const CUT = "the compressed data is cut off";
/** Real logs shrink to a twentieth. What expands more than this, beyond a quarter of a gigabyte, is made to fill a disk. */
const MAX_RATIO = 500;
const MAX_RATIO_FROM = 256 * 1024 * 1024;
const BOMB = `it expands to more than ${MAX_RATIO} times its size: the rest is not read`;

const [HAS_HEADER_CRC, HAS_EXTRA, HAS_NAME, HAS_COMMENT, RESERVED] = [0x02, 0x04, 0x08, 0x10, 0xe0];

/** Length of the header there (RFC 1952); undefined when there is none, or when it is cut. */
function headerBytes(bytes: Buffer, from: number, end: number): number | undefined {
  if (!isGzip(bytes, from, end) || end - from < 10) return undefined;
  const flags = bytes[from + 3] ?? 0;
  let at = from + 10;
  if ((flags & HAS_EXTRA) !== 0) {
    if (at + 2 > end) return undefined;
    at += 2 + bytes.readUInt16LE(at);
  }
  for (const flag of [HAS_NAME, HAS_COMMENT]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.subarray(0, end).indexOf(0, at);
    if (zero < 0) return undefined;
    at = zero + 1;
  }
  if ((flags & HAS_HEADER_CRC) !== 0) at += 2;
  return (flags & RESERVED) !== 0 || at > end ? undefined : at - from;
}

/** Three bytes come together by chance in every 16 MB; with the flags and the system behind them they hardly do. */
function isLikelyMember(bytes: Buffer, at: number, end: number): boolean {
  if (bytes[at] !== 0x1f || !isGzip(bytes, at, end) || headerBytes(bytes, at, end) === undefined)
    return false;
  const [speed = 1, system = 14] = [bytes[at + 8], bytes[at + 9]];
  return (speed === 0 || speed === 2 || speed === 4) && (system <= 13 || system === 255);
}

interface ZlibHandle {
  writeSync(
    flush: number,
    input: Buffer,
    inputAt: number,
    inputBytes: number,
    output: Buffer,
    outputAt: number,
    outputBytes: number,
  ): void;
  reset(): void;
  onerror: (message: string) => void;
}

/** Raw deflate, a step at a time. */
class Inflater {
  readonly #engine: InflateRaw = nodeZlib().createInflateRaw();
  readonly #handle: ZlibHandle;
  /** Room left in the output, and input left, after a step. */
  readonly #left: Uint32Array;
  #error: string | undefined;

  constructor() {
    const { _handle: handle, _writeState: left } = this.#engine as unknown as {
      _handle: ZlibHandle;
      _writeState: Uint32Array;
    };
    this.#handle = handle;
    this.#left = left;
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- it is no EventTarget
    handle.onerror = (message) => {
      this.#error = message;
    };
  }

  reset(): void {
    this.#handle.reset();
    this.#error = undefined;
  }

  inflate(
    input: Buffer,
    from: number,
    to: number,
    output: Buffer,
    at: number,
  ): { error: string | undefined; taken: number; given: number } {
    const room = output.length - at;
    this.#left[0] = room;
    this.#left[1] = to - from;
    this.#handle.writeSync(nodeZlib().constants.Z_NO_FLUSH, input, from, to - from, output, at, room);
    const [roomLeft = 0, inputLeft = 0] = this.#left;
    return { error: this.#error, taken: to - from - inputLeft, given: room - roomLeft };
  }

  close(): void {
    this.#engine.close();
  }
}
