// What of an event its session's figures are made of, read from its line without parsing it: some 0.4 µs a line instead of
// more than one. Wherever there is a doubt (an event that says more than the usual, escapes in a value that counts, a name
// that is there twice, bytes that are no UTF-8, anything that may be damage) it says nothing, and the line is parsed.

import { isSeverity, severityOfType } from "../../event/index.ts";
import type { JsonValue } from "../../event/index.ts";
import type { LineCursor } from "../../store/reading/line-reader.ts";
import { FOLDED_FIELDS, FoldedEvent, knowInstant, TYPES_FOLDED_WHOLE } from "../../summary/index.ts";
import { LineMembers } from "./line-members.ts";
import { LineTexts, LineTimes, readNumber } from "./line-values.ts";

export class LineFigures {
  /** Where lines are to be read into. */
  readonly chunk: Buffer;
  /** Of the line that was read last, as the fold wants them; they are other values after the next one. */
  readonly folded: FoldedEvent = new FoldedEvent();
  readonly #members = new LineMembers(NAMES);
  readonly #times = new LineTimes();
  readonly #texts = new LineTexts();

  constructor() {
    this.chunk = this.#members.chunk;
  }

  /** Reads the line at `start`, where one of the cursor's begins; returns where it ends, or 0 when it has to be parsed. */
  read(lines: LineCursor, start: number): number {
    const end = this.#members.read(lines, start);
    return end > 0 && this.#readHead() && this.#readBody() ? end : 0;
  }

  // --- internal ---

  #readHead(): boolean {
    const { head } = this.folded;
    const { present, escaped } = this.#members;
    if ((present & REQUIRED) !== REQUIRED || (present & REFUSED) !== 0 || (escaped & READ_AS_TEXT) !== 0)
      return false;
    const type = this.#text(EVENT);
    const seq = this.#number(SEQ);
    if (type === undefined || type === "" || TYPES_FOLDED_WHOLE.has(type)) return false;
    if (seq === undefined || !Number.isSafeInteger(seq) || seq < 0) return false;
    if (!this.#isText(SESSION) || !this.#readTime()) return false;
    const severity = this.#text(SEVERITY);
    head.event = type;
    head.seq = seq;
    head.severity = isSeverity(severity) ? severity : severityOfType(type);
    head.call_id = this.#has(CALL) ? this.#ownText(CALL) : undefined;
    head.copy_of = this.#has(COPY) ? this.#ownText(COPY) : undefined;
    return true;
  }

  #readTime(): boolean {
    if (!this.#isText(TIMESTAMP)) return false;
    const from = this.#members.from(TIMESTAMP) + 1;
    const to = this.#members.to(TIMESTAMP) - 1;
    const timeMs = this.#times.read(this.chunk, from, to);
    if (Number.isNaN(timeMs)) return false;
    this.folded.head.timestamp = this.#times.text;
    knowInstant(this.#times.text, timeMs);
    return true;
  }

  /**
   * Every field anew: the object is the same for all lines. What is of the wrong kind counts as absent, as it does in the
   * fold. Most lines have few of them, and are not asked for each.
   */
  #readBody(): boolean {
    const { body } = this.folded;
    const { present } = this.#members;
    const isCall = (present & CALL_FIELDS) !== 0;
    body.tool = isCall ? this.#text(TOOL) : undefined;
    body.status = isCall ? this.#text(STATUS) : undefined;
    body.duration_ms = isCall ? this.#number(DURATION) : undefined;
    const isUse = (present & USE_FIELDS) !== 0;
    body.model = isUse ? this.#text(MODEL) : undefined;
    body.input_tokens = isUse ? this.#number(INPUT) : undefined;
    body.output_tokens = isUse ? this.#number(OUTPUT) : undefined;
    body.cache_read_tokens = isUse ? this.#number(CACHE_READ) : undefined;
    body.cache_write_tokens = isUse ? this.#number(CACHE_WRITE) : undefined;
    body.reasoning_tokens = isUse ? this.#number(REASONING) : undefined;
    body.cost_usd = isUse ? this.#number(COST) : undefined;
    body.continues = isUse && this.#has(CONTINUES) && this.chunk[this.#members.from(CONTINUES)] === TRUE;
    body.metadata = this.#has(METADATA) ? this.#object(METADATA) : undefined;
    return true;
  }

  #has(member: number): boolean {
    return (this.#members.present & (1 << member)) !== 0;
  }

  #isText(member: number): boolean {
    return this.#has(member) && this.chunk[this.#members.from(member)] === QUOTE;
  }

  #text(member: number): string | undefined {
    if (!this.#isText(member)) return undefined;
    return this.#texts.read(this.chunk, this.#members.from(member) + 1, this.#members.to(member) - 1);
  }

  /** One that each line has for itself. */
  #ownText(member: number): string | undefined {
    if (!this.#isText(member)) return undefined;
    return this.chunk.toString("utf8", this.#members.from(member) + 1, this.#members.to(member) - 1);
  }

  #number(member: number): number | undefined {
    if (!this.#has(member)) return undefined;
    const from = this.#members.from(member);
    const to = this.#members.to(member);
    const first = this.chunk[from] ?? 0;
    // A minus or a digit begins a number and nothing else.
    return first <= NINE && first !== QUOTE ? readNumber(this.chunk, from, to) : undefined;
  }

  #object(member: number): JsonValue | undefined {
    const [from, to] = [this.#members.from(member), this.#members.to(member)];
    if (this.chunk[from] !== OPEN) return undefined;
    return JSON.parse(this.chunk.toString("utf8", from, to)) as JsonValue;
  }
}

/** Figures of lines to be read; undefined where WebAssembly is not to be had, and lines are parsed. */
export function takeLineFigures(): LineFigures | undefined {
  if (isMissing) return undefined;
  try {
    return spare.pop() ?? new LineFigures();
  } catch {
    // Switched off, or there is no address space for its memory; trying takes long.
    isMissing = true;
    return undefined;
  }
}

/** Keeps their memory for the next log. */
export function returnLineFigures(figures: LineFigures): void {
  if (spare.length === 0) spare.push(figures);
}

// --- internal ---

/** Those of the last scan: a store may have thousands of logs. */
const spare: LineFigures[] = [];
let isMissing = false;

const QUOTE = 0x22;
const NINE = 0x39;
const TRUE = 0x74;
const OPEN = 0x7b;

/** Names of members. What is asked for most stands first. */
const NAMES: readonly string[] = [
  ..."event timestamp severity seq session_id call_id copy_of".split(" "),
  ...FOLDED_FIELDS,
];
const numberOf = (name: string): number => NAMES.indexOf(name);
const bitsOf = (...members: readonly number[]): number =>
  members.reduce((bits, member) => bits | (1 << member), 0);

const [EVENT, TIMESTAMP, SEVERITY, SEQ, SESSION, CALL, COPY] = [0, 1, 2, 3, 4, 5, 6] as const;
const TOOL = numberOf("tool");
const STATUS = numberOf("status");
const DURATION = numberOf("duration_ms");
const MODEL = numberOf("model");
const CONTINUES = numberOf("continues");
const METADATA = numberOf("metadata");
const INPUT = numberOf("input_tokens");
const OUTPUT = numberOf("output_tokens");
const CACHE_READ = numberOf("cache_read_tokens");
const CACHE_WRITE = numberOf("cache_write_tokens");
const REASONING = numberOf("reasoning_tokens");
const COST = numberOf("cost_usd");

const REQUIRED = bitsOf(EVENT, TIMESTAMP, SEQ, SESSION);
/** It tells more of a process than stands in any other field. */
const REFUSED = bitsOf(numberOf("agent_process"));
const READ_AS_TEXT = bitsOf(EVENT, TIMESTAMP, SEVERITY, CALL, COPY, TOOL, STATUS, MODEL);
const CALL_FIELDS = bitsOf(TOOL, STATUS, DURATION);
const USE_FIELDS = bitsOf(MODEL, INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING, COST, CONTINUES);
