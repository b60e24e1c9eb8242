// Vivarium's AuditLog: one path, any number of processes, money and accuracy asked of the log itself. A thin face over
// the shared log.

import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { TracekeepError } from "../base/errors.ts";
import { checkOptionNames, integerOption } from "../base/options.ts";
import { isStandardType } from "../event/index.ts";
import type { Event } from "../event/index.ts";
import { compileFilter } from "../read/filter/filter.ts";
import type { CompiledFilter, EventFilter } from "../read/filter/filter.ts";
import { ReadStream } from "../read/index.ts";
import type { Moment, ReadReport } from "../read/index.ts";
import { lastOfSharedLog, scanSharedLog } from "../read/scan/shared-log.ts";
import type { SharedLogPlace } from "../read/scan/shared-log.ts";
import { isPause } from "../read/scan/stream.ts";
import { vivariumArchives, vivariumEvent } from "../read/scan/vivarium.ts";
import { openSharedLog } from "../record/index.ts";
import type { AppendOptions, Receipt, SharedLogStatus, SharedLogWriter } from "../record/index.ts";
import { FILE_DELETED } from "../store/lifecycle/shared-archive.ts";
import { AccuracyFold, GateFold } from "./accuracy.ts";
import type { AccuracyMetrics, GateMetrics } from "./accuracy.ts";
import { auditDraft } from "./fields.ts";
import type { AuditEventType, AuditFields } from "./fields.ts";
import { checkAuditLogOptions } from "./options.ts";
import type { AuditLogOptions, CheckedOptions } from "./options.ts";
import { Spending } from "./spending.ts";
import type { AuditBudget } from "./spending.ts";

/** Everything that is given must hold. */
export interface AuditQuery {
  /** Types, exactly as they are written. Default: all but what the recorder says about itself (START, SEGMENT …). */
  type?: string | readonly string[] | undefined;
  /** Not before: RFC 3339 with an offset, a Date, or how long ago ("30m", "24h", "7d"). */
  since?: Moment | undefined;
  /** Not after. */
  until?: Moment | undefined;
  /** Ends the read by throwing its reason. */
  signal?: AbortSignal | undefined;
}

/** How an AuditLog is doing. */
export interface AuditLogStatus extends SharedLogStatus {
  /** Types that were logged here and are none of `eventTypes`, the first 100. */
  unknownTypes: string[];
}

/**
 * An event log in one JSON Lines file that any number of processes and threads append to, each with its own session id.
 * It goes on in another file every 10 MiB; those before are compressed into `archive` beside it, and every read sees all
 * of them as one stream. The file is created with the first event. What Vivarium wrote under the same path is read in
 * place; with the first event, its file is put aside unchanged.
 *
 * @example
 * await using log = new AuditLog("audit.jsonl", { budget: { hourUsd: 1 } });
 * if (log.budget.check(0.02).allowed) log.log("nav", { cost: 0.02, model: "llama-3.1-8b", confidence: 91 });
 * console.log(log.hourlySpend(), log.lastEvents(5, "nav"));
 */
export class AuditLog {
  readonly #options: CheckedOptions;
  readonly #clock: Clock;
  readonly #writer: SharedLogWriter;
  readonly #spending: Spending;
  readonly #unknownTypes = new Set<string>();
  #budget: AuditBudget | undefined;

  /**
   * @param path of the file; `~` is the home folder. Default {@link DEFAULT_AUDIT_PATH}
   * @throws TypeError, RangeError for bad options
   */
  constructor(path?: string, options: AuditLogOptions = {}) {
    this.#options = checkAuditLogOptions(path, options);
    const { file, shared } = this.#options;
    this.#clock = shared.clock ?? systemClock;
    this.#writer = openSharedLog(file, shared);
    this.#spending = new Spending({
      place: this.#place,
      session: this.id,
      clock: this.#clock,
      flush: () => this.#flushForRead(),
      onFault: (error) => shared.onFault?.(error),
    });
  }

  /** The log's file. */
  get path(): string {
    return this.#writer.file;
  }

  /** Session id of this writer: it stands on each of its events. */
  get id(): string {
    return this.#writer.id;
  }

  /**
   * Records an event and returns its id at once; it is with the kernel at the end of this turn of the event loop, or as
   * soon as nobody else writes, and synced within a second. Never throws because of what is in it, nor because it could
   * not be written: that shows in {@link status}, in `onFault` and as a GAP event.
   */
  log(type: AuditEventType, fields?: AuditFields): string {
    const draft = auditDraft(type, fields);
    this.#note(type);
    this.#spending.add(draft);
    return this.#writer.log(draft);
  }

  /** Records an event and resolves once it has reached its durability. Rejects when it was refused. */
  append(type: AuditEventType, fields?: AuditFields, options?: AppendOptions): Promise<Receipt> {
    const draft = auditDraft(type, fields);
    this.#note(type);
    this.#spending.add(draft);
    return this.#writer.append(draft, options);
  }

  /**
   * Events in order, archives included, in constant memory: iterate over them with `for await` or `for`, or take
   * `.toArray()`. What could not be read is in `.report`.
   *
   * @throws TypeError, RangeError for what cannot be understood
   */
  query(query: AuditQuery = {}): ReadStream<Event> {
    checkOptionNames("query", query, ["type", "since", "until", "signal"]);
    const { type, since, until, signal } = query;
    const filter = this.#filter({ event: type, since, until });
    return this.#stream(filter, (report) => scanSharedLog(this.#place, filter.lineTest, report), signal);
  }

  /**
   * The last `n` events, oldest first; of one type or several, if asked. Costs what is read from the end: it grows with
   * `n` and with how rare the type is, not with the log.
   *
   * @throws TypeError, RangeError
   */
  lastEvents(n: number = 20, type?: string | readonly string[]): Event[] {
    const count = integerOption("lastEvents", "n", n, { min: 0, max: 1_000_000, default: 20 });
    if (count === 0) return [];
    const filter = this.#filter({ event: type });
    return this.#stream(filter, (report) => lastOfSharedLog(this.#place, filter, count, report)).toArray();
  }

  /**
   * What all processes of the log have spent in the last `hours` hours, in US dollars, to the millisecond. The first call
   * for a length of time reads so much of the log; later ones only what was added.
   *
   * @throws RangeError
   */
  hourlySpend(hours: number = 1): number {
    return this.#spending.lastHours(hours);
  }

  /** The budget of option `budget`, over what all processes of the log spend. The first use reads the last 24 hours. */
  get budget(): AuditBudget {
    return (this.#budget ??= this.#spending.budget(this.#options.budget));
  }

  /** How many navigations there were and how many of them were found wrong. Reads the log. @throws RangeError */
  async accuracyMetrics(since?: Moment): Promise<AccuracyMetrics> {
    const { navTypes, failTypes } = this.#options;
    const fold = new AccuracyFold(navTypes);
    for await (const event of this.query({ type: [...navTypes, ...failTypes], since })) fold.add(event);
    return fold.metrics;
  }

  /**
   * How many queries passed the gate, and the last ones. Reads the log.
   *
   * @param options `last`: how many of them, default 10
   * @throws TypeError, RangeError
   */
  async gateMetrics(options: { since?: Moment | undefined; last?: number } = {}): Promise<GateMetrics> {
    checkOptionNames("gateMetrics", options, ["since", "last"]);
    const { passTypes, escalateTypes } = this.#options;
    const count = integerOption("gateMetrics", "last", options.last, { min: 0, max: 100_000, default: 10 });
    const fold = new GateFold(passTypes, count);
    const type = [...passTypes, ...escalateTypes];
    for await (const event of this.query({ type, since: options.since })) fold.add(event);
    return fold.metrics;
  }

  /** Returns when everything logged so far is on the medium. @throws TracekeepError when some of it is not */
  flush(): void {
    this.#writer.sync();
  }

  status(): AuditLogStatus {
    return { ...this.#writer.status(), unknownTypes: [...this.#unknownTypes] };
  }

  /** Writes out what waits, finishes archiving, and lets go of the log. A second call does nothing. */
  async close(): Promise<void> {
    this.#spending.close();
    await this.#writer.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // --- internal ---

  get #place(): SharedLogPlace {
    const { file } = this.#options;
    return { log: file, before: vivariumArchives(file), translate: vivariumEvent };
  }

  #note(type: string): void {
    if (this.#options.knownTypes.has(type) || isStandardType(type)) return;
    if (this.#unknownTypes.size < MAX_UNKNOWN_TYPES) this.#unknownTypes.add(String(type));
  }

  #filter(filter: EventFilter): CompiledFilter {
    const predicate = filter.event === undefined ? isNoOwnEvent : undefined;
    return compileFilter({ ...filter, predicate }, this.#clock.wallMs());
  }

  #stream(
    filter: CompiledFilter,
    read: (report: ReadReport) => ReturnType<typeof scanSharedLog>,
    signal?: AbortSignal,
  ): ReadStream<Event> {
    const flush = (): void => this.#flushForRead();
    return new ReadStream(
      function* (report) {
        flush();
        for (const found of read(report)) {
          if (isPause(found)) yield found;
          else if (filter.accepts(found.event)) yield found.event;
        }
      },
      { signal },
    );
  }

  /** A read sees what was logged here before it. */
  #flushForRead(): void {
    try {
      if (this.#writer.status().pending > 0) this.#writer.flushSync();
    } catch (error) {
      // It has been told to onFault, and is no error of the reader's.
      if (!(error instanceof TracekeepError)) throw error;
    }
  }
}

// --- internal ---

const MAX_UNKNOWN_TYPES = 100;

/** What the recorder says about itself. */
const OWN_TYPES: ReadonlySet<string> = new Set([
  "START",
  "SEGMENT",
  "GAP",
  "RECOVERED",
  "CLOCK_STEP",
  FILE_DELETED,
]);

function isNoOwnEvent({ event }: Event): boolean {
  return !OWN_TYPES.has(event);
}
