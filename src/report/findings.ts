// What is wrong with each session: what was found while it was recorded, and what the rules find now. Where a session
// was watched by a rule, that rule's own findings hold, because it may have had other thresholds.

import { standardDetectors } from "../detect/index.ts";
import type { Event } from "../event/index.ts";
import { analyzeEvent, countRule, healthOf } from "../summary/index.ts";
import type { Anomaly, Detector, Health, SessionSummary } from "../summary/index.ts";
import type { EventPlace } from "./place.ts";

export interface AnomalyRow extends EventPlace {
  /** The anomaly: see docs/detection.md. */
  anomaly: unknown;
  /** Whether it stands in the log; else it was found by reading it now. */
  recorded: boolean;
}

export interface SessionFindings {
  anomalies: AnomalyRow[];
  health: Health;
}

/** More of one session are counted and not listed. */
const MAX_LISTED = 10_000;

/**
 * Give it every event of a session in order (`observe` of `Reader.sessions`), then take what was found; sessions may take
 * turns.
 *
 * @example
 * const watch = new FindingsWatch();
 * for (const session of reader.sessions({ observe: (event) => watch.observe(event) })) print(watch.take(session));
 */
export class FindingsWatch {
  readonly #detectors: readonly Detector[];
  /** Of the sessions that are still to be taken. */
  readonly #sessions = new Map<string, Found>();

  /** @param rules whether the rules look at the events; without them, only what was recorded is found */
  constructor(rules = true) {
    this.#detectors = rules ? standardDetectors() : [];
  }

  observe(event: Event): void {
    if (event.event === "ANOMALY_DETECTED") {
      const { recorded } = this.#of(event);
      if (recorded.length < MAX_LISTED) recorded.push(rowOf(event, event["anomaly"], true));
      return;
    }
    analyzeEvent(
      this.#detectors,
      event,
      (anomaly) => {
        const { byRules } = this.#of(event);
        if (byRules.length < MAX_LISTED) byRules.push({ row: rowOf(event, anomaly, false), anomaly });
      },
      // Over history a rule that fails finds nothing; while recording it would be a DETECTOR_ERROR.
      () => undefined,
    );
  }

  /** What was found of a session, which is forgotten with that. */
  take(session: SessionSummary): SessionFindings {
    const { rules } = session.health;
    const { recorded, byRules } = this.#sessions.get(session.session_id) ?? NOTHING;
    this.#sessions.delete(session.session_id);
    const found = byRules.filter(({ anomaly }) => rules[anomaly.rule] === undefined);
    const facts = { ...session.health, rules: { ...rules } };
    for (const { anomaly } of found) countRule(facts.rules, anomaly.rule, anomaly.severity);
    const anomalies = [...recorded, ...found.map(({ row }) => row)];
    anomalies.sort((left, right) => left.seq - right.seq);
    return { anomalies, health: healthOf(facts) };
  }

  #of({ session_id: id }: Event): Found {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    const found: Found = { recorded: [], byRules: [] };
    this.#sessions.set(id, found);
    return found;
  }
}

// --- internal ---

interface Found {
  recorded: AnomalyRow[];
  byRules: { row: AnomalyRow; anomaly: Anomaly }[];
}

const NOTHING: Found = { recorded: [], byRules: [] };

function rowOf(event: Event, anomaly: unknown, recorded: boolean): AnomalyRow {
  const { session_id, agent_id, seq, timestamp } = event;
  return { session_id, agent_id, seq, timestamp, anomaly, recorded };
}
