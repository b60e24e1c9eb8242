// What redaction costs an event that holds no secret, which is nearly every one: processor time, in a process of its own
// for each contender, in alternating rounds. With a second build, for example of the version before, both are compared.
//
//   npm run build && npm run bench:redact -- [rounds] [OTHER_DIST]

import { spawnSync } from "node:child_process";
import path from "node:path";

const TARGET_US = 0.6;
const rounds = Number(process.argv[2] ?? 7);
const contenders = [path.join(import.meta.dirname, "..", "dist"), ...process.argv.slice(3)];

/** 350 bytes as a line, of them about 200 of body. */
const SCRIPT = `
const { Redactor } = await import(process.argv[1] + "/redact/index.js");
const redactor = new Redactor();
const event = (n) => ({
  event: "TOOL_RESULT",
  call_id: "toolu_01A09q90qw90lq917835lq9" + (n % 10),
  tool: "bash",
  args: { command: "npm test -- --reporter=dot src/store/session/segments.test.ts", timeout: 120000 },
  result: { exit_code: 0, stdout: "Test Files  12 passed (12), Tests  148 passed (148), Duration 3.41s" },
  duration_ms: 3410 + n,
});
const events = Array.from({ length: 1000 }, (_, n) => event(n));
const once = (times) => {
  for (let round = 0; round < times; round++) for (const each of events) if (redactor.redact(each) !== each) throw new Error("not clean");
};
once(300);
const before = process.cpuUsage();
once(1000);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6);
`;

const times = contenders.map((): number[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [index, dist] of contenders.entries()) {
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", SCRIPT, dist], {
      encoding: "utf8",
    });
    if (stdout === "") throw new Error(stderr);
    times[index]?.push(Number(stdout));
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? NaN;
}

for (const [index, dist] of contenders.entries()) {
  const us = median(times[index] ?? []);
  const verdict = us <= TARGET_US ? "met" : "missed";
  console.log(`${us.toFixed(3)} µs an event (target at most ${TARGET_US}: ${verdict})  ${dist}`);
}
