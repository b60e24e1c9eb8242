// Vivarium's audit logs: `~/.scout/audit.jsonl` and the archives beside it, `audit_YYYYMMDD_HHMMSS.jsonl.gz`. One file
// holds the events of many processes, each a session of its own.

import path from "node:path";

import { parseTimestamp } from "../event/index.ts";
import type { EventDraft, JsonObject } from "../event/index.ts";
import { vivariumFields } from "../read/scan/vivarium.ts";
import type { ImportedSession, Importer, Translated, TranscriptFile, Translator } from "./importer.ts";
import { textIn } from "./json.ts";

export const vivarium: Importer = {
  name: "vivarium",
  fileNames: /\.jsonl(\.gz)?$/,

  defaultRoots(_env: Record<string, string | undefined>, home: string): string[] {
    return [path.join(home, ".scout")];
  },

  recognises(file: string, head: readonly JsonObject[]): boolean {
    return /\.jsonl(\.gz)?$/.test(file) && head.some((record) => isTheirs(record));
  },

  translator(file: TranscriptFile): Translator {
    return new VivariumTranslator(file.path);
  },
};

// --- internal ---

class VivariumTranslator implements Translator {
  readonly #sessions = new Map<string, ImportedSession>();
  /** For lines that name no session. */
  readonly #nameless: string;

  constructor(file: string) {
    this.#nameless = `vivarium-${path.basename(file).replace(/\.jsonl(\.gz)?$/, "")}`;
  }

  translate(record: JsonObject): readonly Translated[] {
    const { event, session_id: _session, ...fields } = vivariumFields(record);
    const time = textIn(record, "ts");
    const draft: EventDraft = {
      event: typeof event === "string" && event !== "" ? event : "UNKNOWN",
      ...(time === undefined || parseTimestamp(time) === undefined ? {} : { timestamp: time }),
      ...fields,
      ...(fields["cost_usd"] === undefined ? {} : { cost_source: "reported" }),
    };
    return [{ session: this.#sessionOf(record, draft), draft }];
  }

  #sessionOf(record: JsonObject, { timestamp }: EventDraft): ImportedSession {
    const id = textIn(record, "session_id") ?? this.#nameless;
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = { id, agent: "vivarium", ...(typeof timestamp === "string" ? { startedAt: timestamp } : {}) };
      this.#sessions.set(id, session);
    }
    return session;
  }
}

function isTheirs(record: JsonObject): boolean {
  const time = textIn(record, "ts");
  return textIn(record, "event") !== undefined && time !== undefined && parseTimestamp(time) !== undefined;
}
