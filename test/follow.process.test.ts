// Following a store that other processes write to.

import { spawn } from "node:child_process";
import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Event } from "../src/event/index.ts";
import { openReader } from "../src/read/index.ts";

const DIST = path.join(import.meta.dirname, "..", "dist");
const WRITERS = 4;
const EVENTS = 2_000;

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** A process that records two sessions, one after the other, and resolves when it has ended. */
function writer(name: string): Promise<void> {
  const script = `
    const { openStore } = await import(${JSON.stringify(path.join(DIST, "index.js"))});
    const store = openStore({ dir: ${JSON.stringify(dir)}, durability: "os" });
    for (const id of ["${name}-1", "${name}-2"]) {
      const session = store.startSession({ id });
      for (let n = 1; n <= ${EVENTS}; n++) {
        session.checkpoint("event " + n + "x".repeat(n % 700));
        if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      session.end();
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`a writer ended with ${code}`))));
  });
}

const names = Array.from({ length: WRITERS }, (_, index) => `w${index}`);
const expected = names
  .flatMap((name) => [`${name}-1`, `${name}-2`])
  .map((id) => [id, Array.from({ length: EVENTS + 2 }, (_, seq) => seq)] as const);

/** Numbers by session, in the order in which they came. */
class Seen {
  readonly seqs = new Map<string, number[]>();
  ended = 0;

  add({ session_id: id, seq, event }: Event): void {
    const own = this.seqs.get(id);
    if (own === undefined) this.seqs.set(id, [seq]);
    else own.push(seq);
    if (event === "END") this.ended++;
  }

  get isWhole(): boolean {
    return this.ended === WRITERS * 2;
  }

  sorted(): unknown {
    return [...this.seqs].toSorted(([left], [right]) => (left < right ? -1 : 1));
  }
}

describe("following a store that four processes write to", () => {
  it("gives a subscriber each event exactly once and in order, and never writes", async () => {
    const seen = new Seen();
    const writing = Promise.all(names.map(writer));
    for await (const event of openReader({ dir }).subscribe({ from: "beginning", totalTimeoutMs: 60_000 })) {
      seen.add(event as Event);
      if (seen.isWhole) break;
    }
    await writing;
    expect(seen.sorted()).toEqual(expected);
    expect(
      fs
        .readdirSync(dir)
        .filter((name) => !/^(?:session_|ledger\.)/.test(name))
        .toSorted(),
    ).toEqual([".gitignore", "index", "store.lock"]);
  });

  it("makes `tail -f --json` print each line exactly once, as it is stored", async () => {
    const args = [path.join(DIST, "cli", "main.cjs"), "--dir", dir, "tail", "-f", "-n", "0", "--json"];
    const child = spawn(process.execPath, args);
    const seen = new Seen();
    const lines: string[] = [];
    let rest = "";
    const whole = new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const parts = (rest + text).split("\n");
        rest = parts.pop() ?? "";
        for (const line of parts) {
          lines.push(line);
          seen.add(JSON.parse(line) as Event);
        }
        if (seen.isWhole) resolve();
      });
      child.on("close", () => resolve());
    });
    // It has to have begun before the first event is written, or that is no longer one to come.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await Promise.all(names.map(writer));
    await whole;
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(seen.sorted()).toEqual(expected);
    const stored = fs
      .readdirSync(dir)
      .filter((name) => /^session_.*\.jsonl$/.test(name))
      .flatMap((name) => fs.readFileSync(path.join(dir, name), "utf8").split("\n").slice(0, -1));
    expect(lines.toSorted()).toEqual(stored.toSorted());
  });
});
