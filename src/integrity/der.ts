// Reads DER (X.690), strictly: definite lengths in their shortest form, tags of one byte, nothing left over. It knows no
// types; whoever reads says which tag it expects.

export interface DerValue {
  tag: number;
  /** Tag, length and content. */
  bytes: Buffer;
  content: Buffer;
}

export const TAG = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Constructed and context-specific, [0]. */
  context0: 0xa0,
} as const;

/** What is no DER, or has another shape than expected. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** The one value that the bytes are. @throws DerError */
export function readDer(bytes: Buffer, tag?: number): DerValue {
  const [value, ...more] = valuesIn(bytes);
  if (value === undefined || more.length > 0) throw new DerError("expected one value");
  return tag === undefined ? value : expectTag(value, tag);
}

/** The values that follow one another in a content. @throws DerError */
export function valuesIn(content: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < content.length;) {
    const tag = content[at] ?? 0;
    if ((tag & 0x1f) === 0x1f) throw new DerError("a tag has more than one byte");
    const { length, from } = lengthAt(content, at + 1);
    if (from + length > content.length) throw new DerError("a value is cut off");
    values.push({
      tag,
      bytes: content.subarray(at, from + length),
      content: content.subarray(from, from + length),
    });
    at = from + length;
  }
  return values;
}

/** The values in a sequence or another constructed value. @throws DerError when it has another tag */
export function childrenOf(value: DerValue | undefined, tag: number): DerValue[] {
  return valuesIn(expectTag(value, tag).content);
}

/** @throws DerError */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag === tag) return value;
  throw new DerError(`expected a value with tag ${tag}, got ${value === undefined ? "none" : value.tag}`);
}

/** An object identifier in its usual form. @example oidOf(value) // "2.16.840.1.101.3.4.2.1" @throws DerError */
export function oidOf(value: DerValue | undefined): string {
  const { content } = expectTag(value, TAG.oid);
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join(".");
}

// --- internal ---

function lengthAt(content: Buffer, at: number): { length: number; from: number } {
  const first = content[at];
  if (first === undefined) throw new DerError("a value is cut off");
  if (first < 0x80) return { length: first, from: at + 1 };
  const count = first & 0x7f;
  // 0 would be BER's indefinite length; 4 bytes are more than any token has.
  if (count === 0 || count > 4 || at + count >= content.length) throw new DerError("a length is malformed");
  const length = content.readUIntBE(at + 1, count);
  if (length < 0x80 || length < 256 ** (count - 1))
    throw new DerError("a length is not in its shortest form");
  return { length, from: at + 1 + count };
}
