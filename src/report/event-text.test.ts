import { expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import { gistOf } from "./event-text.ts";

const gist = (event: string, body: object): string => {
  const envelope = { severity: "INFO", seq: 1, id: "e", session_id: "s", agent_id: "a", salt: "" } as const;
  return gistOf({ event, timestamp: "2026-01-06T22:00:00.000Z", ...envelope, ...body });
};

it("says of a failure what went wrong, in whatever field its recorder put that", () => {
  expect(gist("ERROR", { message: "no route" })).toBe("no route");
  expect(gist("ERROR", { description: "no route", reason: "network" })).toBe("no route network");
  expect(gist("TOOL_RESULT", { tool: "mail", status: "error", message: "no route" })).toBe(
    "mail error no route",
  );
  const both: Partial<Event> = { tool: "mail", status: "error", error: "timeout", message: "no route" };
  expect(gist("TOOL_RESULT", both)).toBe("mail error timeout");
});
