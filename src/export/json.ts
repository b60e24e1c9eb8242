// One JSON document a session, from which `tracekeep import json` makes the same session again (docs/export.md). Each
// event is a line of its own and the very line that is stored, so that the document can be written, searched and compared
// without being read as a whole.

import type { SessionEntry } from "../read/index.ts";
import type { ExportFormat } from "./format.ts";

/** Version of the document. */
const VERSION = 1;

/** @example await exportFile(reader, json(), "deploy.json", { sessions: ["deploy-42"] }); */
export function json(): ExportFormat {
  return {
    name: "json",
    extension: ".json",
    oneSession: true,
    writer: () => {
      let separator = "\n";
      return {
        begin: headOf,
        put: ({ text }) => {
          const event = separator + text.trimEnd();
          separator = ",\n";
          return event;
        },
        end: () => "\n]}\n",
      };
    },
  };
}

// --- internal ---

/** What stands before the events is for people and lists; importing reads the events. */
function headOf(session: SessionEntry): string {
  const { session_id, agent_id, title, preview, started_at, last_at, events } = session;
  const about = { tracekeep_session: VERSION, session_id, agent_id, title, preview, started_at, last_at };
  return `${JSON.stringify({ ...about, event_count: events }).slice(0, -1)},"events":[`;
}
