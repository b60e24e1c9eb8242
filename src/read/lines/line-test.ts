// Tests on the bytes of a line, before it is parsed: parsing costs about ten times as much. Our writer begins every
// line in one way (line-head.ts), so type, time, severity and agent can be seen there. A line that begins in any other way is not judged here but parsed.
//
// A line judged here is not looked at any further, so damage behind its beginning is not noticed by that read.

import { severityRank } from "../../event/index.ts";
import type { Severity } from "../../event/index.ts";
import { encodeJson } from "../../format/index.ts";
import { LineHead } from "./line-head.ts";
import type { SeenType } from "./line-head.ts";
import type { Likeness } from "./line-patterns.ts";
import type { LineSkim } from "./line-skim.ts";
import { NeedleSearch } from "./needle.ts";
import { bytesToTell, compareTime, timeWords } from "./time-words.ts";

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
  /** Test of the agent id. */
  agent?: ((agentId: string) => boolean) | undefined;
  /** Texts that stand in every line that is wanted, as names or values. */
  texts?: readonly string[] | undefined;
  /** The same of texts by which, as types, severities and agents go, only lines of others have to be told. */
  foreignTexts?: readonly (readonly string[])[] | undefined;
}

/** `unclear`: only the parsed event can tell; `lacking`: refused for a text that is not there, whatever its beginning. */
export type LineVerdict = "refused" | "lacking" | "wanted" | "unclear";

/** Type, severity and agent: what a filter by any of them tells apart. */
export interface EventKind {
  type: string;
  /** Rank of the severity. */
  rank: number;
  agent: string;
}

export class LineTest {
  /** Of a line that was judged without a doubt. */
  readonly head: LineHead = new LineHead();
  /** Whether it refuses events for their type, time, severity or agent. */
  readonly asksForKind: boolean;
  readonly #types: ReadonlySet<string> | undefined;
  readonly #timelessTypes: ReadonlySet<string>;
  /** The same by the number that a type was seen with, so that each name is looked up once. */
  readonly #isWanted: boolean[] = [];
  readonly #isTimeless: boolean[] = [];
  readonly #sinceMs: number | undefined;
  readonly #untilMs: number | undefined;
  readonly #since: Int32Array | undefined;
  readonly #until: Int32Array | undefined;
  readonly #minRank: number;
  readonly #agent: ((agentId: string) => boolean) | undefined;
  /** Of each list, one has to be there. */
  readonly #needles: readonly NeedleSearch[][];
  readonly #foreignNeedles: readonly NeedleSearch[][];

  constructor(options: LineTestOptions) {
    const { types, sinceMs, untilMs, timelessTypes, severity, agent } = options;
    this.#types = types === undefined ? undefined : new Set(types);
    this.#timelessTypes = new Set(timelessTypes);
    this.#sinceMs = sinceMs;
    this.#untilMs = untilMs;
    this.#since = sinceMs === undefined ? undefined : timeWords(sinceMs);
    this.#until = untilMs === undefined ? undefined : timeWords(untilMs);
    this.#minRank = severity === undefined ? 0 : severityRank(severity);
    this.#agent = agent;
    this.asksForKind =
      this.#minRank > 0 || [types, sinceMs, untilMs, agent].some((each) => each !== undefined);
    this.#needles = (options.texts ?? [])
      .map((text) => needlesOf([text]))
      .filter((needles) => needles.length > 0);
    this.#foreignNeedles = (options.foreignTexts ?? [])
      .map(needlesOf)
      .filter((needles) => needles.length > 0);
  }

  /**
   * What the bytes from `start` to `end`, a line with its `\n`, show already of whether its event is wanted. Wanted it is
   * only as far as types, times, severity and agent go.
   *
   * @param isCanonical whether the log says that our writer made it (format 1); else only texts are looked for
   * @param fills changes whenever the bytes of the buffer do
   */
  judge(buffer: Buffer, start: number, end: number, isCanonical: boolean, fills: number): LineVerdict {
    const isOurs = isCanonical && isOfOurWriter(buffer, start);
    if (!isOurs && !isWhole(buffer, start, end)) return "unclear";
    // What is refused by its beginning is known again by it, and then costs less than looking for a text.
    const verdict = isOurs && this.asksForKind ? this.judgeHead(buffer, start, end) : undefined;
    if (verdict === "refused") return verdict;
    if (lacks(this.#needles, buffer, start, end, fills)) return "lacking";
    if (isOurs) return verdict ?? this.judgeHead(buffer, start, end);
    return lacks(this.#foreignNeedles, buffer, start, end, fills) ? "lacking" : "unclear";
  }

  /** The same by the beginning of a line that our writer made. */
  judgeHead(buffer: Buffer, start: number, end: number): LineVerdict {
    const { head } = this;
    if (!head.read(buffer, start, end)) return "unclear";
    if (head.rank < this.#minRank) return "refused";
    if (this.#types !== undefined && !isOneOf(this.#types, this.#isWanted, head.type)) return "refused";
    if (this.#refusesTime(head.view, head.timeStart)) {
      if (!isOneOf(this.#timelessTypes, this.#isTimeless, head.type)) return "refused";
    }
    if (this.#agent === undefined) return "wanted";
    const seen = head.agent(end);
    if (seen === undefined) return "unclear";
    seen.isWanted ??= this.#agent(seen.agent);
    return seen.isWanted ? "wanted" : "refused";
  }

  /** Whether texts are looked for, which no beginning and no index tells. */
  get asksForText(): boolean {
    return this.#needles.length > 0;
  }

  /** Whether it refuses events for their severity, or for their agent. */
  get asksForSeverity(): boolean {
    return this.#minRank > 0;
  }

  get asksForAgent(): boolean {
    return this.#agent !== undefined;
  }

  /** The same as `judge` of a line that was skimmed, which is never unclear; without the texts. */
  judgeSkim(skim: LineSkim): "wanted" | "refused" {
    if (skim.rank < this.#minRank || this.#types?.has(skim.type) === false) return "refused";
    if (this.sideOf(skim.timeMs) !== 0 && !this.#timelessTypes.has(skim.type)) return "refused";
    if (this.#agent === undefined) return "wanted";
    const agent = skim.agent();
    return agent !== undefined && this.#agent(agent) ? "wanted" : "refused";
  }

  /** 0 when a time is wanted, -1 when it is too early, 1 when it is too late; without one (NaN), none is wanted. */
  sideOf(timeMs: number): number {
    if (this.#sinceMs !== undefined && !(timeMs >= this.#sinceMs)) return -1;
    return this.#untilMs !== undefined && !(timeMs <= this.#untilMs) ? 1 : 0;
  }

  /** What settled the verdict on the line that was judged last, which ends there and was neither unclear nor asked for a text. */
  likeness(end: number): Omit<Likeness, "seqDigits"> {
    const { head } = this;
    const isOfNoUse = head.rank < this.#minRank || this.#types?.has(head.type.name) === false;
    if (isOfNoUse) return { timeBytes: 0, agent: undefined };
    const bounds = this.#timelessTypes.has(head.type.name) ? [] : [this.#since, this.#until];
    const timeBytes = Math.max(
      0,
      ...bounds.map((bound) => (bound === undefined ? 0 : bytesToTell(head.view, head.timeStart, bound))),
    );
    const isRefused = bounds.length > 0 && this.#refusesTime(head.view, head.timeStart);
    return { timeBytes, agent: this.#agent === undefined || isRefused ? undefined : head.agent(end) };
  }

  /** The same of all events of a kind; unclear when it depends on their times. */
  judgeKind({ type, rank, agent }: EventKind): LineVerdict {
    if (rank < this.#minRank || this.#types?.has(type) === false) return "refused";
    if (this.#agent?.(agent) === false) return "refused";
    const asksForTime = this.#since !== undefined || this.#until !== undefined;
    return asksForTime && !this.#timelessTypes.has(type) ? "unclear" : "wanted";
  }

  /**
   * The same of many by the earliest and the latest of their times; unclear when some are wanted and some are not.
   *
   * @param times where both stand, as texts of 24 bytes
   */
  judgeTimes(times: DataView, minTime: number, maxTime: number): LineVerdict {
    const [since, until] = [this.#since, this.#until];
    if (since !== undefined && compareTime(times, maxTime, since) < 0) return "refused";
    if (until !== undefined && compareTime(times, minTime, until) > 0) return "refused";
    const isInside =
      (since === undefined || compareTime(times, minTime, since) >= 0) &&
      (until === undefined || compareTime(times, maxTime, until) <= 0);
    return isInside ? "wanted" : "unclear";
  }

  /** Times as our writer writes them are in order as texts. */
  #refusesTime(view: DataView, at: number): boolean {
    return (
      (this.#since !== undefined && compareTime(view, at, this.#since) < 0) ||
      (this.#until !== undefined && compareTime(view, at, this.#until) > 0)
    );
  }
}

// --- internal ---

/**
 * What must stand in a line in which one of the texts stands: the text as our writer writes it or, where others may have
 * written it, an escape. None when only the parsed event can tell.
 */
function needlesOf(texts: readonly string[]): NeedleSearch[] {
  if (texts.length === 0 || texts.some((text) => text === "" || isWrittenInManyWays(text))) return [];
  const needles = new Set(texts.map((text) => encodeJson(text).slice(1, -1)));
  needles.add("\\u");
  if (texts.some((text) => text.includes("/"))) needles.add("\\/");
  return [...needles].map((needle) => new NeedleSearch(Buffer.from(needle)));
}

/** Whether of one of the lists nothing stands in the line. */
function lacks(
  lists: readonly NeedleSearch[][],
  buffer: Buffer,
  start: number,
  end: number,
  fills: number,
): boolean {
  return lists.some((needles) => !needles.some((needle) => needle.isIn(buffer, start, end, fills)));
}

/** Of others, what is wrong with a line is seen when it is decoded; what is left out here at least ends as it began. */
function isWhole(buffer: Buffer, start: number, end: number): boolean {
  let last = end - 1;
  while (last > start && (buffer[last] === NEWLINE || buffer[last] === RETURN)) last--;
  return buffer[start] === OPEN && buffer[last] === CLOSE;
}

/** What our writer begins a line with, other than most. */
export function isOfOurWriter(buffer: Buffer, start: number): boolean {
  for (let at = 0; at < LINE_HEAD.length; at++) if (buffer[start + at] !== LINE_HEAD[at]) return false;
  return true;
}

const LINE_HEAD = Buffer.from('{"event"');
const [NEWLINE, RETURN, OPEN, CLOSE] = [0x0a, 0x0d, 0x7b, 0x7d];

/**
 * Whether the bytes of a text may differ even without `\u` escapes: where our writer escapes what others need not, and
 * for half of a surrogate pair, which is found in the pair once that is decoded, but not in its bytes.
 */
function isWrittenInManyWays(text: string): boolean {
  return encodeJson(text) !== JSON.stringify(text) || /\p{Surrogate}/u.test(text);
}

function isOneOf(names: ReadonlySet<string>, known: boolean[], { name, index }: SeenType): boolean {
  return index < 0 ? names.has(name) : (known[index] ??= names.has(name));
}
