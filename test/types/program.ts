// A strict program that uses the package by the declarations that are shipped. It is never run: that it has no error of types
// is the test.

import { AuditLog, openStore, startSession, TracekeepError, withSession } from "tracekeep";
import type { ErrorCode, EventDraft, Receipt, Session, StandardDraft } from "tracekeep";
import { openReader } from "tracekeep/read";
import type { Sink } from "tracekeep/sinks";

/** Options that a program may or may not have been given. */
declare const given: {
  text?: string | undefined;
  count?: number | undefined;
  time?: Date | undefined;
  durability?: "os" | undefined;
};

export async function main(): Promise<void> {
  const store = openStore({ dir: given.text, durability: given.durability });
  const session: Session = startSession({ store, agent: given.text, id: given.text });
  session.log({
    event: "NOTE",
    timestamp: given.time,
    parent_id: given.text,
    call_id: given.text,
    severity: undefined,
  });
  session
    .modelCall({ model: "m", provider: given.text })
    .result("Yes.", { input_tokens: given.count, output_tokens: given.count, cost_usd: given.count });
  const call: StandardDraft<"TOOL_CALL"> = { event: "TOOL_CALL", tool: "bash", args: 1, call_id: given.text };
  const draft: EventDraft = call;
  const receipt: Receipt = await session.append(draft, { durability: given.durability });
  const standard: EventDraft["event"] = "TOOL_RESULT";
  // @ts-expect-error -- for the library's own use: a program is offered `log`, `append` and the helpers
  session.record({ event: standard });
  try {
    store.openSession(receipt.id, { durability: given.durability });
  } catch (error) {
    const code: ErrorCode | undefined = error instanceof TracekeepError ? error.code : undefined;
    if (code === "SESSION_BUSY") throw error;
    // @ts-expect-error -- no error has this code
    if (code === "BUSY") throw error;
  }
  for await (const event of openReader().events({ event: ["TOOL_CALL", "of ours"], since: given.time })) {
    const type: string = event.event;
    // What stands in a line is whatever its writer put there.
    const tool: unknown = event["tool"];
    session.log({ event: "SEEN", type, tool });
  }
  const sink: Sink = { write: (event, line) => void [event.seq, line.length] };
  const length: number = await withSession({ store: { sinks: [sink] } }, () =>
    Promise.resolve(given.text ?? ""),
  ).then((text) => text.length);
  new AuditLog(given.text).log("nav", { cost: given.count ?? length, model: given.text });
}
