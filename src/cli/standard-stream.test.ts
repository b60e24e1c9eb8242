import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { DescriptorStream } from "./standard-stream.ts";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

const noStream = (): never => {
  throw new Error("nobody needs a stream");
};

describe("a standard stream that is no terminal", () => {
  it("has all that is written in a file, in order", () => {
    const file = path.join(dir, "out");
    const fd = fs.openSync(file, "w");
    const stream = new DescriptorStream(fd, noStream);
    const done: number[] = [];
    for (const [index, text] of ["a\n", "ö\n", "b".repeat(300_000)].entries())
      stream.write(text, () => done.push(index));
    fs.closeSync(fd);
    expect(fs.readFileSync(file, "utf8")).toBe(`a\nö\n${"b".repeat(300_000)}`);
    expect(done).toEqual([0, 1, 2]);
  });

  it("leaves to a stream what a full pipe does not take, and all that follows", () => {
    const pipe = path.join(dir, "pipe");
    execFileSync("mkfifo", [pipe]);
    const fd = fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    let rest = "";
    const stream = new DescriptorStream(fd, () => ({
      write: (bytes, done) => {
        rest += Buffer.from(bytes).toString("utf8");
        done();
      },
      on: () => undefined,
    }));
    const text = Array.from({ length: 40_000 }, (_, line) => `line ${line}\n`).join("");
    stream.write(text, () => undefined);
    stream.write("the end\n", () => undefined);
    const into = Buffer.alloc(text.length);
    const held = into.toString("utf8", 0, fs.readSync(fd, into));
    fs.closeSync(fd);
    expect(held.length).toBeGreaterThan(0);
    expect(held + rest).toBe(`${text}the end\n`);
  });

  it("tells why it cannot be written to", () => {
    const fd = fs.openSync(path.join(dir, "out"), "w");
    fs.closeSync(fd);
    const stream = new DescriptorStream(fd, noStream);
    const errors: Error[] = [];
    stream.on("error", (error) => errors.push(error));
    let isDone = false;
    stream.write("a\n", () => (isDone = true));
    expect([errors.length, isDone]).toEqual([1, true]);
    expect(errors[0]?.message).toContain("EBADF");
  });
});
