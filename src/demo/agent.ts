// A small scripted agent that does real work: it is asked why a test fails, looks, repairs and checks. Its commands
// run, its files are read and written, and its first test run really fails. Only the model is missing.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Session } from "../record/index.ts";

const BROKEN = "export const mean = (numbers) => numbers.reduce((sum, n) => sum + n) / numbers.lenght;\n";
const TEST = `import { mean } from "./mean.mjs";
const got = mean([2, 4, 9]);
if (got !== 5) throw new Error("mean of 2, 4, 9 should be 5, got " + got);
console.log("ok");
`;

/** Works in a folder of its own below `directory`, which is removed afterwards. */
export function runDemoAgent(session: Session, directory: string): void {
  const workspace = mkdtempSync(path.join(directory, "demo-"));
  try {
    new DemoAgent(session, workspace).work();
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

// --- internal ---

class DemoAgent {
  readonly #session: Session;
  readonly #workspace: string;

  constructor(session: Session, workspace: string) {
    this.#session = session;
    this.#workspace = workspace;
  }

  work(): void {
    const session = this.#session;
    session.systemInstruction("Repair what is broken. Run the test before and after.");
    this.#write("mean.mjs", BROKEN);
    this.#write("mean.test.mjs", TEST);
    session.userMessage("The test of mean() fails. Find out why and repair it.");
    this.#run("ls");
    const failed = !this.#run("node mean.test.mjs");
    const source = this.#read("mean.mjs");
    session.reasoning("The divisor is numbers.lenght, which is undefined; the sum divided by it is NaN.");
    session.decision("correct the spelling of length", {
      reason: `the test ${failed ? "fails" : "passes"}`,
      confidence: 99,
    });
    this.#write("mean.mjs", source.replace("lenght", "length"));
    const repaired = this.#run("node mean.test.mjs");
    session.agentMessage(
      repaired ? "It was a misspelt property; the test passes now." : "The test still fails.",
    );
  }

  #run(command: string): boolean {
    const call = this.#session.toolCall("bash", { command });
    try {
      const stdout = execFileSync("/bin/sh", ["-c", command], {
        cwd: this.#workspace,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      call.result({ stdout, exit_code: 0 });
      return true;
    } catch (error) {
      call.error(error instanceof Error ? error.message : error);
      return false;
    }
  }

  #read(file: string): string {
    const call = this.#session.toolCall("read_file", { file }, { files: [file] });
    const text = readFileSync(path.join(this.#workspace, file), "utf8");
    call.result(text);
    return text;
  }

  #write(file: string, text: string): void {
    const call = this.#session.toolCall("write_file", { file, text }, { files: [file] });
    writeFileSync(path.join(this.#workspace, file), text);
    call.result();
  }
}
