// What detectors find, and what a detector is. The words are shared by whoever finds, records, counts and shows.

import { hashTexts } from "../base/hash.ts";
import { describe } from "../base/options.ts";
import { isPromiseLike } from "../base/promises.ts";
import type { Event } from "../event/index.ts";
import { textOf } from "./usage.ts";

export const ANOMALY_SEVERITIES = ["HIGH", "MEDIUM", "LOW"] as const;
/** HIGH: stop and look. MEDIUM: look when there is time. LOW: worth knowing. */
export type AnomalySeverity = (typeof ANOMALY_SEVERITIES)[number];

/** What a detector says of the event it was just given. */
export interface AnomalyReport {
  /** What was found, in UPPER_SNAKE, e.g. `TOOL_STORM`. */
  rule: string;
  /** Default `"MEDIUM"`. */
  severity?: AnomalySeverity | undefined;
  /** One sentence for people. */
  message?: string | undefined;
  /** Ids of the events that show it, oldest first. Default: the event it was given. At most the last 20 are kept. */
  evidence?: readonly string[] | undefined;
  /** What was allowed, and what there was instead. */
  threshold?: number | undefined;
  actual?: number | undefined;
}

/** Something worth looking at in a session. */
export interface Anomaly {
  /** Hash of rule, session and trigger: the same wherever and whenever the same events are looked at. */
  key: string;
  rule: string;
  severity: AnomalySeverity;
  message: string;
  session_id: string;
  agent_id: string;
  /** Time and id of the event that triggered it. */
  detected_at: string;
  trigger: string;
  evidence: string[];
  threshold?: number | undefined;
  actual?: number | undefined;
}

/**
 * Looks at events, one after the other, and says what is wrong with them.
 *
 * @example
 * const noForce: Detector = {
 *   name: "no-force-push",
 *   analyze: (event) =>
 *     JSON.stringify(event["args"] ?? "").includes("push --force") ? [{ rule: "FORCE_PUSH", severity: "HIGH" }] : [],
 * };
 */
export interface Detector {
  /** What it is called when it fails. */
  readonly name?: string | undefined;
  /**
   * Gets every event of every session it watches, in the order of each; `event.session_id` tells them apart. What it
   * says on END is not heard, because nothing may stand behind it.
   */
  analyze(event: Event): readonly AnomalyReport[];
}

/** What a detector threw, and on which event. */
export interface DetectorFailure {
  detector: string;
  error: unknown;
  event: Event;
}

/**
 * Asks detectors about an event. What one of them throws goes to `onFailure` and keeps no other from being asked
 * (promise P10).
 */
export function analyzeEvent(
  detectors: readonly Detector[],
  event: Event,
  onAnomaly: (anomaly: Anomaly) => void,
  onFailure: (failure: DetectorFailure) => void,
): void {
  if (isFinding(event)) return;
  // A detector may let go of a session that ends. What it finds then could not be recorded behind the END any more.
  const isLast = event.event === "END";
  let at = 0;
  while (at < detectors.length) {
    try {
      // One try for all of them, begun anew behind one that throws: entering it for each would cost more than they do.
      for (; at < detectors.length; at++) {
        const reports = detectors[at]?.analyze(event) ?? NONE;
        if (reports.length === 0) continue;
        if (!Array.isArray(reports)) throw noList(reports);
        if (!isLast) for (const report of reports) onAnomaly(anomalyOf(report, event));
      }
    } catch (error) {
      if (!isLast) onFailure({ detector: detectors[at]?.name ?? "detector", error, event });
      at++;
    }
  }
}

/** @throws TypeError for anything without `analyze` */
export function checkDetectors(owner: string, value: unknown): readonly Detector[] {
  if (!Array.isArray(value)) {
    throw new TypeError(`${owner}: detectors must be an array, got ${describe(value)}`);
  }
  return value.map((each: unknown) => {
    if (typeof each === "object" && each !== null && "analyze" in each && typeof each.analyze === "function")
      return each as Detector;
    throw new TypeError(`${owner}: a detector is an object with analyze(event), got ${describe(each)}`);
  });
}

// --- internal ---

const MAX_EVIDENCE = 20;
const NONE: readonly AnomalyReport[] = [];

function noList(reports: unknown): TypeError {
  // Of an async detector. Nobody waits for it, and its failure must not end the process.
  if (isPromiseLike(reports)) reports.then(undefined, () => undefined);
  return new TypeError(`analyze must return an array of anomalies, got ${describe(reports)}`);
}

/** Findings themselves: no detector is asked about them, or it would go on for ever. */
function isFinding({ event }: Pick<Event, "event">): boolean {
  return event === "ANOMALY_DETECTED" || event === "DETECTOR_ERROR";
}

/**
 * Makes an anomaly of what a detector said of an event.
 *
 * @throws TypeError for what is no report; a detector comes from outside
 */
function anomalyOf(report: AnomalyReport, event: Event): Anomaly {
  const rule = textOf(report.rule);
  if (rule === undefined) throw new TypeError("a detector's report must name its rule");
  const { severity = "MEDIUM", message, evidence, threshold, actual } = report;
  if (!ANOMALY_SEVERITIES.includes(severity)) {
    throw new TypeError(`${rule}: severity must be one of ${ANOMALY_SEVERITIES.join(", ")}`);
  }
  return {
    key: hashTexts(rule, event.session_id, event.id),
    rule,
    severity,
    message: message ?? rule,
    session_id: event.session_id,
    agent_id: event.agent_id,
    detected_at: event.timestamp,
    trigger: event.id,
    evidence: [...(evidence ?? [event.id])].slice(-MAX_EVIDENCE),
    ...(threshold === undefined ? {} : { threshold }),
    ...(actual === undefined ? {} : { actual }),
  };
}
