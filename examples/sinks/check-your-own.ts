// The contract that every sink of ours passes, for yours: with node:test, vitest or any other test runner.

import { describe, test } from "node:test";

import type { Event } from "tracekeep";
import { sinkContract } from "tracekeep/testing";

class LineSink {
  readonly lines: string[] = [];
  down = false;

  write(_event: Event, line: string): void {
    if (this.down) throw new Error("down");
    this.lines.push(line);
  }
}

await describe("LineSink", () => {
  const checks = sinkContract("LineSink", () => {
    const sink = new LineSink();
    return {
      sink,
      arrived: () => sink.lines,
      fail: () => (sink.down = true),
      heal: () => (sink.down = false),
    };
  });
  for (const { name, run } of checks) void test(name, run);
});
