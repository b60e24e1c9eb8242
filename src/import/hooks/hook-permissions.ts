// Who allowed what: hooks tell when leave was asked for, and never what the answer was. A call that then ran was
// allowed; one that had not when the turn was over was refused. Both events say that they are inferred.

import type { EventDraft, JsonValue } from "../../event/index.ts";

export class HookPermissions {
  /** Calls that have not returned, oldest first. */
  readonly #open = new Map<string, { tool: string; args: string; asked: boolean }>();
  /** Requests for calls that were never announced. */
  #unannounced: { tool: string; args: string }[] = [];

  /** A call was announced. */
  called(id: string, tool: string, args: JsonValue): void {
    this.#open.set(id, { tool, args: JSON.stringify(args), asked: false });
    // A call whose result no hook told of must not be kept for ever.
    if (this.#open.size > MAX_OPEN)
      for (const oldest of this.#open.keys()) return void this.#open.delete(oldest);
  }

  /** The oldest open call with that tool and those arguments: some hosts give calls no id. */
  openCall(tool: string, args: JsonValue, asked?: boolean): string | undefined {
    const text = JSON.stringify(args);
    for (const [id, call] of this.#open) {
      if (call.tool === tool && call.args === text && (asked === undefined || call.asked === asked))
        return id;
    }
    return undefined;
  }

  /** Leave was asked for. */
  requested(tool: string, args: JsonValue): EventDraft {
    const id = this.openCall(tool, args, false);
    const call = id === undefined ? undefined : this.#open.get(id);
    if (call === undefined) this.#unannounced.push({ tool, args: JSON.stringify(args) });
    else call.asked = true;
    return { event: "PERMISSION_REQUEST", ...callOf(id), tool, args };
  }

  /** A call returned: if leave had been asked for it, it was given. */
  ran(id: string | undefined, tool: string, args: JsonValue): EventDraft[] {
    const text = JSON.stringify(args);
    const call = id === undefined ? undefined : this.#open.get(id);
    if (id !== undefined) this.#open.delete(id);
    const at = this.#unannounced.findIndex((each) => each.tool === tool && each.args === text);
    if (call?.asked !== true && at < 0) return [];
    if (call?.asked !== true) this.#unannounced.splice(at, 1);
    return [outcome("approved", id, tool, "the call ran after leave was asked for")];
  }

  /** The host's own rules refused a call. */
  denied(given: string | undefined, tool: string, args: JsonValue, reason: string | undefined): EventDraft {
    const id = given ?? this.openCall(tool, args);
    if (id !== undefined) this.#open.delete(id);
    return { event: "POLICY_CHECK", ...callOf(id), policy: "auto-mode", status: "denied", tool, reason };
  }

  /** The turn is over, so what was asked for and has not run will not. */
  turnEnded(): EventDraft[] {
    const refused: EventDraft[] = [];
    for (const [id, { tool, asked }] of this.#open) {
      if (!asked) continue;
      refused.push(outcome("denied", id, tool, NOT_RUN));
      this.#open.delete(id);
    }
    for (const { tool } of this.#unannounced) refused.push(outcome("denied", undefined, tool, NOT_RUN));
    this.#unannounced = [];
    return refused;
  }
}

/** The field that says which call an event is of, when that is known. */
export function callOf(id: string | undefined): { call_id?: string } {
  return id === undefined ? {} : { call_id: id };
}

// --- internal ---

const MAX_OPEN = 10_000;
const NOT_RUN = "the turn ended and the call had not run";

function outcome(status: string, callId: string | undefined, tool: string, reason: string): EventDraft {
  return { event: "HUMAN_APPROVAL", ...callOf(callId), status, approver: "user", tool, reason };
}
