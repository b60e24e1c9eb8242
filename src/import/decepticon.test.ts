import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { decepticon as decepticonFormat, exportFiles } from "../export/index.ts";
import { openReader } from "../read/index.ts";
import type { Reader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import { decepticon, importSessions } from "./index.ts";
import type { ImportReport } from "./index.ts";

let folder: string;
let logs: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  logs = path.join(folder, "logs");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const ID = "32210ce3-0000-4000-8000-000000000001";
const at = (second: number, day = 10): string =>
  `2025-06-${day}T14:03:${String(second).padStart(2, "0")}.123456`;

/** As their logger writes it: the whole session, indented, into the folder of the day it saves on. */
function save(
  events: object[],
  { day = "10", id = ID, ...more }: { day?: string; id?: string; model?: object } = {},
): string {
  const file = path.join(logs, "2025", "06", day, `session_${id}.json`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify({ session_id: id, start_time: at(0), events, ...more }, null, 2));
  return file;
}

async function run(
  { zone, paths = [logs] }: { zone?: string | undefined; paths?: string[] } = { zone: "+09:00" },
): Promise<ImportReport> {
  const store = openStore({ dir: path.join(folder, "store"), handleSignals: false });
  try {
    return await importSessions(store, { importers: [decepticon({ zone })], paths });
  } finally {
    store.close();
  }
}

const reader = (): Reader => openReader({ dir: path.join(folder, "store") });

const EVENTS = [
  { event_type: "user_input", timestamp: at(1), content: "scan 10.0.0.1" },
  { event_type: "agent_response", timestamp: at(2), content: "", agent_name: "Planner" },
  { event_type: "tool_command", timestamp: at(3), content: "nmap -sV 10.0.0.1", tool_name: "nmap" },
  { event_type: "tool_command", timestamp: at(4), content: "id", agent_name: "Recon", tool_name: "sh" },
  {
    event_type: "tool_output",
    timestamp: at(5),
    content: "Starting Nmap\n22/tcp open ]},{\n",
    tool_name: "nmap",
  },
  { event_type: "tool_output", timestamp: at(6), content: "uid=0", tool_name: "sh" },
  { event_type: "agent_response", timestamp: at(7), content: "done 漢", agent_name: "Recon" },
];

describe("Decepticon's sessions", () => {
  it("are taken in with their times, agents and tools, and commands know their outputs", async () => {
    save(EVENTS, { model: { display_name: "Claude", provider: "anthropic" } });
    expect(await run()).toMatchObject({ files: 1, sessions: 1, events_added: 7, skipped: [] });
    const events = [...reader().events({ session: ID })];
    expect(events.map(({ event }) => event)).toEqual([
      "START", "USER_MESSAGE", "AGENT_MESSAGE", "TOOL_CALL", "TOOL_CALL", "TOOL_RESULT", "TOOL_RESULT", "AGENT_MESSAGE",
    ]); // prettier-ignore
    expect(events[1]).toMatchObject({ timestamp: "2025-06-10T05:03:01.123Z", message: "scan 10.0.0.1" });
    expect(events[2]).toMatchObject({ message: "", agent_name: "Planner" });
    expect(events[5]).toMatchObject({ call_id: events[3]?.call_id, tool: "nmap" });
    expect(events[6]).toMatchObject({ call_id: events[4]?.call_id, tool: "sh" });
    expect(events[0]?.["metadata"]).toMatchObject({ model: { provider: "anthropic" } });
    const { session } = reader().session(ID);
    expect(session).toMatchObject({
      status: "imported",
      origin: "decepticon",
      tool_calls: 2,
      preview: "scan 10.0.0.1",
    });
  });

  it("go out again as the very files that came in", async () => {
    const files = [
      save(EVENTS, { model: { display_name: "Claude", sizes: [1, 2], none: {} } }),
      save([{ event_type: "thought", timestamp: at(1), content: { deep: [1] }, extra: true }], { id: "odd" }),
      save([{ event_type: "user_input", timestamp: at(1), content: "hi", tool_name: "kept" }], {
        id: "names",
      }),
    ];
    await run();
    const out = path.join(folder, "out");
    const report = await exportFiles(reader(), decepticonFormat(), out);
    expect(report).toMatchObject({ sessions: 3, left_out: 0 });
    for (const file of files) {
      expect(fs.readFileSync(path.join(out, path.relative(logs, file)), "utf8")).toBe(
        fs.readFileSync(file, "utf8"),
      );
    }
  });

  it("that grow, and are saved into the next day's folder, stay one session", async () => {
    save(EVENTS.slice(0, 3));
    await run();
    save(EVENTS.slice(0, 5));
    expect(await run()).toMatchObject({ events_added: 2, events_known: 3 });
    save(EVENTS, { day: "11" });
    expect(await run()).toMatchObject({ events_added: 2 });
    expect(await run()).toMatchObject({ events_added: 0, sessions: 1 });
    expect([...reader().events({ session: ID })].filter(({ event }) => event !== "RESUMED")).toHaveLength(8);
    expect([...reader().sessions()]).toHaveLength(1);
  });

  it("of the viewer's export are understood as well", async () => {
    const file = path.join(folder, "export.json");
    const info = { session_id: ID, start_time: at(0), total_events: 7, model: { name: "m" } };
    fs.writeFileSync(
      file,
      JSON.stringify({ session_info: info, events: EVENTS, export_metadata: { version: "1.0" } }),
    );
    expect(await run({ zone: "UTC", paths: [file] })).toMatchObject({
      sessions: 1,
      events_added: 7,
      skipped: [],
    });
  });

  it("are refused without a zone, because their times have none", async () => {
    const file = save(EVENTS);
    const { skipped, events_added: added } = await run({ zone: undefined });
    expect(added).toBe(0);
    expect(skipped).toEqual([expect.objectContaining({ file, reason: expect.stringContaining("--zone") })]);
  });

  it("that were destroyed while they were saved are said, whatever stands beside them", async () => {
    save(EVENTS);
    const truncated = path.join(logs, "2025", "06", "10", "session_empty.json");
    const cut = path.join(logs, "2025", "06", "10", "session_torn.json");
    fs.writeFileSync(truncated, "");
    fs.writeFileSync(cut, '{\n  "session_id": "torn",\n  "start_ti');
    fs.writeFileSync(path.join(logs, "session_other.json"), '{"note":1}');
    fs.writeFileSync(path.join(logs, "session_none.json"), "[]");
    const { files, skipped } = await run();
    expect(files).toBe(1);
    expect(skipped).toMatchObject([
      { file: truncated, reason: "empty" },
      { file: cut, from: 0, to: 37, reason: "cut off before anything in it can be read" },
    ]);
  });

  it("go out with a command that had no arguments as one without content", async () => {
    const store = openStore({ dir: path.join(folder, "store"), handleSignals: false });
    const session = store.startSession({ id: "s1", agent: "Recon" });
    session.toolCall("id").result(null);
    session.end();
    store.close();
    const { files } = await exportFiles(reader(), decepticonFormat(), path.join(folder, "out"));
    const { events } = JSON.parse(fs.readFileSync(files[0] ?? "", "utf8")) as { events: object[] };
    expect(events).toMatchObject([
      { event_type: "tool_command", content: "", tool_name: "id" },
      { event_type: "tool_output", content: "", tool_name: "id" },
    ]);
  });

  it("that are cut or damaged give what can be read", async () => {
    const file = save(EVENTS);
    const whole = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, whole.slice(0, whole.indexOf("Starting Nmap")));
    const report = await run();
    expect(report).toMatchObject({ events_added: 4 });
    expect(report.unfinished).toEqual([expect.objectContaining({ file })]);
    // Saved again, whole: what was cut comes after it.
    fs.writeFileSync(file, whole);
    expect(await run()).toMatchObject({ events_added: 3, events_known: 4 });
  });
});
