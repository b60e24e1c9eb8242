// Watches running sessions: folds in what hooks leave, imports their transcripts as they grow, and shows what comes.

import { standardDetectors } from "../../detect/index.ts";
import type { Event } from "../../event/index.ts";
import { foldSpool, hasNews } from "../../import/index.ts";
import { startHookServer } from "../../integrations/index.ts";
import type { HookServer } from "../../integrations/index.ts";
import { openStore } from "../../record/index.ts";
import type { Store } from "../../record/index.ts";
import { eventText, fitText, renderAnomalies } from "../../report/index.ts";
import type { AnomalyRow } from "../../report/index.ts";
import { findOrCreateStore, findStore } from "../../store/session/find.ts";
import { analyzeEvent } from "../../summary/index.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { LiveStatus } from "../live-status.ts";
import { NewEvents } from "../new-events.ts";
import { UsageError } from "../usage-error.ts";

export const watch: Command = {
  name: "watch",
  summary: "watch running sessions live",
  options: {
    once: { kind: "flag", about: "fold in what is there, show it, and end" },
    http: {
      kind: "text",
      value: "PORT",
      about: "take hook calls over HTTP on 127.0.0.1, too (0: any free port)",
    },
    json: { kind: "flag", about: "print the event lines as they are stored" },
  },
  examples: [
    ["watch", "one line an event; on a terminal, how it goes below"],
    ["watch --json | jq .tool", "for another program"],
    ["watch --http 4517", "for hosts that send their hooks over HTTP"],
  ],
  run,
};

/** Between two looks. */
const LOOK_MS = 250;
/** Transcripts are imported at most so often, and only a twentieth of the time. */
const MIRROR_MS = 2000;
const MIRROR_SHARE = 20;
/** Sessions last written to before that are not taken for running. */
const RECENT_MS: number = 3_600_000;

async function run(context: CommandContext): Promise<ExitCode> {
  const port = portOf(context);
  // Taking calls is recording, which creates a store; looking is not.
  const dir = port === undefined ? findStore(context.place) : findOrCreateStore(context.place);
  const store = openStore({ dir, durability: "os", handleSignals: false, onFault: () => undefined });
  const server = port === undefined ? undefined : await startHookServer({ storeDir: dir, port });
  if (server !== undefined) tellServer(context, server);
  const view = new View(context, new NewEvents(dir, Date.now() - RECENT_MS));
  const mirror = { dueMs: 0 };
  try {
    for (let isFirst = true; !context.signal.aborted; isFirst = false) {
      // Before the first fold, what is there is old; what the fold adds is shown.
      if (isFirst) await view.show();
      await fold(store, mirror, context.signal);
      await view.show();
      if (context.flag("once")) break;
      await pause(LOOK_MS, context.signal);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
  } finally {
    view.close();
    await server?.close();
    store.close();
  }
  return EXIT.done;
}

// --- internal ---

function portOf(context: CommandContext): number | undefined {
  const text = context.text("http");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new UsageError(`--http takes a port from 0 to 65535, got "${text}"`);
  }
  return port;
}

/** On standard error, so that `--json` stays clean; a token in a log would be a secret in a log. */
function tellServer({ stderr }: CommandContext, { url, token }: HookServer): void {
  stderr.line(`hooks are taken at ${url} with the header  Authorization: Bearer ${token}`);
}

async function fold(store: Store, mirror: { dueMs: number }, signal: AbortSignal): Promise<void> {
  if (!hasNews(store.dir)) return;
  const startMs = performance.now();
  const transcripts = startMs >= mirror.dueMs;
  await foldSpool(store, { transcripts, signal });
  const endMs = performance.now();
  if (transcripts) mirror.dueMs = endMs + Math.max(MIRROR_MS, (endMs - startMs) * MIRROR_SHARE);
}

/** The lines of events, what the rules find in them, and below them, on a terminal, how it goes. */
class View {
  readonly #context: CommandContext;
  readonly #events: NewEvents;
  readonly #status = new LiveStatus();
  readonly #detectors = standardDetectors();
  #hasStatus = false;

  constructor(context: CommandContext, events: NewEvents) {
    this.#context = context;
    this.#events = events;
  }

  async show(): Promise<void> {
    const { stdout, stderr, flag } = this.#parts();
    for (const { event, text, isOld } of this.#events.read()) {
      const anomalies = this.#analyze(event);
      if (isOld) {
        this.#status.recall(event);
        continue;
      }
      this.#status.observe(event, Date.now());
      this.#clear();
      if (flag("json")) stdout.write(text);
      else {
        const options = { columns: stdout.lineColumns, color: stdout.color };
        stdout.line(eventText(event, { ...options, place: true }));
        for (const line of renderAnomalies(anomalies, options)) stdout.line(line);
      }
      if (stdout.isFull) await stdout.drain();
    }
    await stdout.drain();
    if (stderr.isTerminal && !flag("once")) {
      this.#clear();
      stderr.write(fitText(this.#status.text(Date.now()), stderr.columns - 1));
      this.#hasStatus = true;
    }
    await stderr.drain();
  }

  close(): void {
    this.#clear();
  }

  // --- internal ---

  /** What the rules find; a rule that fails finds nothing. Nothing is recorded by that: the log belongs to its writer. */
  #analyze(event: Event): AnomalyRow[] {
    const found: AnomalyRow[] = [];
    const { session_id, agent_id, seq, timestamp } = event;
    const place = { session_id, agent_id, seq, timestamp };
    analyzeEvent(
      this.#detectors,
      event,
      (anomaly) => {
        this.#status.find(session_id, anomaly);
        found.push({ ...place, anomaly, recorded: false });
      },
      () => undefined,
    );
    return found;
  }

  #parts(): Pick<CommandContext, "stdout" | "stderr"> & { flag: (name: string) => boolean } {
    const { stdout, stderr } = this.#context;
    return { stdout, stderr, flag: (name) => this.#context.flag(name) };
  }

  #clear(): void {
    if (this.#hasStatus) this.#context.stderr.write("\r\u001b[K");
    this.#hasStatus = false;
  }
}

/** Ends at once when the command is to end. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
