// Every rule there is, in the order in which they are asked.

import type { Rule } from "../rule.ts";
import { alternation } from "./alternation.ts";
import { budgetPassed } from "./budget-passed.ts";
import { callWithoutResult } from "./call-without-result.ts";
import { chainBreak } from "./chain-break.ts";
import { clockStep } from "./clock-step.ts";
import { denialBurst } from "./denial-burst.ts";
import { depth } from "./depth.ts";
import { errorCascade } from "./error-cascade.ts";
import { errorStreak } from "./error-streak.ts";
import { escalationAbuse } from "./escalation-abuse.ts";
import { loop } from "./loop.ts";
import { noProgress } from "./no-progress.ts";
import { repeatedCall } from "./repeated-call.ts";
import { retryStorm } from "./retry-storm.ts";
import { secretSeen } from "./secret-seen.ts";
import { silentCall } from "./silent-call.ts";
import { spendSpike } from "./spend-spike.ts";
import { stagnation } from "./stagnation.ts";
import { toolStorm } from "./tool-storm.ts";

export const RULES: readonly Rule[] = [
  // Sentinel's, in its order.
  retryStorm,
  loop,
  depth,
  errorCascade,
  chainBreak,
  escalationAbuse,
  stagnation,
  // Calls.
  toolStorm,
  repeatedCall,
  alternation,
  noProgress,
  errorStreak,
  denialBurst,
  callWithoutResult,
  silentCall,
  // Money, clock, secrets.
  budgetPassed,
  spendSpike,
  clockStep,
  secretSeen,
];
