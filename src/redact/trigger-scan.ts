// Where in a text a secret could be, for texts that are long enough for it to pay to ask WebAssembly first. What it is
// told to stop at is derived from the same prefixes as the regular expression, and is more than that stops at.

import { createMemory } from "../base/wasm.ts";
import { NAME_ENDINGS } from "./assignments.ts";
import type { AnchoredPrefix } from "./patterns.ts";
import {
  CHARACTER,
  CHARACTERS_AT,
  GROUPS_AT,
  instantiateFindTrigger,
  slotOf,
  WINDOW,
  WINDOWS_AT,
  WINDOWS_BYTES,
} from "./trigger-kernel.ts";
import type { FindTrigger } from "./trigger-kernel.ts";

/** Shorter ones are looked through by the regular expression in the time that two calls take. */
const MIN_LENGTH = 72;
const MAX_LENGTH: number = 256 * 1024;

export class TriggerScan {
  readonly #memory: Buffer;
  readonly #find: FindTrigger;
  #end = TEXT_AT;

  /** @throws where WebAssembly, or its vectors, are not to be had */
  constructor(prefixes: readonly AnchoredPrefix[]) {
    // The last vector may reach beyond the text.
    const memory = createMemory(TEXT_AT + MAX_LENGTH + 64);
    this.#find = instantiateFindTrigger(memory);
    this.#memory = Buffer.from(memory.buffer);
    setTables(this.#memory, prefixes);
  }

  /** Takes the text that is to be looked through; false where it is not worth the while, or too long. */
  load(text: string): boolean {
    if (text.length < MIN_LENGTH || text.length > MAX_LENGTH) return false;
    // One byte for each character, so that places are the same. Of other than Latin-1 it is the wrong byte, which may
    // look like something that is not there, but hides nothing: all that is looked for is ASCII.
    this.#memory.write(text, TEXT_AT, "latin1");
    this.#end = TEXT_AT + text.length;
    return true;
  }

  /** The first place from `from` on where a secret could be, or -1. */
  next(from: number): number {
    const at = this.#find(TEXT_AT + from, this.#end);
    return at < this.#end ? at - TEXT_AT : -1;
  }
}

// --- internal ---

const TEXT_AT: number = WINDOWS_AT + WINDOWS_BYTES + 64;

/** What keys are made of. @internal */
export const KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=%-";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const BETWEEN = " ])\"'`\\";
const SEPARATORS = ":=";

/**
 * Which of the eight groups a place belongs to, by its character. Those of a group differ in their lower four bits or in
 * their upper ones, not in both: each of two lower ones with each of two upper ones would be four characters.
 */
const GROUPS: readonly string[] = ["-", "_~", SEPARATORS, "A", "GJKB@", "zy", "pv"];
/** Of `://`. */
const ADDRESSES = 7;

/** Any character may stand there. */
const ANY: string = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));

function setTables(memory: Buffer, prefixes: readonly AnchoredPrefix[]): void {
  const mark = (at: number, bit: number): void => {
    memory[at] = (memory[at] ?? 0) | bit;
  };
  const addCharacters = (characters: string, kind: number): void => {
    for (const code of codesOf(characters)) mark(CHARACTERS_AT + code, kind);
  };
  const addPlace = (before: string, at: string, behind: string): void => {
    const isAddress = at === ":" && behind !== ANY;
    const group = isAddress ? ADDRESSES : GROUPS.findIndex((characters) => characters.includes(at));
    for (const [table, characters] of [before, at, behind].entries()) {
      for (const code of codesOf(characters)) {
        mark(GROUPS_AT + 32 * table + (code & 15), 1 << group);
        mark(GROUPS_AT + 32 * table + 16 + (code >> 4), 1 << group);
      }
    }
  };
  const addWindow = (characters: string, kind: number): void => {
    mark(WINDOWS_AT + slotOf(codesOf(characters).readUIntLE(0, characters.length)), kind);
  };

  addCharacters(KEY_CHARACTERS, CHARACTER.key);
  addCharacters(BETWEEN, CHARACTER.between);
  addCharacters(SEPARATORS, CHARACTER.separator);
  for (const ending of NAME_ENDINGS) {
    const last = ending.slice(-1);
    for (const separator of SEPARATORS) addPlace(last + last.toUpperCase() + BETWEEN, separator, ANY);
    addWindow(ending, WINDOW.name);
  }
  // Of an option, `--name value`, the second dash.
  for (const letter of LETTERS) {
    addPlace("-", "-", letter);
    addWindow(`--${letter}`, WINDOW.around);
  }
  for (const { prefix, anchor } of prefixes) {
    const [before, at, behind] = [anchor - 1, anchor, anchor + 1].map((place) => prefix.charAt(place));
    addPlace(before || ANY, at ?? "", behind || KEY_CHARACTERS);
    const isEnding = anchor === prefix.length - 1;
    if (anchor >= 2)
      addWindow(prefix.slice(anchor - 2, anchor + 1), isEnding ? WINDOW.ending : WINDOW.before);
    else if (anchor + 2 < prefix.length) addWindow(prefix.slice(anchor, anchor + 3), WINDOW.behind);
    else if (isEnding) addWindow(prefix, WINDOW.pair);
    else addWindow(prefix, WINDOW.around);
  }
}

function codesOf(characters: string): Buffer {
  return Buffer.from(characters, "latin1");
}
