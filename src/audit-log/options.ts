// Options of an AuditLog, checked once at the door.

import os from "node:os";
import path from "node:path";

import { checkOptionNames, describe, pathOption } from "../base/options.ts";
import type { BudgetOptions } from "../metrics/index.ts";
import { SHARED_LOG_OPTIONS } from "../record/shared-log-options.ts";
import type { SharedLogOptions } from "../record/shared-log-options.ts";
import {
  DEFAULT_AUDIT_PATH,
  EVENT_TYPES,
  FSYNC_EVERY_N_EVENTS,
  FSYNC_INTERVAL_MS,
  ROTATION_SIZE_BYTES,
} from "./constants.ts";

/** `rotateBytes` is 10 MiB by default. */
export interface AuditLogOptions extends SharedLogOptions {
  /** What the processes of this log may spend together; see `budget`. Default: no limits. */
  budget?: BudgetOptions | undefined;
  /** The types that are known: `status` names others that were logged. Default {@link EVENT_TYPES} and those below. */
  eventTypes?: readonly string[] | undefined;
  /** What `accuracyMetrics` counts as a navigation. Default `["nav"]`. */
  navTypes?: readonly string[] | undefined;
  /** … and as one that was found wrong. Default `["validation_fail"]`. */
  failTypes?: readonly string[] | undefined;
  /** What `gateMetrics` counts as passed. Default `["gate_compress"]`. */
  passTypes?: readonly string[] | undefined;
  /** … and as escalated. Default `["gate_escalate"]`. */
  escalateTypes?: readonly string[] | undefined;
}

export interface CheckedOptions {
  file: string;
  shared: SharedLogOptions;
  budget: BudgetOptions;
  navTypes: readonly string[];
  failTypes: readonly string[];
  passTypes: readonly string[];
  escalateTypes: readonly string[];
  knownTypes: ReadonlySet<string>;
}

/** @throws TypeError, RangeError */
export function checkAuditLogOptions(file: string | undefined, options: AuditLogOptions): CheckedOptions {
  checkOptionNames("AuditLog", options, [...SHARED_LOG_OPTIONS, ...OWN]);
  const { budget = {}, eventTypes, navTypes, failTypes, passTypes, escalateTypes, ...shared } = options;
  const checked = {
    navTypes: typesOption("navTypes", navTypes, ["nav"]),
    failTypes: typesOption("failTypes", failTypes, ["validation_fail"]),
    passTypes: typesOption("passTypes", passTypes, ["gate_compress"]),
    escalateTypes: typesOption("escalateTypes", escalateTypes, ["gate_escalate"]),
  };
  return {
    file: inHome(pathOption("AuditLog", "path", file) ?? DEFAULT_AUDIT_PATH),
    shared: {
      rotateBytes: ROTATION_SIZE_BYTES,
      syncEveryEvents: FSYNC_EVERY_N_EVENTS,
      syncIntervalMs: FSYNC_INTERVAL_MS,
      ...definedOf(shared),
    },
    budget,
    ...checked,
    knownTypes: new Set([
      ...typesOption("eventTypes", eventTypes, EVENT_TYPES),
      ...Object.values(checked).flat(),
    ]),
  };
}

// --- internal ---

const OWN = [
  "budget",
  "eventTypes",
  "navTypes",
  "failTypes",
  "passTypes",
  "escalateTypes",
] as const satisfies readonly (keyof AuditLogOptions)[];

function typesOption(
  name: string,
  value: readonly string[] | undefined,
  fallback: readonly string[],
): readonly string[] {
  if (value === undefined) return fallback;
  if (Array.isArray(value) && value.every((type) => typeof type === "string")) return value;
  throw new TypeError(`AuditLog: ${name} must be a list of texts, got ${describe(value)}`);
}

/** `~/.scout/audit.jsonl` as shells take it. */
function inHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(os.homedir(), file.slice(1)) : path.resolve(file);
}

function definedOf<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
