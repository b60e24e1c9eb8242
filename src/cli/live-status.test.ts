import { expect, it } from "vitest";

import type { Event } from "../event/index.ts";
import { currentProcess } from "../store/disk/process.ts";
import type { Anomaly } from "../summary/index.ts";
import { LiveStatus } from "./live-status.ts";

let seq = 0;
function event(type: string, body: object = {}): Event {
  const id = `e-${seq}`;
  const timestamp = "2026-01-06T22:00:00.000Z";
  const envelope = { severity: "INFO" as const, seq: seq++, id, session_id: "s", agent_id: "a", salt: "" };
  return { event: type, timestamp, ...envelope, ...body };
}

it("shows the health of what runs, by what the rules found and what was recorded, each rule once", () => {
  const status = new LiveStatus();
  expect(status.text(0)).not.toContain("health");
  status.observe(event("START", { format: 1, origin: "recorded", ...currentProcess() }), 0);
  expect(status.text(0)).toMatch(/^1 running \| .* \| 0 failed \| health 100$/);
  const storm = { rule: "RETRY_STORM", severity: "HIGH" } as Anomaly;
  status.find("s", storm);
  expect(status.text(0)).toMatch(/health 90$/);
  status.observe(event("ANOMALY_DETECTED", { anomaly: storm }), 0);
  expect(status.text(0)).toMatch(/health 90$/);
  status.observe(event("END", { reason: "NORMAL" }), 0);
  expect(status.text(0)).not.toContain("health");
});
