/**
 * What is wrong with a session: rules over its events, live and over history with the same result.
 *
 * @module
 * @example
 * import { openStore } from "tracekeep";
 * import { standardDetectors } from "tracekeep/detect";
 * const store = openStore({ detectors: standardDetectors(), onAnomaly: ({ message }) => console.error(message) });
 */
export { standardDetectors } from "./detectors.ts";
export type { DetectorOptions } from "./detectors.ts";
export { detectEvents } from "./history.ts";
export type { DetectOptions } from "./history.ts";
export type { Range, Rule } from "./rule.ts";
export { RULES } from "./rules/index.ts";
export type { Anomaly, AnomalyReport, AnomalySeverity, Detector } from "../summary/index.ts";
