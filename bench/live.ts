// What it costs to watch: chunks of text through recording to two subscribers that keep up and one that does not,
// against what a program could do by hand without recording anything.
//
//   npm run build && npx tsx bench/live.ts [--rounds N] [--write]
//
// Every contender runs in a process of its own, as many times as there are rounds (default 3). --write puts the table
// into docs/performance.md.

import { execFileSync, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { PassThrough } from "node:stream";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { format } from "prettier";

const HERE = fileURLToPath(import.meta.url);
const DIST = path.join(import.meta.dirname, "../dist");
const DOCUMENT = path.join(import.meta.dirname, "../docs/performance.md");
const MARKERS = ["<!-- live:begin -->", "<!-- live:end -->"] as const;
const CONTENDERS = ["tracekeep", "EventEmitter", "Node streams", "async queue"] as const;
const RATE = 50_000;
const PACED_MS = 3_000;
const UNPACED_CHUNKS = 300_000;
const WORDS = ["The", " build", " is", " green", ",", " and", " all", " tests", " pass", ".\n"];

interface Figures {
  chunksPerSecond: number;
  pacedPerSecond: number;
  delayP99Ms: number;
  peakMb: number;
}

/** Takes chunks; two readers and a slow one get them. */
interface Channel {
  write(chunk: string): void;
  /** Resolves with what each of the two readers got, once they have everything. */
  finish(): Promise<number[]>;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, write: { type: "boolean", default: false } },
});
const [mode, argument = ""] = positionals;
if (mode === "child") console.log(JSON.stringify(await measure(argument)));
else if (mode === "watch") await watchFirst(argument);
else await parent(Number(options.rounds));

async function parent(rounds: number): Promise<void> {
  const results = new Map<string, Figures[]>(CONTENDERS.map((name) => [name, []]));
  const first = { turns: [] as number[], acrossMs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? CONTENDERS : CONTENDERS.toReversed();
    for (const name of order) {
      const output = execFileSync(process.execPath, [...process.execArgv, HERE, "child", name], {
        encoding: "utf8",
      });
      results.get(name)?.push(JSON.parse(output) as Figures);
    }
    first.turns.push(await turnsToFirst());
    first.acrossMs.push(await acrossToFirst());
  }
  const rows = [...results].map(([name, figures]) => [
    name,
    ...(["chunksPerSecond", "pacedPerSecond", "delayP99Ms", "peakMb"] as const).map((figure) =>
      median(figures.map((each) => each[figure])).toLocaleString("en-US", {
        maximumFractionDigits: figure === "delayP99Ms" ? 1 : 0,
      }),
    ),
  ]);
  const report = [
    `${os.cpus()[0]?.model ?? "unknown processor"}, ${os.cpus().length} cores, Node ${process.versions.node}, median of ${rounds} rounds.`,
    table(
      [
        "",
        "chunks/s, as fast as it goes",
        `chunks/s, paced at ${RATE.toLocaleString("en-US")}`,
        "event-loop delay p99 ms, paced",
        "peak RSS MB",
      ],
      rows,
    ),
    `First chunk: after ${median(first.turns)} turn(s) of the event loop in the process, after ${median(first.acrossMs).toFixed(1)} ms (at most ${Math.max(...first.acrossMs).toFixed(1)}) in another process.`,
  ].join("\n\n");
  console.log(report);
  if (options.write) await writeReport(report);
}

async function measure(name: string): Promise<Figures> {
  const unpaced = await openChannel(name);
  const startMs = performance.now();
  for (let sent = 0; sent < UNPACED_CHUNKS; sent++) {
    unpaced.write(WORDS[sent % WORDS.length] ?? "");
    if (sent % 500 === 499) await turn();
  }
  check(name, await unpaced.finish(), UNPACED_CHUNKS);
  const chunksPerSecond = (UNPACED_CHUNKS / (performance.now() - startMs)) * 1000;

  const paced = await openChannel(name);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const beginMs = performance.now();
  let sent = 0;
  for (let nowMs = beginMs; nowMs - beginMs < PACED_MS; nowMs = performance.now()) {
    const due = Math.floor(((nowMs - beginMs) / 1000) * RATE);
    while (sent < due) paced.write(WORDS[sent++ % WORDS.length] ?? "");
    await sleep(1);
  }
  delay.disable();
  check(name, await paced.finish(), sent);
  const pacedPerSecond = (sent / (performance.now() - beginMs)) * 1000;
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const peakMb = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) / 1000;
  return { chunksPerSecond, pacedPerSecond, delayP99Ms: delay.percentile(99) / 1e6, peakMb };
}

function check(name: string, got: readonly number[], sent: number): void {
  if (got.some((count) => count !== sent)) throw new Error(`${name}: ${sent} sent, got ${got.join(" and ")}`);
}

async function openChannel(name: string): Promise<Channel> {
  switch (name) {
    case "tracekeep":
      return openTracekeep();
    case "EventEmitter":
      return openEmitter();
    case "Node streams":
      return openStreams();
    default:
      return openQueues();
  }
}

async function openTracekeep(): Promise<Channel> {
  const { openStore, subscribe, ChunkView } = await load();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
  const session = openStore({ dir, durability: "os" }).startSession();
  const stream = session.stream();
  const read = async (pause: boolean): Promise<number> => {
    const view = new ChunkView();
    let count = 0;
    const policy = pause ? "drop-oldest" : "catch-up";
    for await (const event of subscribe({ dir, session: session.id, volatile: true, policy })) {
      count += view.read(event).length;
      if (pause && count % 100 === 0) await sleep(10);
    }
    return count;
  };
  const readers = [read(false), read(false)];
  const slow = read(true);
  await turn();
  return {
    write: (chunk) => stream.write(chunk),
    finish: async () => {
      session.end();
      const got = await Promise.all(readers);
      await slow;
      fs.rmSync(dir, { recursive: true });
      return got;
    },
  };
}

/** Handlers that are called at once; the slow one can only keep what it does not get to. */
function openEmitter(): Channel {
  const emitter = new EventEmitter();
  const got = [0, 0];
  const waiting: string[] = [];
  emitter.on("chunk", () => got[0]!++);
  emitter.on("chunk", () => got[1]!++);
  emitter.on("chunk", (chunk: string) => waiting.push(chunk));
  return { write: (chunk) => void emitter.emit("chunk", chunk), finish: async () => got };
}

/** A PassThrough for each reader. */
function openStreams(): Channel {
  const streams = [0, 1, 2].map(() => new PassThrough({ objectMode: true }));
  const read = async (stream: PassThrough, pause: boolean): Promise<number> => {
    let count = 0;
    for await (const _ of stream) if (++count % 100 === 0 && pause) await sleep(10);
    return count;
  };
  const readers = streams.slice(0, 2).map((stream) => read(stream, false));
  void read(streams[2]!, true).catch(() => undefined);
  return {
    write: (chunk) => streams.forEach((stream) => stream.write(chunk)),
    finish: async () => {
      streams.slice(0, 2).forEach((stream) => stream.end());
      const got = await Promise.all(readers);
      streams[2]!.destroy();
      return got;
    },
  };
}

/** An array and a promise for each reader, as everybody has written it once. */
function openQueues(): Channel {
  const queues = [0, 1, 2].map(() => ({
    items: [] as (string | undefined)[],
    wake: (): void => undefined,
  }));
  const read = async (queue: (typeof queues)[0], pause: boolean): Promise<number> => {
    let count = 0;
    for (;;) {
      const items = queue.items.splice(0);
      if (items.length === 0) await new Promise<void>((resolve) => (queue.wake = resolve));
      for (const item of items) {
        if (item === undefined) return count;
        if (++count % 100 === 0 && pause) await sleep(10);
        else await Promise.resolve();
      }
    }
  };
  const readers = queues.slice(0, 2).map((queue) => read(queue, false));
  void read(queues[2]!, true);
  const put = (queue: (typeof queues)[0], item: string | undefined): void => {
    queue.items.push(item);
    queue.wake();
  };
  return {
    write: (chunk) => queues.forEach((queue) => put(queue, chunk)),
    finish: async () => {
      queues.slice(0, 2).forEach((queue) => put(queue, undefined));
      const got = await Promise.all(readers);
      queues[2]!.items = [undefined];
      return got;
    },
  };
}

async function turnsToFirst(): Promise<number> {
  const { openStore, subscribe } = await load();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
  const session = openStore({ dir, durability: "os" }).startSession();
  await sleep(50);
  const events = subscribe({ dir });
  const seen = { given: false };
  void events.next().then(() => (seen.given = true));
  await sleep(50);
  session.stream().write("Hello");
  let turns = 0;
  for (; !seen.given; turns++) await turn();
  await events.return();
  session.end();
  fs.rmSync(dir, { recursive: true });
  return turns;
}

async function acrossToFirst(): Promise<number> {
  const { openStore } = await load();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-bench-"));
  const session = openStore({ dir, durability: "os" }).startSession();
  const child = spawn(process.execPath, [...process.execArgv, HERE, "watch", dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await sleep(200);
  const startMs = Date.now() + (performance.now() % 1);
  session.stream().write("Hello");
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  session.end();
  await once(child, "close");
  fs.rmSync(dir, { recursive: true });
  return Number(String(text)) - startMs;
}

/** In another process: says when the first chunk was there. */
async function watchFirst(dir: string): Promise<void> {
  const { subscribe } = await load();
  const events = subscribe({ dir });
  const next = events.next();
  console.log("ready");
  await next;
  console.log(Date.now());
  await events.return();
}

async function load(): Promise<
  typeof import("../src/index.ts") & Pick<typeof import("../src/live/index.ts"), "ChunkView">
> {
  const [main, live] = (await Promise.all([
    import(path.join(DIST, "index.js")),
    import(path.join(DIST, "live/index.js")),
  ])) as [typeof import("../src/index.ts"), typeof import("../src/live/index.ts")];
  return { ...main, ChunkView: live.ChunkView };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, column) => (column === 0 ? "---" : "--:"))), ...rows.map(line)].join(
    "\n",
  );
}

async function writeReport(report: string): Promise<void> {
  const text = fs.readFileSync(DOCUMENT, "utf8");
  const [begin, end] = MARKERS.map((marker) => text.indexOf(marker)) as [number, number];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no ${MARKERS.join(" … ")}`);
  const changed = `${text.slice(0, begin)}${MARKERS[0]}\n\n${report}\n\n${text.slice(end)}`;
  fs.writeFileSync(DOCUMENT, await format(changed, { parser: "markdown", printWidth: 110 }));
}
