import { Writable } from "node:stream";

import { describe, expect, it } from "vitest";

import { testEvents } from "../testing/index.ts";
import type { TestEvent } from "../testing/index.ts";
import { consoleSink } from "./index.ts";

function screen(isTTY?: boolean): Writable & { text: string; isTTY?: boolean | undefined } {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      shown.text += chunk.toString();
      done();
    },
  });
  const shown = Object.assign(stream, { text: "", isTTY });
  return shown;
}

const [{ event }] = testEvents(1, () => ({ tool: "bash", args: { command: "npm test" } })) as [TestEvent];

describe("consoleSink", () => {
  it("shows one line for each event, without colours where nobody would see them", async () => {
    const stream = screen();
    await consoleSink({ stream }).write({ ...event, event: "TOOL_CALL" });
    expect(stream.text).toBe('22:00:00.000 INFO     TOOL_CALL tool="bash" args={"command":"npm test"}\n');
  });

  it("colours on a terminal, or when it is told to", async () => {
    const terminal = screen(true);
    const told = screen();
    const untold = screen(true);
    const before = { ...process.env };
    delete process.env["NO_COLOR"];
    process.env["TERM"] = "xterm";
    try {
      await consoleSink({ stream: terminal }).write(event);
      await consoleSink({ stream: told, color: true }).write(event);
      process.env["NO_COLOR"] = "1";
      await consoleSink({ stream: untold }).write(event);
    } finally {
      process.env = before;
    }
    expect(terminal.text).toContain("\u001b[36mINFO    \u001b[39m");
    expect(told.text).toBe(terminal.text);
    expect(untold.text).not.toContain("\u001b");
  });

  it("lets nothing that was recorded control the terminal, and stays on its line", async () => {
    const stream = screen();
    const evil = "\u001b[2J\r\n\u0007\u009b31m\u202e\u007f\u2028";
    await consoleSink({ stream }).write({ ...event, event: evil, message: evil, [evil]: evil });
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(stream.text).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]+\n$/);
  });

  it("cuts what is too long for people", async () => {
    const stream = screen();
    await consoleSink({ stream }).write({ ...event, message: "x".repeat(100_000) });
    expect(stream.text.length).toBeLessThan(600);
    expect(stream.text).toMatch(/…\n$/);
  });

  it("refuses events that a broken stream does not take, and does not end the program", async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
    const sink = consoleSink({ stream });
    await expect(sink.write(event)).rejects.toThrow("EPIPE");
    await expect(sink.write(event)).rejects.toThrow();
    sink.close();
    expect(stream.listenerCount("error")).toBe(0);
  });
});
