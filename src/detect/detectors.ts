// The rules at work: a detector for each, which share what they know of a session.

import { nearestName } from "../base/nearest.ts";
import { describe } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import type { AnomalyReport, Detector } from "../summary/index.ts";
import type { Rule, Watch } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import { Steps } from "./steps.ts";
import type { Step } from "./steps.ts";

/** Options of rules by name; `false` switches one off. What is not named keeps its defaults (docs/detection.md). */
export type DetectorOptions = Readonly<Record<string, false | Readonly<Record<string, number>>>>;

/**
 * The built-in detectors, one for each rule. Give them to `openStore`, `startSession` or `createRecorder`, or to
 * {@link detectEvents}. All of them together cost a microsecond or two an event.
 *
 * Rules look at one session at a time. They begin anew when another process goes on with a session (RESUMED), and pass
 * over copied events and END: the session that has the original tells of it, and nothing can be recorded behind an END.
 *
 * @throws TypeError, RangeError for rules and options that do not exist, and values out of range
 * @example openStore({ detectors: standardDetectors({ TOOL_STORM: { calls: 30 }, CLOCK_STEP: false }) })
 */
export function standardDetectors(options: DetectorOptions = {}): Detector[] {
  return detectorsOf(RULES, options);
}

/** The same of any rules. @internal */
export function detectorsOf(rules: readonly Rule[], options: DetectorOptions = {}): Detector[] {
  checkRuleNames(rules, options);
  const chosen = rules.filter(({ id }) => options[id] !== false);
  const starts = chosen.map((rule) => {
    const own = options[rule.id];
    return rule.start(own === undefined || own === false ? {} : own);
  });
  const sessions = new Sessions(starts);
  return chosen.map(({ id, severity }, index) => ({
    name: id,
    analyze: (event) => {
      const seen = sessions.see(event);
      const finding = seen?.watches[index]?.(seen.step);
      return finding === undefined ? NONE : [{ rule: id, severity, ...finding }];
    },
  }));
}

// --- internal ---

const NONE: readonly AnomalyReport[] = [];

/** Sessions that are watched at a time; beyond, the one that was begun first is forgotten. */
const MAX_SESSIONS = 1024;

/** A session, where it has come to, and what every rule remembers of it. */
interface Watched {
  steps: Steps;
  watches: readonly Watch[];
  step: Step;
  /** Brought in from elsewhere: RESUMED then tells of the import, not of the session. */
  imported: boolean;
}

/** The sessions that are watched. All detectors of one set ask about the same event, one after the other. */
class Sessions {
  readonly #starts: readonly (() => Watch)[];
  readonly #sessions = new Map<string, Watched>();
  #event: Event | undefined;
  #seen: Watched | undefined;

  constructor(starts: readonly (() => Watch)[]) {
    this.#starts = starts;
  }

  /** Takes one more step when the event is a new one. Undefined for events that rules pass over. */
  see(event: Event): Watched | undefined {
    if (event !== this.#event) {
      this.#event = event;
      this.#seen = this.#next(event);
    }
    return this.#seen;
  }

  #next(event: Event): Watched | undefined {
    const id = event.session_id;
    if (event.event === "END") {
      this.#sessions.delete(id);
      return undefined;
    }
    if (event.copy_of !== undefined) return undefined;
    let watched = this.#sessions.get(id);
    if (watched === undefined || (event.event === "RESUMED" && !watched.imported)) {
      const steps = new Steps();
      watched = {
        steps,
        watches: this.#starts.map((start) => start()),
        step: steps.of(event),
        imported: false,
      };
      if (this.#sessions.size >= MAX_SESSIONS) {
        const [oldest] = this.#sessions.keys();
        this.#sessions.delete(oldest ?? "");
      }
      this.#sessions.set(id, watched);
    } else watched.step = watched.steps.of(event);
    if (event.event === "START") watched.imported = event["origin"] !== "recorded";
    return watched;
  }
}

function checkRuleNames(rules: readonly Rule[], options: DetectorOptions): void {
  const known = rules.map(({ id }) => id);
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      const nearest = nearestName(name, known);
      const help = nearest === undefined ? `known rules: ${known.join(", ")}` : `did you mean "${nearest}"?`;
      throw new TypeError(`detectors: unknown rule "${name}"; ${help}`);
    }
    if (value !== false && (typeof value !== "object" || value === null)) {
      throw new TypeError(`detectors: ${name} takes its options or false, got ${describe(value)}`);
    }
  }
}
