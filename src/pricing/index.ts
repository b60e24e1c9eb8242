export { readPriceFile } from "./price-file.ts";
export { loadPrices } from "./price-table.ts";
export type { CallUsage, Price, PriceTable } from "./price-table.ts";
