// A method for each everyday event, and handles that pair a call with its result: same `call_id`, time in between
// measured on the monotonic clock.

import { randomSalt } from "../base/ids.ts";
import type { EventDraft } from "../event/index.ts";
import type { Receipt } from "./receipt.ts";
import type { Recorded } from "./recorded.ts";

/** Further fields for an event. */
export type Extra = Readonly<Record<string, unknown>>;

/** Token counts of a model call. The kinds are disjoint. */
export interface ModelUsage extends Extra {
  input_tokens?: number | undefined;
  cache_read_tokens?: number | undefined;
  cache_write_tokens?: number | undefined;
  output_tokens?: number | undefined;
  reasoning_tokens?: number | undefined;
  cost_usd?: number | undefined;
}

/** An event that was logged: its id, and its receipt for whoever wants to wait for it. */
export class EventHandle {
  readonly id: string;
  /** From a recorder, the whole event as it was numbered; from a session, the event as it was given. */
  readonly event: Readonly<EventDraft>;
  readonly #recorded: Recorded;
  readonly #owner: EventHelpers;

  constructor(owner: EventHelpers, event: EventDraft, recorded: Recorded) {
    this.id = recorded.id;
    // Not frozen: it may be the caller's own object.
    this.event = recorded.event ?? event;
    this.#recorded = recorded;
    this.#owner = owner;
  }

  /** Resolves once the event has reached the session's durability. */
  receipt(): Promise<Receipt> {
    return this.#owner.receiptOf(this.#recorded);
  }
}

/** A call that waits for its result. */
export class CallHandle extends EventHandle {
  readonly callId: string;
  readonly #finish: (fields: Extra) => EventHandle;

  constructor(
    owner: EventHelpers,
    event: EventDraft & { call_id: string },
    recorded: Recorded,
    resultType: string,
  ) {
    super(owner, event, recorded);
    this.callId = event.call_id;
    const startedMs = performance.now();
    const { tool } = event;
    this.#finish = (fields) =>
      owner.event({
        event: resultType,
        parent_id: recorded.id,
        call_id: event.call_id,
        ...(tool === undefined ? {} : { tool }),
        duration_ms: Math.round((performance.now() - startedMs) * 1000) / 1000,
        ...fields,
      });
  }

  /** Records what came back. */
  result(result?: unknown, extra: Extra = {}): EventHandle {
    return this.#finish({ ...(result === undefined ? {} : { result }), status: "ok", ...extra });
  }

  /** Records that it failed. */
  error(error: unknown, extra: Extra = {}): EventHandle {
    return this.#finish({ error, status: "error", ...extra });
  }
}

export abstract class EventHelpers {
  /** Records an event whose receipt may be asked for. @internal */
  abstract track(draft: EventDraft): Recorded;
  /** @internal */
  abstract receiptOf(recorded: Recorded): Promise<Receipt>;

  /** Records an event of any type. */
  event(draft: EventDraft): EventHandle {
    return new EventHandle(this, draft, this.track(draft));
  }

  userMessage(message: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "USER_MESSAGE", message, ...extra });
  }

  agentMessage(message: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "AGENT_MESSAGE", message, ...extra });
  }

  systemInstruction(message: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "SYSTEM_INSTRUCTION", message, ...extra });
  }

  reasoning(message: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "REASONING", message, ...extra });
  }

  /** A model is asked. Close it with `.result(answer, usage)`, which writes MODEL_RESPONSE, or `.error(error)`. */
  modelCall(model: { provider?: string | undefined; model: string } & Extra): ModelCallHandle {
    const call = { event: "MODEL_CALL", call_id: newCallId(), ...model };
    return new ModelCallHandle(this, call, this.track(call), "MODEL_RESPONSE");
  }

  /** A tool is called. Close it with `.result(value)` or `.error(error)`. */
  toolCall(tool: string, args?: unknown, extra: Extra = {}): CallHandle {
    return this.#call("TOOL_CALL", "TOOL_RESULT", {
      tool,
      ...(args === undefined ? {} : { args }),
      ...extra,
    });
  }

  /** Something is looked up. Close it with `.result(found)` or `.error(error)`. */
  retrieval(query: unknown, extra: Extra = {}): CallHandle {
    return this.#call("RETRIEVAL_QUERY", "RETRIEVAL_RESULT", { query, ...extra });
  }

  /** Work is handed to another agent, e.g. to the session `extra.child_session_id`. Close it with `.result(outcome)`. */
  delegate(task: string, extra: Extra = {}): CallHandle {
    return this.#call("DELEGATE", "RETURN", { task, ...extra });
  }

  decision(decision: unknown, extra: Extra = {}): EventHandle {
    return this.event({ event: "DECISION", decision, ...extra });
  }

  branch(description: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "BRANCH", description, ...extra });
  }

  checkpoint(message: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "CHECKPOINT", message, ...extra });
  }

  policyCheck(policy: string, status: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "POLICY_CHECK", policy, status, ...extra });
  }

  permissionRequest(tool: string, args?: unknown, extra: Extra = {}): EventHandle {
    return this.event({
      event: "PERMISSION_REQUEST",
      tool,
      ...(args === undefined ? {} : { args }),
      ...extra,
    });
  }

  humanApproval(approver: string, status: string, extra: Extra = {}): EventHandle {
    return this.event({ event: "HUMAN_APPROVAL", approver, status, ...extra });
  }

  error(error: unknown, extra: Extra = {}): EventHandle {
    return this.event({ event: "ERROR", error, ...extra });
  }

  // --- internal ---

  #call(type: string, resultType: string, fields: Extra): CallHandle {
    const call = { event: type, call_id: newCallId(), ...fields };
    return new CallHandle(this, call, this.track(call), resultType);
  }
}

/** A model call that waits for its answer. */
export class ModelCallHandle extends CallHandle {
  /** Records the answer and what it used: `.result("Yes.", { input_tokens: 812, output_tokens: 3 })`. */
  override result(message?: unknown, usage: ModelUsage = {}): EventHandle {
    const { model, provider } = this.event;
    return super.result(undefined, {
      model,
      ...(provider === undefined ? {} : { provider }),
      ...(message === undefined ? {} : { message }),
      ...usage,
    });
  }
}

// --- internal ---

/** 96 random bits: unique among all calls of a store, and short. */
function newCallId(): string {
  return `call_${randomSalt()}`;
}
