// Work handed to other agents, and its coming back: DELEGATE and RETURN, or a call of a tool that starts an agent.

import { textOf } from "../summary/index.ts";
import type { BodyFields } from "../summary/index.ts";
import type { Event } from "../event/index.ts";

export interface Delegation {
  /** Id of the DELEGATE or TOOL_CALL. */
  id: string;
  /** To whom, e.g. a kind of agent; undefined when it does not say. */
  to: string | undefined;
  task: string;
  /** From 1. */
  depth: number;
  /** The delegation that this one was made in. */
  within: Delegation | undefined;
}

/** Work that came back. */
export interface Return {
  /** Undefined when it answers none that is known. */
  delegation: Delegation | undefined;
  /** It names what it answers. */
  names: boolean;
}

/** Tools that start another agent: Claude Code's, and what others call theirs. */
const AGENT_TOOLS: ReadonlySet<string> = new Set(["Task", "Agent", "task", "delegate", "spawn_agent"]);
/** Chains that a record claims to be longer are cut. */
const MAX_DEPTH = 64;
/** Delegations without a return that are remembered. */
const MAX_OPEN = 256;

/** The delegations of a session that have not come back. */
export class Delegations {
  /** By event id, call id and child session. */
  readonly #open = new Map<string, Delegation>();
  /** Once some were forgotten, a return that answers none proves nothing. */
  #forgotten = false;

  /** The delegation that an event is, if it is one. */
  begin(event: Event): Delegation | undefined {
    const isTool = event.event === "TOOL_CALL" && AGENT_TOOLS.has(textOf(event["tool"]) ?? "");
    if (event.event !== "DELEGATE" && !isTool) return undefined;
    const args = fieldsOf(event["args"]);
    const metadata = fieldsOf(event["metadata"]);
    const parent = event.parent_id === undefined ? undefined : this.#open.get(event.parent_id);
    const within = parent !== undefined && parent.depth < MAX_DEPTH ? parent : undefined;
    const told = event["delegation_depth"] ?? metadata["delegation_depth"];
    const delegation: Delegation = {
      id: event.id,
      to: firstText(args["subagent_type"], args["agent"], metadata["agent"], event["to"]),
      task: firstText(event["task"], args["prompt"], args["task"], args["description"]) ?? "",
      depth: typeof told === "number" ? told : (within?.depth ?? 0) + 1,
      within,
    };
    for (const name of [event.id, event.call_id, textOf(event["child_session_id"])]) {
      if (name !== undefined) this.#open.set(name, delegation);
    }
    while (this.#open.size > MAX_OPEN) {
      this.#open.delete(this.#open.keys().next().value ?? "");
      this.#forgotten = true;
    }
    return delegation;
  }

  /** What came back, when an event is a RETURN or the result of a tool that starts an agent. */
  end(event: Event): Return | undefined {
    const names = [event.parent_id, event.call_id, textOf(event["child_session_id"])].filter(
      (name) => name !== undefined,
    );
    let delegation: Delegation | undefined;
    for (const name of names) delegation ??= this.#open.get(name);
    if (event.event !== "RETURN" && delegation === undefined) return undefined;
    for (const [name, each] of this.#open) if (each === delegation) this.#open.delete(name);
    return { delegation, names: names.length > 0 && !this.#forgotten };
  }

  get size(): number {
    return this.#open.size;
  }
}

/** The delegations around one, the outermost first. */
export function chainOf({ within }: Delegation): Delegation[] {
  return within === undefined ? [] : [...chainOf(within), within];
}

// --- internal ---

function fieldsOf(value: unknown): BodyFields {
  return typeof value === "object" && value !== null ? (value as BodyFields) : {};
}

function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) if (textOf(value) !== undefined) return textOf(value);
  return undefined;
}
