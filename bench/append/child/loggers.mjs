// The loggers that Node programs use, each set up as its own documentation says for JSON lines in a file. pino and
// sonic-boom come in every mode, because which one is fastest depends on how many events a turn brings.

import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { countLines, load } from "./contender.mjs";

/** @type {Record<string, import("./contender.mjs").Contender>} */
export const LOGGERS = {
  "pino sync": logger(async (file) => pinoTo(await pinoDestination({ dest: file, sync: true }))),
  // docs/asynchronous.md of pino: minLength 4096.
  "pino async": logger(async (file) =>
    pinoTo(await pinoDestination({ dest: file, sync: false, minLength: 4096 })),
  ),
  "pino.transport": logger(async (file) => {
    const { pino } = await load("pino");
    return pinoTo(pino.transport({ target: "pino/file", options: { destination: file } }));
  }),
  "sonic-boom sync": logger((file) => sonicBoom({ dest: file, sync: true })),
  "sonic-boom async": logger((file) => sonicBoom({ dest: file, sync: false, minLength: 4096 })),
  winston: queueing(async (file) => {
    const { default: winston } = await load("winston");
    const transport = new winston.transports.File({ filename: file });
    const log = winston.createLogger({ format: winston.format.json(), transports: [transport] });
    return {
      append: (event) => void log.info(event.event, event),
      finish: async () => {
        // end() ends the transport at once, and what is still queued before it would be an error ("write after end").
        while (log.writableLength + log.readableLength > 0) await sleep(1);
        const finished = once(transport, "finish");
        log.end();
        await finished;
      },
    };
  }),
  bunyan: logger(async (file) => {
    const { default: bunyan } = await load("bunyan");
    const log = bunyan.createLogger({ name: "agent", streams: [{ path: file }] });
    const { stream } = log.streams[0];
    return {
      append: (event) => log.info(event),
      finish: async () => {
        stream.end();
        await once(stream, "finish");
      },
    };
  }),
  log4js: queueing(async (file) => {
    const { default: log4js } = await load("log4js");
    log4js.addLayout(
      "json",
      () =>
        ({ startTime, level, data }) =>
          JSON.stringify({ time: startTime, level: level.levelStr, ...data[0] }),
    );
    log4js.configure({
      appenders: { file: { type: "file", filename: file, layout: { type: "json" } } },
      categories: { default: { appenders: ["file"], level: "info" } },
    });
    const log = log4js.getLogger();
    return {
      append: (event) => log.info(event),
      finish: () => new Promise((resolve) => log4js.shutdown(resolve)),
    };
  }),
  // Its plain file sink calls fsync for every 8 KiB, so the two that do not are here as well.
  "logtape file": logger((file) => logtape(({ getFileSink }, formatter) => getFileSink(file, { formatter }))),
  "logtape non-blocking": logger((file) =>
    logtape(({ getFileSink }, formatter) => getFileSink(file, { formatter, nonBlocking: true })),
  ),
  "logtape stream": logger((file) =>
    logtape(({ getStreamFileSink }, formatter) => getStreamFileSink(file, { formatter })),
  ),
};

// --- internal ---

/** @returns {import("./contender.mjs").Contender} */
function logger(openLog) {
  return {
    takes: "event",
    open: async (directory) => {
      const file = path.join(directory, "log");
      const { append, finish } = await openLog(file);
      return { append, finish, count: () => countLines(file) };
    },
  };
}

function queueing(openLog) {
  return { ...logger(openLog), queues: true };
}

async function pinoDestination(options) {
  const { pino } = await load("pino");
  const destination = pino.destination(options);
  if (!options.sync) await once(destination, "ready");
  return destination;
}

async function pinoTo(destination) {
  const { pino } = await load("pino");
  // Without process id and host name: the events have an envelope already.
  const log = pino({ base: null }, destination);
  return { append: (event) => log.info(event), finish: () => end(destination) };
}

async function sonicBoom(options) {
  const { default: SonicBoom } = await load("sonic-boom");
  const stream = new SonicBoom(options);
  if (!options.sync) await once(stream, "ready");
  return { append: (event) => void stream.write(`${JSON.stringify(event)}\n`), finish: () => end(stream) };
}

async function end(stream) {
  const closed = once(stream, "close");
  // The worker of a pino transport does not keep the process alive by itself.
  const alive = setInterval(() => undefined, 1000);
  stream.end();
  await closed;
  clearInterval(alive);
}

async function logtape(openSink) {
  const { configure, dispose, getLogger, jsonLinesFormatter } = await load("@logtape/logtape");
  const sink = openSink(await load("@logtape/file"), jsonLinesFormatter);
  await configure({
    reset: true,
    sinks: { file: sink },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
      { category: "agent", lowestLevel: "info", sinks: ["file"] },
    ],
  });
  const log = getLogger("agent");
  return { append: (event) => log.info(event.event, event), finish: dispose };
}
