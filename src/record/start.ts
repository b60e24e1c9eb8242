// What START and RESUMED say.

import { formatTimestamp, FORMAT_VERSION } from "../event/index.ts";
import type { EventDraft } from "../event/index.ts";
import type { Redactor } from "../redact/index.ts";
import { currentProcess } from "../store/disk/process.ts";
import type { SessionOptions } from "./options.ts";
import { RECORDER } from "./version.ts";

/** The first event of a session. */
export function startDraft(
  options: SessionOptions & { origin: string },
  durability: string,
  redactor: Redactor,
  sealKey?: string,
): EventDraft {
  const { startedAt, parent, title, project, metadata } = options;
  return {
    event: "START",
    ...(startedAt === undefined ? {} : { timestamp: startedAt }),
    format: FORMAT_VERSION,
    recorder: RECORDER,
    origin: options.origin,
    ...epoch(durability, redactor, sealKey),
    ...(parent === undefined ? {} : { parent_session_id: parent }),
    ...(title === undefined ? {} : { title }),
    ...(project === undefined ? {} : { project }),
    ...(startedAt === undefined ? {} : { imported_at: formatTimestamp(Date.now()) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** The first event of a later process that goes on with a session. */
export function resumedDraft(durability: string, redactor: Redactor, sealKey?: string): EventDraft {
  return {
    event: "RESUMED",
    format: FORMAT_VERSION,
    recorder: RECORDER,
    ...epoch(durability, redactor, sealKey),
  };
}

// --- internal ---

/** Who writes from here on, and how. */
function epoch(
  durability: string,
  { statement }: Redactor,
  sealKey: string | undefined,
): Record<string, unknown> {
  return {
    ...currentProcess(),
    durability,
    redaction: statement,
    ...(sealKey === undefined ? {} : { seal_key: sealKey }),
  };
}
