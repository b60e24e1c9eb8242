// Which sessions are open, as the ledger tells: opened, and neither closed nor abandoned since. Only what was added to
// the ledger since its last STORE_CHECKED is read, so it costs what happened lately and not how many sessions there are.

import * as fs from "node:fs";
import path from "node:path";

import type { Event, JsonValue } from "../../event/index.ts";
import { decodeLine } from "../../format/index.ts";
import { segmentPath } from "../layout.ts";
import { readLines, readLinesBackwards } from "../reading/line-reader.ts";
import type { OpenedSession } from "./ledger.ts";

export class OpenSessions {
  readonly #ledger: string;
  /** By session id. */
  readonly #open = new Map<string, OpenedSession>();
  /** How far the ledger has been read; -1: not at all. */
  #readTo = -1;
  #bytesSinceCheck = 0;

  /** @param ledger path of the ledger; nothing is read before {@link refresh} */
  constructor(ledger: string) {
    this.#ledger = ledger;
  }

  /** Reads what is new in the ledger. @returns false when there is no ledger. @throws TracekeepError */
  refresh(): boolean {
    const size = fs.lstatSync(this.#ledger, { throwIfNoEntry: false })?.size;
    if (size === undefined) return false;
    if (this.#readTo < 0) this.#readFromLastCheck();
    else if (size > this.#readTo) this.#readOn();
    return true;
  }

  find(sessionId: string): OpenedSession | undefined {
    return this.#open.get(sessionId);
  }

  get all(): OpenedSession[] {
    return [...this.#open.values()];
  }

  /** Bytes of ledger behind its last STORE_CHECKED. */
  get bytesSinceCheck(): number {
    return this.#bytesSinceCheck;
  }

  // --- internal ---

  #readFromLastCheck(): void {
    this.#readTo = 0;
    for (const line of readLinesBackwards(this.#ledger)) {
      // One that is written in another way is found as well, from the beginning on.
      if (!("bytes" in line) || !line.bytes.subarray(0, STORE_CHECKED.length).equals(STORE_CHECKED)) continue;
      if (decodeLine(line.bytes).kind !== "event") continue;
      this.#readTo = line.offset;
      break;
    }
    this.#readOn();
  }

  #readOn(): void {
    for (const line of readLines(this.#ledger, { fromOffset: this.#readTo })) {
      if (!("bytes" in line)) this.#readTo = line.offset + line.length;
      else if (line.bytes.at(-1) === 0x0a) {
        this.#readTo = line.offset + line.bytes.length;
        this.#bytesSinceCheck += line.bytes.length;
        const decoded = decodeLine(line.bytes);
        if (decoded.kind === "event") this.#fold(decoded.event);
      }
    }
  }

  #fold(event: Event): void {
    const { event: type, session_id: sessionId } = event;
    if (type === "STORE_CHECKED") {
      this.#open.clear();
      this.#bytesSinceCheck = 0;
      const list = event["open"];
      for (const each of Array.isArray(list) ? list : []) this.#add(each);
    } else if (type === "SESSION_OPENED") {
      this.#add(event as unknown as JsonValue);
    } else if (type === "SEGMENT_SWITCHED") {
      this.#goOn(sessionId, event["segment"]);
    } else if (type === "SESSION_ABANDONED" || (type === "SESSION_CLOSED" && this.#isOpener(event))) {
      this.#open.delete(sessionId);
    }
  }

  /** Segments before the last may be archived by now, so that nothing else would lead there from the one it was opened in. */
  #goOn(sessionId: string, segment: unknown): void {
    const session = this.#open.get(sessionId);
    if (session !== undefined && Number.isSafeInteger(segment))
      this.#open.set(sessionId, { ...session, file: segmentPath(session.file, Number(segment)) });
  }

  /** The next writer's SESSION_OPENED may have overtaken the SESSION_CLOSED of the one before. */
  #isOpener(event: Event): boolean {
    const opener = this.#open.get(event.session_id)?.process;
    return opener?.pid === event["pid"] && opener?.process_start === event["process_start"];
  }

  #add(entry: JsonValue): void {
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return;
    const text = (name: string): string => {
      const value = entry[name];
      return typeof value === "string" ? value : "";
    };
    const sessionId = text("session_id");
    this.#open.set(sessionId, {
      sessionId,
      agentId: text("agent_id"),
      // No entry can lead out of the store.
      file: path.join(path.dirname(this.#ledger), path.basename(text("file"))),
      process: {
        host: text("host"),
        boot_id: text("boot_id"),
        pid: Number(entry["pid"]),
        process_start: text("process_start"),
      },
    });
  }
}

// --- internal ---

const STORE_CHECKED: Buffer = Buffer.from('{"event":"STORE_CHECKED"');
