// Detection over what was recorded. Reading history writes nothing; it finds what would have been found live.

import type { Event } from "../event/index.ts";
import { analyzeEvent } from "../summary/index.ts";
import type { Anomaly, Detector, DetectorFailure } from "../summary/index.ts";
import { standardDetectors } from "./detectors.ts";

export interface DetectOptions {
  /** Default: `standardDetectors()`. Detectors remember what they saw, so give each history new ones. */
  detectors?: readonly Detector[] | undefined;
  /** Called with what a detector threw; the others are asked all the same. Default: nothing happens. */
  onFailure?: ((failure: DetectorFailure) => void) | undefined;
}

/**
 * The anomalies in events, each when the event that triggers it has been read.
 *
 * @param events of one or several sessions, those of each in order
 * @throws TypeError for what is no detector
 * @example
 * for (const { rule, message } of detectEvents(openReader().events())) console.log(rule, message);
 */
export function* detectEvents(
  events: Iterable<Event>,
  { detectors = standardDetectors(), onFailure = () => undefined }: DetectOptions = {},
): Generator<Anomaly, void, undefined> {
  let found: Anomaly[] = [];
  for (const event of events) {
    analyzeEvent(detectors, event, (anomaly) => found.push(anomaly), onFailure);
    if (found.length === 0) continue;
    yield* found;
    found = [];
  }
}
