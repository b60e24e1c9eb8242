export { callUsageOf } from "./call-usage.ts";
export { readPriceFile } from "./price-file.ts";
export { loadPrices, loadPricesNow } from "./price-table.ts";
export type { CallUsage, Price, PriceTable } from "./price-table.ts";
