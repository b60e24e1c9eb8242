// Ways to hand chunks to two readers that keep up and one that does not. Tracekeep records every chunk on the way; the
// others are what a program would do by hand, without recording anything.

import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {object} Channel
 * @property {(chunk: string) => void} write
 * @property {() => Promise<number[]>} finish what each of the two readers got, once they have everything
 * @property {(() => number)=} dropped events that the slow one was told it did not get
 */

/** @type {Record<string, (directory: string) => Promise<Channel>>} */
export const CHANNELS = {
  tracekeep: openTracekeep,
  EventEmitter: async () => openEmitter(),
  "Node streams": async () => openStreams(),
  "async queue": async () => openQueues(),
};

async function openTracekeep(dir) {
  const { openStore, subscribe } = await import("../../../dist/index.js");
  const { ChunkView } = await import("../../../dist/live/index.js");
  const session = openStore({ dir, durability: "os" }).startSession();
  const stream = session.stream();
  const options = { dir, session: session.id, volatile: true };
  const read = async () => {
    const view = new ChunkView();
    let count = 0;
    for await (const event of subscribe(options)) count += view.read(event).length;
    return count;
  };
  const slow = subscribe({ ...options, policy: "drop-oldest" });
  const readSlowly = async () => {
    for await (const _ of slow) await sleep(2_000);
  };
  const readers = [read(), read()];
  void readSlowly();
  await turn();
  return {
    write: (chunk) => stream.write(chunk),
    finish: async () => {
      session.end();
      const got = await Promise.all(readers);
      // The slow one is still at an event of its own; what is measured does not wait for it.
      void slow.return();
      return got;
    },
    dropped: () => slow.droppedEvents,
  };
}

/** Handlers that are called at once; the slow one can only keep what it does not get to. */
function openEmitter() {
  const emitter = new EventEmitter();
  const got = [0, 0];
  const waiting = [];
  emitter.on("chunk", () => got[0]++);
  emitter.on("chunk", () => got[1]++);
  emitter.on("chunk", (chunk) => waiting.push(chunk));
  return { write: (chunk) => void emitter.emit("chunk", chunk), finish: async () => got };
}

/** A PassThrough for each reader. */
function openStreams() {
  const streams = [0, 1, 2].map(() => new PassThrough({ objectMode: true }));
  const read = async (stream, pause) => {
    let count = 0;
    for await (const _ of stream) if (++count % 100 === 0 && pause) await sleep(10);
    return count;
  };
  const readers = streams.slice(0, 2).map((stream) => read(stream, false));
  void read(streams[2], true).catch(() => undefined);
  return {
    write: (chunk) => streams.forEach((stream) => stream.write(chunk)),
    finish: async () => {
      for (const stream of streams.slice(0, 2)) stream.end();
      const got = await Promise.all(readers);
      streams[2].destroy();
      return got;
    },
  };
}

/** An array and a promise for each reader, as everybody has written it once. */
function openQueues() {
  const queues = [0, 1, 2].map(() => ({ items: [], wake: () => undefined }));
  const read = async (queue, pause) => {
    let count = 0;
    for (;;) {
      const items = queue.items.splice(0);
      if (items.length === 0) await new Promise((resolve) => (queue.wake = resolve));
      for (const item of items) {
        if (item === undefined) return count;
        if (++count % 100 === 0 && pause) await sleep(10);
        else await Promise.resolve();
      }
    }
  };
  const readers = queues.slice(0, 2).map((queue) => read(queue, false));
  void read(queues[2], true);
  const put = (queue, item) => {
    queue.items.push(item);
    queue.wake();
  };
  return {
    write: (chunk) => queues.forEach((queue) => put(queue, chunk)),
    finish: async () => {
      for (const queue of queues.slice(0, 2)) put(queue, undefined);
      const got = await Promise.all(readers);
      queues[2].items = [undefined];
      return got;
    },
  };
}
