import { checkOptionNames, describe } from "../base/options.ts";
import { Redactor } from "../redact/index.ts";
import { jsonlSink } from "../sinks/jsonl.ts";
import { checkSink } from "../sinks/sink.ts";
import type { Sink } from "../sinks/sink.ts";
import { currentSession } from "./context.ts";
import { checkSessionOptions, checkWriterOptions } from "./options.ts";
import type { SessionOptions, StoreOptions, WriterOptions } from "./options.ts";

type OfSession = Pick<
  SessionOptions,
  "id" | "agent" | "parent" | "title" | "project" | "metadata" | "detectors" | "onAnomaly"
>;
type OfStore = Pick<
  StoreOptions,
  "maxLineBytes" | "redaction" | "prices" | "handleSignals" | "onFault" | "clock"
>;

export interface RecorderOptions extends OfSession, OfStore {
  /**
   * Where the events go: a sink, or the path of a JSON Lines file, which is `jsonlSink(path)`. There is no default:
   * events must not vanish because somebody forgot to say where to (`nullSink()` says it).
   */
  sink: Sink | string;
  /** Sinks that get a copy of what `sink` accepted. What they do with it, also failing, stays with them. */
  sinks?: readonly Sink[] | undefined;
}

const NAMES = [
  "sink",
  "sinks",
  "id",
  "agent",
  "parent",
  "title",
  "project",
  "metadata",
  "detectors",
  "onAnomaly",
  "maxLineBytes",
  "redaction",
  "prices",
  "handleSignals",
  "onFault",
  "clock",
] as const satisfies readonly (keyof RecorderOptions)[];

export interface CheckedRecorderOptions extends Pick<OfStore, "clock">, WriterOptions {
  session: SessionOptions & { agent: string; origin: string };
  redactor: Redactor;
  sink: Sink;
  /** The sink was made here, from a path. */
  ownsSink: boolean;
}

/** @throws TypeError, RangeError; TracekeepError when the file of a path cannot be opened */
export function checkRecorderOptions(options: RecorderOptions): CheckedRecorderOptions {
  checkOptionNames("createRecorder", options, NAMES);
  const { sink, id, agent, parent = currentSession()?.id, title, project, metadata } = options;
  const { detectors, onAnomaly } = options;
  if (sink === undefined) {
    throw new TypeError("createRecorder: no sink given; name a file, or a sink from tracekeep/sinks");
  }
  if (typeof sink !== "string" && typeof sink !== "object") {
    throw new TypeError(`createRecorder: sink must be a sink or a path, got ${describe(sink)}`);
  }
  const session = checkSessionOptions(
    { id, agent, parent, title, project, metadata, detectors, onAnomaly },
    { durability: "interval" },
  );
  const writer = checkWriterOptions("createRecorder", options);
  const ownsSink = typeof sink === "string";
  return {
    ...writer,
    redactor: new Redactor(options.redaction),
    clock: options.clock,
    session,
    // Last, because a file that was opened would stay so when something else is refused.
    sink: ownsSink ? jsonlSink(sink) : checkSink("createRecorder", sink),
    ownsSink,
  };
}
