// The verifiers in verifiers/, as far as this machine can run them.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";

const HERE = path.join(import.meta.dirname, "..", "verifiers");

export interface IndependentVerifier {
  name: string;
  /** Whether a log holds under a public key. */
  check: (key: string, log: string) => boolean;
  /** Of the samples, how many it is asked about: one in so many. */
  every: number;
}

/** @param cache where the Go program is built */
export function independentVerifiers(cache: string): IndependentVerifier[] {
  const found: IndependentVerifier[] = [];
  const add = (name: string, every: number, command: string, ...args: string[]): void => {
    const check = (key: string, log: string): boolean => {
      const { status, stdout, stderr } = spawnSync(command, [...args, key, log], { encoding: "utf8" });
      if (status === 0 || status === 3) return status === 0;
      throw new Error(`${name} failed: ${stdout}${stderr}`);
    };
    found.push({ name, check, every });
  };
  const works = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
  if (works("python3", "-c", "import cryptography"))
    add("Python", 12, "python3", path.join(HERE, "verify.py"));
  else console.log("skipped: no Python with cryptography");
  if (["openssl", "xxd", "jq"].every((tool) => works("sh", "-c", `command -v ${tool}`)))
    add("shell", 150, "bash", path.join(HERE, "verify.sh"));
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
    add("Go", 3, program);
  else console.log("skipped: no Go with golang.org/x/mod");
  return found;
}
