// Detectors beside a log: each event that the log has goes to them; what they find is recorded in the same session, and
// then told to whoever wants to hear. Nothing they do can reach the program that records (promise P10).

import { describe } from "../base/options.ts";
import { callIsolated } from "../base/promises.ts";
import type { Event, EventDraft } from "../event/index.ts";
import type { Sink } from "../sinks/sink.ts";
import { analyzeEvent, checkDetectors } from "../summary/index.ts";
import type { Anomaly, Detector, DetectorFailure } from "../summary/index.ts";

/** Watching a session for what goes wrong in it. Off unless detectors are given. */
export interface DetectionOptions {
  /** `standardDetectors()` from tracekeep/detect, or any objects with `analyze(event)`. Default: none. */
  detectors?: readonly Detector[] | undefined;
  /** Called with each anomaly once it has been recorded. What it throws becomes a `DETECTOR_ERROR`. */
  onAnomaly?: ((anomaly: Anomaly) => void) | undefined;
}

/** @throws TypeError */
export function checkDetectionOptions(owner: string, options: DetectionOptions): DetectionOptions {
  const { detectors, onAnomaly } = options;
  if (onAnomaly !== undefined && typeof onAnomaly !== "function") {
    throw new TypeError(`${owner}: onAnomaly must be a function, got ${describe(onAnomaly)}`);
  }
  return {
    ...(detectors === undefined ? {} : { detectors: checkDetectors(owner, detectors) }),
    ...(onAnomaly === undefined ? {} : { onAnomaly }),
  };
}

/** The detectors of one session, as a sink beside its log. Undefined when there are none. */
export function detectionSink(
  { detectors = [], onAnomaly }: DetectionOptions,
  record: (draft: EventDraft) => void,
): Sink | undefined {
  if (detectors.length === 0) return undefined;
  const failures = new Map<string, number>();
  const onFailure = (failure: DetectorFailure): void => {
    const count = (failures.get(failure.detector) ?? 0) + 1;
    failures.set(failure.detector, count);
    // One that fails on every event must not fill the log: the 1st, 10th, 100th … failure is recorded.
    if (Number.isInteger(Math.log10(count))) record(failureDraft(failure, count));
  };
  return {
    write: (event) =>
      analyzeEvent(
        detectors,
        event,
        (anomaly) => {
          record(anomalyDraft(anomaly, event));
          callIsolated(
            () => onAnomaly?.(anomaly),
            (error) => onFailure({ detector: "onAnomaly", error, event }),
          );
        },
        onFailure,
      ),
  };
}

// --- internal ---

function anomalyDraft(anomaly: Anomaly, event: Event): EventDraft {
  return {
    event: "ANOMALY_DETECTED",
    severity: anomaly.severity === "LOW" ? "INFO" : "WARN",
    parent_id: event.id,
    anomaly,
    original_event: event.event,
    description: anomaly.message,
  };
}

function failureDraft({ detector, error, event }: DetectorFailure, count: number): EventDraft {
  return {
    event: "DETECTOR_ERROR",
    parent_id: event.id,
    error,
    original_event: event.event,
    detector,
    failures: count,
  };
}
