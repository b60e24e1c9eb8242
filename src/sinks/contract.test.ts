// Every sink of ours against the one contract, with real files and failures at its far end.

import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Writable } from "node:stream";

import { describe, it } from "vitest";

import { encodeEvent } from "../format/index.ts";
import { faultyDisk, sinkContract } from "../testing/index.ts";
import type { SinkUnderTest } from "../testing/index.ts";
import {
  asyncBufferedSink,
  asyncJsonlSink,
  bufferedSink,
  consoleSink,
  filterSink,
  jsonlSink,
  memorySink,
  multiSink,
  nullSink,
} from "./index.ts";
import type { Sink } from "./index.ts";

type Make = () => SinkUnderTest;

/** A sink over a real file on a disk that is full while it is told to fail. */
function overFile(make: (file: string, disk: ReturnType<typeof faultyDisk>) => Sink): SinkUnderTest {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  const file = path.join(folder, "events.jsonl");
  const disk = faultyDisk();
  return {
    sink: make(file, disk),
    arrived: () =>
      fs
        .readFileSync(file, "utf8")
        .split(/(?<=\n)/)
        .filter((line) => line !== ""),
    // More often than anything here tries; half of the writes get some bytes out first.
    fail: () => (disk.failWrites = Array.from({ length: 1_000 }, (_, n) => (n % 2 === 0 ? 7 : "no space"))),
    heal: () => (disk.failWrites = []),
    dispose: () => fs.rmSync(folder, { recursive: true }),
  };
}

/** A sink over an array, at once or after a while, that refuses while it is told to fail. */
function overArray(make: (end: Sink) => Sink, later = false): SinkUnderTest {
  const lines: string[] = [];
  let failing = false;
  const take = (line: string): void => {
    if (failing) throw new Error("the far end is down");
    lines.push(line);
  };
  const end: Sink = {
    write: (_event, line) =>
      later ? new Promise<void>((resolve) => setImmediate(resolve)).then(() => take(line)) : take(line),
  };
  return {
    sink: make(end),
    arrived: () => lines,
    fail: () => (failing = true),
    heal: () => (failing = false),
  };
}

const SINKS: Record<string, Make> = {
  "nullSink()": () => ({ sink: nullSink() }),
  "memorySink()": () => {
    const sink = memorySink();
    return { sink, arrived: () => sink.events.map(encodeEvent) };
  },
  "consoleSink()": () => ({
    sink: consoleSink({ stream: new Writable({ write: (_chunk, _encoding, done) => done() }) }),
  }),
  "an object with write": () => overArray((end) => end),
  "jsonlSink os": () => overFile((file, disk) => jsonlSink(file, { durability: "os", disk })),
  "jsonlSink interval": () => overFile((file, disk) => jsonlSink(file, { disk })),
  "jsonlSink fsync": () => overFile((file, disk) => jsonlSink(file, { durability: "fsync", disk })),
  "asyncJsonlSink os": () => overFile((file, disk) => asyncJsonlSink(file, { durability: "os", disk })),
  "asyncJsonlSink interval": () => overFile((file, disk) => asyncJsonlSink(file, { disk })),
  "asyncJsonlSink fsync": () => overFile((file, disk) => asyncJsonlSink(file, { durability: "fsync", disk })),
  "bufferedSink over one that takes at once": () => overArray((end) => bufferedSink(end, { capacity: 16 })),
  "bufferedSink over one that takes its time": () =>
    overArray((end) => bufferedSink(end, { capacity: 16 }), true),
  "bufferedSink over jsonlSink os": () =>
    overFile((file, disk) => bufferedSink(jsonlSink(file, { durability: "os", disk }))),
  "bufferedSink over jsonlSink fsync": () =>
    overFile((file, disk) => bufferedSink(jsonlSink(file, { durability: "fsync", disk }), { capacity: 100 })),
  "bufferedSink over bufferedSink": () =>
    overArray((end) => bufferedSink(bufferedSink(end), { capacity: 3 }), true),
  "asyncBufferedSink over one that takes at once": () =>
    overArray((end) => asyncBufferedSink(end, { capacity: 16 })),
  "asyncBufferedSink over asyncJsonlSink": () =>
    overFile((file, disk) => asyncBufferedSink(asyncJsonlSink(file, { disk }), { capacity: 64 })),
  "multiSink, seen at its primary": () => overArray((end) => multiSink(end, nullSink(), memorySink()), false),
  "multiSink, seen at a copy": () => {
    const copy = memorySink();
    const { sink, ...rest } = overArray((end) => multiSink(bufferedSink(end, { capacity: 5 }), copy), true);
    return { sink, ...rest, arrived: () => copy.events.map(encodeEvent) };
  },
  "filterSink that lets all through": () => overArray((end) => filterSink(end, { predicate: () => true })),
};

describe("the contract of sinks", () => {
  for (const [name, make] of Object.entries(SINKS)) {
    for (const check of sinkContract(name, make)) it(check.name, check.run);
  }
});
