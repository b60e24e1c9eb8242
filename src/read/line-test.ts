// Tests on the bytes of a line, before it is parsed: parsing costs about ten times as much. Our writer begins every
// line in one way (line-head.ts), so type, time, severity and agent can be seen there. A line that begins in any other way is not judged here but parsed.
//
// A line judged here is not looked at any further, so damage behind its beginning is not noticed by that read.

import { formatTimestamp, MAX_TIME_MS, MIN_TIME_MS, severityRank } from "../event/index.ts";
import type { Severity } from "../event/index.ts";
import { encodeJson } from "../format/index.ts";
import { LineHead } from "./line-head.ts";

export interface LineTestOptions {
  /** The types wanted. */
  types?: readonly string[] | undefined;
  /** First and last instant wanted, in milliseconds since 1970. */
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Types wanted whatever their time. */
  timelessTypes?: readonly string[] | undefined;
  /** The lowest severity wanted. */
  severity?: Severity | undefined;
  /** Text that must stand in a string value. */
  text?: string | undefined;
  /** Test of the agent id. */
  agent?: ((agentId: string) => boolean) | undefined;
}

/** `unclear`: only the parsed event can tell. */
export type LineVerdict = "refused" | "wanted" | "unclear";

export class LineTest {
  readonly #types: readonly Uint8Array[] | undefined;
  readonly #timelessTypes: readonly Uint8Array[];
  readonly #since: Uint8Array | undefined;
  readonly #until: Uint8Array | undefined;
  readonly #minRank: number;
  readonly #agent: ((agentId: string) => boolean) | undefined;
  readonly #needle: Buffer | undefined;
  readonly #needleHasSlash: boolean;

  constructor({ types, sinceMs, untilMs, timelessTypes, severity, text, agent }: LineTestOptions) {
    this.#types = types?.map(bytesInJson);
    this.#timelessTypes = (timelessTypes ?? []).map(bytesInJson);
    this.#since = sinceMs === undefined ? undefined : timeBytes(sinceMs);
    this.#until = untilMs === undefined ? undefined : timeBytes(untilMs);
    this.#minRank = severity === undefined ? 0 : severityRank(severity);
    this.#agent = agent;
    this.#needle = text === undefined || isWrittenInManyWays(text) ? undefined : bytesInJson(text);
    this.#needleHasSlash = text?.includes("/") ?? false;
  }

  /** Of a line that was judged without a doubt. */
  readonly head: LineHead = new LineHead();

  /**
   * What the bytes from `start` to `end`, a line with its `\n`, show already of whether its event is wanted. Wanted it is
   * only as far as types, times, severity and agent go, and when no text is looked for.
   *
   * @param isCanonical whether the log says that our writer made it (format 1); else only the text is looked for
   */
  judge(buffer: Buffer, start: number, end: number, isCanonical: boolean): LineVerdict {
    const verdict = isCanonical ? this.#judgeHead(buffer, start, end) : "unclear";
    if (verdict === "refused" || this.#needle === undefined) return verdict;
    return this.#refusesText(this.#needle, buffer.subarray(start, end)) ? "refused" : "unclear";
  }

  #judgeHead(buffer: Buffer, start: number, end: number): LineVerdict {
    const { head } = this;
    if (!head.read(buffer, start, end)) return "unclear";
    if (head.rank < this.#minRank) return "refused";
    if (this.#types !== undefined && !this.#isOneOf(this.#types, buffer)) return "refused";
    if (this.#refusesTime(buffer, head.timeStart) && !this.#isOneOf(this.#timelessTypes, buffer))
      return "refused";
    if (this.#agent === undefined) return "wanted";
    const agent = head.agent(end);
    if (agent === undefined) return "unclear";
    return this.#agent(agent) ? "wanted" : "refused";
  }

  #isOneOf(types: readonly Uint8Array[], buffer: Buffer): boolean {
    const { typeStart, typeEnd } = this.head;
    return types.some((wanted) => wanted.length === typeEnd - typeStart && has(buffer, typeStart, wanted));
  }

  /** Times as our writer writes them are in order as texts. */
  #refusesTime(buffer: Buffer, at: number): boolean {
    return (
      (this.#since !== undefined && compare(buffer, at, this.#since) < 0) ||
      (this.#until !== undefined && compare(buffer, at, this.#until) > 0)
    );
  }

  /** A text that is not there as our writer would write it may still be there with other escapes, if there are any. */
  #refusesText(needle: Buffer, line: Buffer): boolean {
    if (line.includes(needle) || line.includes(UNICODE_ESCAPE)) return false;
    return !(this.#needleHasSlash && line.includes(SLASH_ESCAPE));
  }
}

// --- internal ---

const UNICODE_ESCAPE: Buffer = Buffer.from("\\u");
const SLASH_ESCAPE: Buffer = Buffer.from("\\/");
/** The bytes that stand for a text between the quotes of a JSON string, as our writer writes them. */
function bytesInJson(text: string): Buffer {
  return Buffer.from(encodeJson(text).slice(1, -1));
}

/**
 * Whether the bytes of a text may differ even without `\u` escapes: where our writer escapes what others need not, and
 * for half of a surrogate pair, which is found in the pair once that is decoded, but not in its bytes.
 */
function isWrittenInManyWays(text: string): boolean {
  return encodeJson(text) !== JSON.stringify(text) || /\p{Surrogate}/u.test(text);
}

function timeBytes(timeMs: number): Uint8Array {
  return Buffer.from(formatTimestamp(Math.min(Math.max(timeMs, MIN_TIME_MS), MAX_TIME_MS)));
}

function has(buffer: Buffer, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (buffer[at + index] !== wanted[index]) return false;
  }
  return true;
}

function compare(buffer: Buffer, at: number, other: Uint8Array): number {
  for (let index = 0; index < other.length; index++) {
    const difference = (buffer[at + index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
