// Every torture suite.

import type { Suite } from "./suite.ts";
import { brokenDisks } from "./suites/broken-disks.ts";
import { failedSyncs } from "./suites/failed-syncs.ts";
import { crashStatesSuite } from "./suites/crash-states.ts";
import { crashes } from "./suites/crashes.ts";
import { faults } from "./suites/faults.ts";
import { fullDisks } from "./suites/full-disks.ts";
import { kills } from "./suites/kills.ts";
import { straced } from "./suites/strace.ts";
import { tornWrites } from "./suites/torn-writes.ts";
import { upkeep } from "./suites/upkeep.ts";
import { writers } from "./suites/writers.ts";

export const SUITES: readonly Suite[] = [
  kills,
  faults,
  straced,
  tornWrites,
  failedSyncs,
  fullDisks,
  brokenDisks,
  crashes,
  crashStatesSuite,
  writers,
  upkeep,
];
