// How well a session went, as one number. The table of deductions, the bonuses and the bands are the Sentinel
// protocol's; rules that it does not have cost by their severity.

import { MAX_NAMES, OTHER_NAMES } from "./figures.ts";
import { ANOMALY_SEVERITIES } from "./anomaly.ts";
import type { AnomalySeverity } from "./anomaly.ts";
import { amountOf, textOf } from "./usage.ts";
import type { BodyFields } from "./usage.ts";

/** How often each rule fired, and how bad it is. */
export type RuleCounts = Record<string, { severity: AnomalySeverity; count: number }>;

/** What a session's health is made of. */
export interface HealthFacts {
  rules: RuleCounts;
  /** Work that was handed to other agents and came back well. */
  clean_delegations: number;
  /** Those of them that took less than 30 seconds. */
  fast_delegations: number;
  /** Those of them that came after one that had failed. */
  recoveries: number;
  /** The last one failed. */
  last_failed: boolean;
}

export type HealthBand = "excellent" | "good" | "fair" | "poor" | "critical";

export interface HealthPoints {
  /** A rule, or one of `clean_delegation`, `fast_execution`, `successful_recovery`. */
  what: string;
  count: number;
  /** What they cost (negative) or brought. */
  points: number;
}

export interface Health {
  /** 0 to 100. */
  score: number;
  band: HealthBand;
  /** What cost points, the dearest first, then what brought some. */
  points: HealthPoints[];
}

export function newHealthFacts(): HealthFacts {
  return {
    rules: newRuleCounts(),
    clean_delegations: 0,
    fast_delegations: 0,
    recoveries: 0,
    last_failed: false,
  };
}

/** Facts of a session in which nothing was found and nothing delegated: one object for all of them. */
export const NO_HEALTH_FACTS: HealthFacts = newHealthFacts();
Object.freeze(NO_HEALTH_FACTS.rules);
Object.freeze(NO_HEALTH_FACTS);

export function newRuleCounts(): RuleCounts {
  const rules: RuleCounts = Object.create(null);
  return rules;
}

/**
 * Takes an ANOMALY_DETECTED or a RETURN into the facts; other events say nothing about health.
 *
 * @returns the facts, which are others when there were none
 */
export function foldHealth(before: HealthFacts, type: string, body: BodyFields): HealthFacts {
  if (type !== "ANOMALY_DETECTED" && type !== "RETURN") return before;
  const facts = before === NO_HEALTH_FACTS ? newHealthFacts() : before;
  if (type === "ANOMALY_DETECTED") {
    const { anomaly } = body;
    if (typeof anomaly !== "object" || anomaly === null) return facts;
    // Sentinel's own lines call the rule `type`.
    const { rule, type: name, severity } = anomaly as Record<string, unknown>;
    countRule(facts.rules, textOf(rule) ?? textOf(name) ?? OTHER_NAMES, severityOf(severity));
  } else {
    const failed = body["status"] === "error";
    if (!failed) {
      facts.clean_delegations++;
      if ((amountOf(body["duration_ms"]) ?? Infinity) < FAST_MS) facts.fast_delegations++;
      if (facts.last_failed) facts.recoveries++;
    }
    facts.last_failed = failed;
  }
  return facts;
}

export function countRule(rules: RuleCounts, rule: string, severity: AnomalySeverity): void {
  const name = rule in rules || Object.keys(rules).length < MAX_NAMES ? rule : OTHER_NAMES;
  const own = (rules[name] ??= { severity, count: 0 });
  own.count++;
}

/**
 * The score: 100, less what each firing costs, plus what went well, from 0 to 100.
 *
 * @example healthOf(summary.health) // { score: 85, band: "good", points: [{ what: "DEPTH", count: 1, points: -15 }] }
 */
export function healthOf(facts: HealthFacts): Health {
  const lost = Object.entries(facts.rules).map(([rule, { severity, count }]) => {
    const each = RULE_POINTS.get(rule) ?? SEVERITY_POINTS[severity];
    return { what: rule, count, points: -each * count };
  });
  const won = [
    { what: "clean_delegation", count: facts.clean_delegations, points: 2 * facts.clean_delegations },
    { what: "fast_execution", count: facts.fast_delegations, points: facts.fast_delegations },
    { what: "successful_recovery", count: facts.recoveries, points: 5 * facts.recoveries },
  ].filter(({ count }) => count > 0);
  const points = [...lost.toSorted((left, right) => left.points - right.points), ...won];
  const sum = points.reduce((total, { points: each }) => total + each, 100);
  const score = Math.min(100, Math.max(0, sum));
  return { score, band: bandOf(score), points };
}

/** @example bandOf(69) // "fair" */
export function bandOf(score: number): HealthBand {
  if (score >= 90) return "excellent";
  if (score >= 70) return "good";
  if (score >= 50) return "fair";
  return score >= 30 ? "poor" : "critical";
}

// --- internal ---

const FAST_MS = 30_000;

/** Sentinel's table; task drift, mismatch and bloat are there for detectors of your own. */
const RULE_POINTS: ReadonlyMap<string, number> = new Map([
  ["LOOP", 20],
  ["DEPTH", 15],
  ["ERROR_CASCADE", 15],
  ["CHAIN_BREAK", 10],
  ["TASK_DRIFT", 10],
  ["ESCALATION_ABUSE", 10],
  ["RETRY_STORM", 10],
  ["STAGNATION", 5],
  ["AGENT_MISMATCH", 3],
  ["TOKEN_BLOAT", 2],
]);

const SEVERITY_POINTS: Readonly<Record<AnomalySeverity, number>> = { HIGH: 15, MEDIUM: 5, LOW: 2 };

function severityOf(value: unknown): AnomalySeverity {
  return ANOMALY_SEVERITIES.find((severity) => severity === value) ?? "MEDIUM";
}
