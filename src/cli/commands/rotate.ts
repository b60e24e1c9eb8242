// Begins new segments of sessions that nobody is writing, so that what they have is complete and can be archived.

import { TracekeepError } from "../../base/errors.ts";
import { openReader } from "../../read/index.ts";
import { formatShortId, printable } from "../../report/index.ts";
import { rotateSession } from "../../store/lifecycle/rotate.ts";
import { SessionCatalog } from "../../store/session/catalog.ts";
import type { Command } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { sessionNamed } from "../session-name.ts";

export const rotate: Command = {
  name: "rotate",
  summary: "begin a new segment of a session, or of all that have not ended",
  operands: { usage: "[SESSION]", min: 0, max: 1 },
  options: { json: { kind: "flag", about: "one JSON object a session: session_id, file, error" } },
  examples: [
    ["rotate deploy-42", "what it has so far is complete now"],
    ["rotate", "every session that has not ended and that nobody is writing"],
  ],
  run,
};

async function run(context: CommandContext): Promise<ExitCode> {
  const reader = openReader(context.place);
  const [name] = context.operands;
  const ids: string[] = [];
  if (name !== undefined) ids.push(sessionNamed(context, reader, name));
  else
    for await (const { session_id: id, ended_at: endedAt } of reader.sessions())
      if (endedAt === null) ids.push(id);
  const catalog = new SessionCatalog(reader.dir).refresh();
  let failed = 0;
  for (const id of ids) {
    const last = catalog.find(id);
    // What is in the archive is complete already.
    if (last === undefined || last.archived) continue;
    const outcome = { session_id: id, ...attempt(() => rotateSession(reader.dir, last)) };
    const isExpected = name === undefined && outcome.code === "SESSION_BUSY";
    if (outcome.error !== null && !isExpected) failed++;
    const { code: _, ...told } = outcome;
    if (context.flag("json")) context.stdout.json(told);
    else context.stdout.line(`${formatShortId(id)}  ${printable(told.file ?? told.error ?? "")}`);
  }
  if (ids.length === 0 && !context.flag("json")) context.stdout.line("Every session has ended.");
  return failed > 0 ? EXIT.failed : EXIT.done;
}

// --- internal ---

interface Outcome {
  file: string | null;
  error: string | null;
  code: string | undefined;
}

function attempt(rotateIt: () => string): Outcome {
  try {
    return { file: rotateIt(), error: null, code: undefined };
  } catch (error) {
    if (!(error instanceof TracekeepError)) throw error;
    return { file: null, error: error.message, code: error.code };
  }
}
