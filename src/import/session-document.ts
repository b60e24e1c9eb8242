// Our own sessions back from their JSON documents (docs/export.md), as they were: the same events, ids, times and numbers.

import path from "node:path";

import { TracekeepError } from "../base/errors.ts";
import type { Event, JsonObject } from "../event/index.ts";
import { decodeRecord } from "../format/index.ts";
import type { RestoredSession, RestoreOptions, Store } from "../record/index.ts";
import { filesIn, recognise } from "./files.ts";
import { textIn } from "./json.ts";
import { IMPORTERS } from "./run.ts";
import { readAbout, readTranscript } from "./transcript.ts";

/** The newest version of the document that is understood. */
const DOCUMENT_VERSION = 1;

/** A session's document, open for reading. */
export interface SessionDocument {
  sessionId: string;
  /** What it says beside its events. */
  about: JsonObject;
  /** The events, read anew by each iteration, in constant memory. Iterating throws TracekeepError for damage. */
  events: Iterable<Event>;
}

/**
 * Opens the document of a session, however it is laid out.
 *
 * @param file absolute path, ending with `.json`
 * @throws TracekeepError `BAD_EVENT` when it is none, `FORMAT_TOO_NEW`; or it cannot be read
 * @example for (const event of readSessionDocument("/backup/session_deploy-42.json").events) console.log(event.event);
 */
export function readSessionDocument(file: string): SessionDocument {
  const about = file.endsWith(".json") ? readAbout(file) : undefined;
  const sessionId = textIn(about, "session_id");
  const version = about?.["tracekeep_session"];
  if (about === undefined || sessionId === undefined || typeof version !== "number") {
    const { importer } = recognise(file, IMPORTERS);
    const hint =
      importer === undefined
        ? "one is made by: tracekeep export json SESSION --out FILE.json"
        : `it is one of ${importer.name}: tracekeep import ${importer.name} ${file}`;
    throw new TracekeepError("BAD_EVENT", `${file} is not the document of a session of ours`, {
      path: file,
      hint,
    });
  }
  if (version > DOCUMENT_VERSION) {
    throw new TracekeepError("FORMAT_TOO_NEW", `${file} has version ${version}, newer than this program`, {
      path: file,
      hint: "update tracekeep",
    });
  }
  return { sessionId, about, events: { [Symbol.iterator]: () => eventsOf(file) } };
}

/**
 * The files that are named, and those in folders that are called as exports are, `session_*.json`.
 *
 * @param cwd from where relative paths are taken
 * @throws TracekeepError when something named cannot be read
 */
export function findDocuments(paths: readonly string[], cwd: string): string[] {
  return [
    ...new Set(paths.flatMap((named) => [...filesIn(path.resolve(cwd, named), [/^session_.+\.json$/])])),
  ];
}

/**
 * Puts a session back into a store from its document: whole, or not at all.
 *
 * @throws TracekeepError `SESSION_EXISTS` when its id is taken (`id` gives it another); `BAD_EVENT` for a document that
 *   is damaged, or holds only some of a session's events
 * @example restoreDocument(openStore(), "/backup/session_deploy-42.json", { id: "deploy-42-again" });
 */
export function restoreDocument(store: Store, file: string, options: RestoreOptions = {}): RestoredSession {
  return store.restoreSession(readSessionDocument(file).events, options);
}

// --- internal ---

function* eventsOf(file: string): Generator<Event, void, undefined> {
  for (const item of readTranscript(file)) {
    const decoded = item.kind === "record" ? decodeRecord(item.record) : undefined;
    if (decoded?.kind === "event") {
      yield decoded.event;
      continue;
    }
    const offset = item.kind === "record" ? item.offset : item.from;
    const reason = item.kind === "damage" ? item.reason : (decoded?.reason ?? "the document is cut short");
    throw new TracekeepError("BAD_EVENT", `${file} is damaged at byte ${offset}: ${reason}`, {
      path: file,
      offset,
    });
  }
}
