/**
 * Proves what happened to a store's logs since they were sealed.
 *
 * @module
 * @example
 * import { verifyStore } from "tracekeep/integrity";
 * console.log(verifyStore(".tracekeep").verdict);
 */
export { proveLine } from "./prove.ts";
export { attachStamp } from "./stamps.ts";
export type { StampVerdict } from "./stamps.ts";
export { isFinding, VERDICTS } from "./verdict.ts";
export type { LogVerdict, Verdict } from "./verdict.ts";
export { verifyLog, verifyStore } from "./verify.ts";
export type { StoreVerdict, VerifyOptions } from "./verify.ts";
