// The spool as a source of events: which session a hook call belongs to, and what it says there. Calls, results,
// permissions and messages become events of the standard types; what has none is kept whole, under its own name.

import { MAX_TYPE_BYTES } from "../../event/index.ts";
import type { EventDraft, JsonObject, JsonValue } from "../../event/index.ts";
import { isObject } from "../../format/index.ts";
import type { ImportedSession, Importer, Translated, TranscriptFile, Translator } from "../importer.ts";
import { isNothing, objectIn, restOf, textIn } from "../json.ts";
import { answerKey, promptKey } from "../stamp.ts";
import { readHook } from "./hook-dialects.ts";
import { callOf, HookPermissions } from "./hook-permissions.ts";

/** Importers of what hooks left in the spool, one for each host: its sessions are those that its transcripts are. */
export const hookImporters: readonly Importer[] = ["claude-code", "codex", "gemini", "cursor"].map(
  (host) => ({
    name: host,
    defaultRoots: () => [],
    recognises: (_path, head) => head.some((record) => isHookRecord(record) && hostOf(record) === host),
    translator: (file) => new SpoolTranslator(host, file),
  }),
);

/** Whether a record is one that `tracekeep hook` wrote. */
export function isHookRecord(record: JsonObject): boolean {
  return record["record_type"] === "hook";
}

// --- internal ---

function hostOf(record: JsonObject): string {
  return textIn(record, "host") ?? "claude-code";
}

class SpoolTranslator implements Translator {
  readonly #host: string;
  readonly #file: TranscriptFile;
  readonly #sessions = new Map<string, HookSession>();

  constructor(host: string, file: TranscriptFile) {
    this.#host = host;
    this.#file = file;
  }

  translate(record: JsonObject): readonly Translated[] {
    const payload = objectIn(record, "payload");
    const hook = payload === undefined ? undefined : readHook(hostOf(record), payload);
    const id = hook?.sessionId ?? textIn(record, "session_id") ?? this.#sessionOfFile() ?? "unknown-session";
    const agentId = hook === undefined ? undefined : textIn(hook.fields, "agent_id");
    const session = this.#sessionOf(id, undefined, hook?.fields ?? record, record);
    const child =
      agentId === undefined ? undefined : this.#sessionOf(id, agentId, hook?.fields ?? record, record);
    const events =
      hook === undefined
        ? session.unreadable(record)
        : session.translate(hook.name, hook.fields, record, child);
    const sourceId = textIn(record, "id");
    const timestamp = textIn(record, "timestamp");
    return events.map((event) => ({
      ...event,
      sourceId,
      draft: timestamp === undefined ? event.draft : { ...event.draft, timestamp },
    }));
  }

  /** Whose the file is, for a call that does not say it itself. */
  #sessionOfFile(): string | undefined {
    for (const record of this.#file.head) {
      const payload = objectIn(record, "payload");
      const id = payload === undefined ? undefined : readHook(hostOf(record), payload).sessionId;
      if (id !== undefined) return id;
    }
    return undefined;
  }

  #sessionOf(id: string, agentId: string | undefined, fields: JsonObject, record: JsonObject): HookSession {
    const key = agentId === undefined ? id : `${id}/agent-${agentId}`;
    let session = this.#sessions.get(key);
    if (session !== undefined) return session;
    const project = textIn(fields, "cwd");
    const startedAt = textIn(record, "timestamp");
    session = new HookSession(
      {
        id: key,
        agent: agentId === undefined ? this.#host : `${this.#host}/${agentId}`,
        ...(agentId === undefined ? {} : { parent: id }),
        ...(project === undefined ? {} : { project }),
        ...(startedAt === undefined ? {} : { startedAt }),
      },
      this.#host,
    );
    this.#sessions.set(key, session);
    return session;
  }
}

type HookEvent = Omit<Translated, "sourceId">;

/** The hook calls of one session, or of one sub-agent. */
class HookSession {
  readonly imported: ImportedSession;
  readonly #host: string;
  readonly #permissions = new HookPermissions();
  #process = "";
  #transcript = "";

  constructor(imported: ImportedSession, host: string) {
    this.imported = imported;
    this.#host = host;
  }

  unreadable(record: JsonObject): HookEvent[] {
    const { text, bytes } = record;
    const reason = "the call is no JSON object";
    return [
      this.#event("unreadable", {
        event: this.#type("unreadable"),
        severity: "WARN",
        reason,
        record: { text: text ?? null, bytes: bytes ?? null },
      }),
    ];
  }

  /** @param child the sub-agent that the call names */
  translate(
    name: string,
    fields: JsonObject,
    record: JsonObject,
    child: HookSession | undefined,
  ): HookEvent[] {
    const isOfChild = child !== undefined && name !== "SubagentStart" && name !== "SubagentStop";
    const teller = isOfChild ? child : this;
    const events = teller.#translate(name, fields, textIn(record, "id") ?? "");
    if (child !== undefined && name === "SubagentStart") events.push(child.#childEvent(name, {}));
    if (child !== undefined && name === "SubagentStop") {
      events.push(...child.#unanswered(), child.#childEvent(name, { event: "END", reason: "subagent_stop" }));
    }
    const [first] = events;
    if (first !== undefined) teller.#addNews(first.draft, name, fields, record);
    return events;
  }

  // --- internal ---

  #translate(name: string, fields: JsonObject, recordId: string): HookEvent[] {
    const tool = textIn(fields, "tool_name") ?? "";
    const args = fields["tool_input"] ?? null;
    const message = textIn(fields, "last_assistant_message");
    const permissions = this.#permissions;
    switch (name) {
      case "PreToolUse": {
        const id = textIn(fields, "tool_use_id") ?? `call_${recordId}`;
        permissions.called(id, tool, args);
        return [this.#event(name, { event: "TOOL_CALL", call_id: id, tool, args }, fields, `tool:${id}`)];
      }
      case "PostToolUse":
      case "PostToolUseFailure": {
        const id = textIn(fields, "tool_use_id") ?? permissions.openCall(tool, args);
        const approved = permissions.ran(id, tool, args);
        const failed = name === "PostToolUseFailure";
        const result = this.#event(
          name,
          {
            event: "TOOL_RESULT",
            ...callOf(id),
            tool,
            ...(failed ? { error: fields["error"] ?? null } : { result: fields["tool_response"] ?? null }),
            status: failed ? (fields["is_interrupt"] === true ? "cancelled" : "error") : "ok",
            duration_ms: durationOf(fields),
          },
          fields,
          id === undefined ? undefined : `result:${id}`,
        );
        return [...approved.map((draft) => this.#inferred(draft)), result];
      }
      case "PermissionRequest": {
        const draft = permissions.requested(tool, args);
        return [this.#event(name, draft, fields)];
      }
      case "PermissionDenied": {
        const draft = permissions.denied(textIn(fields, "tool_use_id"), tool, args, textIn(fields, "reason"));
        return [this.#event(name, draft, fields)];
      }
      case "UserPromptSubmit": {
        const prompt = textIn(fields, "prompt") ?? "";
        const event = this.#event(
          name,
          { event: "USER_MESSAGE", message: prompt },
          fields,
          promptKey(prompt),
        );
        return [...this.#unanswered(), event];
      }
      case "SubagentStart":
        return [
          this.#event(
            name,
            { event: "DELEGATE", ...this.#childOf(fields), task: textIn(fields, "agent_type") },
            fields,
          ),
        ];
      case "SubagentStop":
        return [this.#event(name, { event: "RETURN", ...this.#childOf(fields), result: message }, fields)];
      case "StopFailure":
        return [
          this.#event(
            name,
            { event: "ERROR", error: fields["error"] ?? null, message: textIn(fields, "error_details") },
            fields,
          ),
        ];
      case "SessionEnd":
        return [
          ...this.#unanswered(),
          this.#event(name, { event: "END", reason: textIn(fields, "reason") ?? "other" }, fields),
        ];
      case "PreCompact":
        return [
          this.#event(
            name,
            { event: "CHECKPOINT", message: `compacting (${textIn(fields, "trigger") ?? "auto"})` },
            fields,
          ),
        ];
      case "Stop":
        return [...this.#unanswered(), this.#whole(name, fields)];
      default:
        return [this.#whole(name, fields)];
    }
  }

  /** In the sub-agent's own session, what its parent's call says of it. */
  #childEvent(name: string, draft: Partial<EventDraft>): HookEvent {
    const event: EventDraft = { event: this.#type(name), ...draft, metadata: { parent_hook: name } };
    return { session: this.imported, draft: event };
  }

  #inferred(draft: EventDraft): HookEvent {
    const { call_id: id } = draft;
    const copyKey = id === undefined ? undefined : answerKey(id);
    return { session: this.imported, draft: { ...draft, metadata: { inferred: true } }, copyKey };
  }

  #childOf(fields: JsonObject): { child_session_id?: string } {
    const id = textIn(fields, "agent_id");
    return id === undefined ? {} : { child_session_id: `${this.imported.id}/agent-${id}` };
  }

  /** When the turn is over, what was asked for and did not run was refused. */
  #unanswered(): HookEvent[] {
    return this.#permissions.turnEnded().map((draft) => this.#inferred(draft));
  }

  #whole(name: string, fields: JsonObject): HookEvent {
    const message =
      textIn(fields, "last_assistant_message") ?? textIn(fields, "message") ?? textIn(fields, "delta");
    const severity = QUIET.has(name) ? ({ severity: "DEBUG" } as const) : {};
    const rest = restOf(fields, SAID_ELSEWHERE);
    return this.#event(name, {
      event: this.#type(name),
      ...severity,
      message,
      ...(isNothing(rest) ? {} : { record: rest }),
    });
  }

  #type(name: string): string {
    const type = `${this.#host}/${name}`;
    return Buffer.byteLength(type) <= MAX_TYPE_BYTES ? type : `${this.#host}/other`;
  }

  #event(name: string, draft: EventDraft, fields?: JsonObject, copyKey?: string): HookEvent {
    const metadata: JsonObject = {
      hook: name,
      ...(fields === undefined ? {} : restOf(fields, SAID_BY_TYPE)),
    };
    const mode = fields === undefined ? undefined : textIn(fields, "permission_mode");
    if (mode !== undefined && ASKS_MODE.has(name)) metadata["permission_mode"] = mode;
    return { session: this.imported, draft: { ...draft, metadata }, copyKey };
  }

  /** What the call says of the session that the calls before it did not. */
  #addNews(draft: EventDraft, name: string, fields: JsonObject, record: JsonObject): void {
    const metadata = isObject(draft["metadata"] as JsonValue) ? (draft["metadata"] as JsonObject) : {};
    const agentProcess = objectIn(record, "process");
    const said = JSON.stringify(agentProcess ?? null);
    // A session that goes on after its end is a new epoch even when the same process runs it.
    if (agentProcess !== undefined && (said !== this.#process || name === "SessionStart")) {
      draft["agent_process"] = agentProcess;
      this.#process = said;
    }
    const transcript = textIn(fields, "transcript_path");
    if (transcript !== undefined && transcript !== this.#transcript) metadata["transcript_path"] = transcript;
    this.#transcript = transcript ?? this.#transcript;
  }
}

/** Of interest when looking closely only. */
const QUIET: ReadonlySet<string> = new Set([
  "MessageDisplay",
  "PostToolBatch",
  "InstructionsLoaded",
  "FileChanged",
]);

/** The mode decides what needs no asking, so it is part of who allowed a call. */
const ASKS_MODE: ReadonlySet<string> = new Set(["PreToolUse", "PermissionRequest", "PermissionDenied"]);

/** On every call: the session's own, or said by the event itself. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set([
  "session_id",
  "conversation_id",
  "transcript_path",
  "cwd",
  "hook_event_name",
  "permission_mode",
  "agent_id",
  "cursor_version",
  "workspace_roots",
]);

const SAID_BY_TYPE: ReadonlySet<string> = new Set([
  ...SAID_ELSEWHERE,
  "tool_name",
  "tool_input",
  "tool_response",
  "tool_use_id",
  "duration_ms",
  "error",
  "is_interrupt",
  "prompt",
  "reason",
]);

function durationOf(fields: JsonObject): number | undefined {
  const { duration_ms: duration } = fields;
  return typeof duration === "number" && duration >= 0 ? duration : undefined;
}
