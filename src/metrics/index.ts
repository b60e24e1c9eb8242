/**
 * Money: where it went, and whether more may be spent.
 *
 * @module
 * @example
 * import { openReader } from "tracekeep/read";
 * import { spendReport } from "tracekeep/metrics";
 * const { total } = await spendReport(openReader(), { since: "1d" });
 * console.log(total.cost_usd, total.unpriced);
 */
export { Budget, gate } from "./budget.ts";
export type { BudgetOptions, BudgetVerdict, Estimate } from "./budget.ts";
export type { Charge } from "./charge.ts";
export { hourlySpend, SPEND_KEYS, spendReport } from "./spend.ts";
export type { SpendKey, SpendOptions, SpendReport, SpendRow } from "./spend.ts";
/** The exact sliding sum under budgets and `hourlySpend`. */
export { SlidingSum as SpendWindow } from "../summary/index.ts";
