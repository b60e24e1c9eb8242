// The verifiers in verifiers/, as far as this machine can run them.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

const HERE = path.join(import.meta.dirname, "..", "..", "verifiers");

export interface IndependentVerifier {
  name: string;
  /** Of each log, whether it holds under a public key. One process, however many logs there are. */
  checkAll: (key: string, logs: readonly string[]) => boolean[];
  /** The same of one log. */
  check: (key: string, log: string) => boolean;
}

/** @param cache where the Go program is built */
export function independentVerifiers(cache: string): IndependentVerifier[] {
  const found: IndependentVerifier[] = [];
  const add = (name: string, command: string, ...args: string[]): void => {
    const checkAll = (key: string, logs: readonly string[]): boolean[] => {
      const options = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
      const { status, stdout, stderr } = spawnSync(command, [...args, key, ...logs], options);
      const answers = stdout.match(/^(?:ok|bad):/gm) ?? [];
      if ((status !== 0 && status !== 3) || answers.length !== logs.length)
        throw new Error(`${name} failed with ${status}: ${answers.length} answers ${stderr}`);
      if ((status === 0) !== answers.every((answer) => answer === "ok:"))
        throw new Error(`${name} answers one thing and exits with another`);
      return answers.map((answer) => answer === "ok:");
    };
    found.push({ name, checkAll, check: (key, log) => checkAll(key, [log])[0] === true });
  };
  const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
  if (works("python3", "-c", "import cryptography")) add("Python", "python3", path.join(HERE, "verify.py"));
  else console.log("skipped: no Python with cryptography");
  if (["openssl", "xxd", "jq"].every((tool) => works("sh", "-c", `command -v ${tool}`)))
    add("shell", "bash", path.join(HERE, "verify.sh"));
  else console.log("skipped: no openssl, xxd or jq");
  const program = path.join(cache, "verify-go");
  fs.mkdirSync(cache, { recursive: true });
  const env = {
    ...process.env,
    GO111MODULE: "off",
    GOPATH: "/usr/share/gocode",
    GOCACHE: path.join(cache, "go"),
  };
  if (spawnSync("go", ["build", "-o", program, path.join(HERE, "verify.go")], { env }).status === 0)
    add("Go", program);
  else console.log("skipped: no Go with golang.org/x/mod");
  return found;
}
