// Secrets in a text that comes in pieces, as a model writes it. A piece may hold half of a secret, which looks like
// nothing; so the end of the text is held back until it is clear what it belongs to, usually until its word is whole.

import type { Redactor } from "./redactor.ts";
import { findSecret, findSecrets } from "./text.ts";

/**
 * Gives chunks back, in order and without their secrets, as soon as no further text can make a secret of what stands in
 * them. A chunk keeps its length unless a secret stood in it: the mark `[REDACTED:<rule>]` is where the secret began,
 * and of the chunks that it went on in nothing of it is left.
 *
 * What it promises: a secret of up to 64 Ki characters is taken out wherever the text was cut. What a longer one has
 * behind that is not recognised.
 */
export class ChunkRedactor {
  readonly #redactor: Redactor;
  /** The end of what was given back, as it came: names and words are recognised by what stands before them. */
  #context = "";
  #held = "";
  /** Lengths of the chunks in `#held`. */
  #lengths: number[] = [];
  /** As much of `#held` belongs to a secret that was marked before. */
  #covered = 0;

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** Takes a chunk; returns the chunks that can be recorded now, the earliest held one first. */
  push(chunk: string): string[] {
    const isWordGoingOn = this.#held !== "" && !WHITE_SPACE.test(chunk);
    this.#held += chunk;
    this.#lengths.push(chunk.length);
    if (this.#held.length > MAX_HELD) return this.end();
    if (isWordGoingOn && this.#covered === 0 && this.#held.length > LONG_WORD) return [];
    return this.#giveBack(settledLength(this.#context + this.#held) - this.#context.length);
  }

  /** The chunks held back, when nothing follows them. */
  end(): string[] {
    return this.#giveBack(this.#held.length);
  }

  // --- internal ---

  /** Chunks that end within the first `length` characters held. */
  #giveBack(length: number): string[] {
    let count = 0;
    let end = 0;
    for (const chunkLength of this.#lengths) {
      if (end + chunkLength > length) break;
      end += chunkLength;
      count++;
    }
    if (count === 0) return [];
    const before = this.#context.length;
    // All of it, because a secret may reach into what is still held; the rest of it is then passed over.
    const text = this.#context + this.#held;
    // Nearly always there is none, and making a generator costs as much as looking.
    const found = findSecret(text, 0) === undefined ? [] : [...findSecrets(text)];
    const secrets = found.filter((secret) => secret.end > before + this.#covered);
    const chunks: string[] = [];
    let covered = before + this.#covered;
    let start = before;
    for (const chunkLength of this.#lengths.splice(0, count)) {
      const chunkEnd = start + chunkLength;
      let chunk = "";
      let copied = Math.max(start, covered);
      for (const secret of secrets) {
        // What was given back before is beyond reach.
        const secretStart = Math.max(secret.start, before);
        if (secretStart < start || secretStart >= chunkEnd) continue;
        chunk += text.slice(copied, secretStart) + this.#redactor.mark(secret.rule);
        copied = covered = secret.end;
      }
      if (copied < chunkEnd) chunk += text.slice(copied, chunkEnd);
      chunks.push(chunk);
      start = chunkEnd;
    }
    this.#covered = Math.max(0, covered - start);
    this.#context = text.slice(Math.max(0, start - CONTEXT), start);
    this.#held = this.#held.slice(end);
    return chunks;
  }
}

// --- internal ---

/** Longest text held back. */
const MAX_HELD: number = 64 * 1024;
/** As much of what came before is looked at again: the longest name of a secret, and what may stand around it. */
const CONTEXT = 128;
/** A word of this length is hardly prose, and is looked at again when it is whole. */
const LONG_WORD = 64;
const WHITE_SPACE = /\s/;

/** How much of a text has nothing in it that further text could make (a part of) a secret of. */
function settledLength(text: string): number {
  const key = openKeyBlock(text);
  if (key >= 0) return key;
  const line = text.slice(text.lastIndexOf("\n") + 1);
  const cookies = line.search(COOKIES);
  if (cookies >= 0) return text.length - line.length + cookies;
  const wordAt = line.search(LAST_WORD);
  const word = line.slice(wordAt);
  const before = line.slice(Math.max(0, wordAt - CONTEXT), wordAt);
  const isPlain = word.length <= LONG_WORD && PLAIN_WORD.test(word);
  const isSettled = word === "" || (isPlain && !ASKS_FOR_VALUE.test(before));
  return isSettled ? text.length : text.length - word.length;
}

const LAST_WORD = /\S*$/;
/** A word of prose, or marks between words: no key looks like it and no key begins with so much of its own. */
const PLAIN_WORD =
  /^(?:<\/)?[\u0080-\uffff"'`*_#()[\]{}<>.,;!?|-]*[A-Z]?[a-z]{0,24}(?:['’][a-z]{1,2})?[\u0080-\uffff"'`*_#()[\]{}<>.,;!?|-]*$/;
/** Behind this, even a plain word may be the beginning of a secret. */
const ASKS_FOR_VALUE =
  /(?:[:=>]["'`\\]{0,9}|\b(?:bearer|basic|token|apikey)|(?:^|\s)--[a-z-]{1,80}|str(?:ing)?)[ \t]*$/i;
/** All cookies of a line go together. */
const COOKIES = /cookie["'`\])\\]{0,9} {0,2}:/i;
const KEY_HEADER = "-----BEGIN ";
const UNFINISHED_HEADER = /^-----BEGIN [A-Z0-9 ]{0,60}-{0,5}$/;
const PRIVATE_KEY_HEADER = /^-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----/;
const KEY_FOOTER = /-----END [A-Z0-9 ]{0,60}-----/;

/** Where a block begins that may be a private key and is not whole; -1 when there is none. */
function openKeyBlock(text: string): number {
  const at = text.lastIndexOf(KEY_HEADER);
  if (at < 0) return -1;
  const block = text.slice(at);
  if (UNFINISHED_HEADER.test(block)) return at;
  return PRIVATE_KEY_HEADER.test(block) && !KEY_FOOTER.test(block) ? at : -1;
}
