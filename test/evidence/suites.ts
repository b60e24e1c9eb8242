// The long counts behind test/evidence.test.ts, a suite for each row of the table in docs/integrity.md.

import { agreement } from "./agreement.ts";
import { flips, mutants } from "./changed-recordings.ts";
import { crashes } from "./crashes.ts";
import { exhaustive, sealsAndLedger } from "./exhaustive.ts";
import type { Suite } from "./suite.ts";

export const SUITES: readonly Suite[] = [exhaustive, sealsAndLedger, flips, mutants, agreement, crashes];
