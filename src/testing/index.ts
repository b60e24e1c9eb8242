/**
 * For tests of programs that record: the contract of sinks, a disk that fails on demand, a clock that stands still.
 *
 * @module
 * @example
 * import { test } from "node:test";
 * import { sinkContract } from "tracekeep/testing";
 *
 * for (const { name, run } of sinkContract("my sink", () => ({ sink: mySink() }))) test(name, run);
 */
export { testEvents } from "./events.ts";
export type { TestEvent } from "./events.ts";
export { faultyDisk } from "./faulty-disk.ts";
export type { FaultyDisk } from "./faulty-disk.ts";
export { fixedClock } from "./fixed-clock.ts";
export type { FixedClock } from "./fixed-clock.ts";
export { sinkContract } from "./sink-contract.ts";
export type { SinkCheck, SinkUnderTest } from "./sink-contract.ts";
