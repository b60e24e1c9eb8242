// Why a call is not on a cassette: the nearest recorded call, and where it differs.

import { TracekeepError } from "../base/errors.ts";
import { canonicalJson, firstDifference } from "./canonical.ts";
import type { Difference } from "./canonical.ts";
import type { CassetteCall, Exchange, Exchanges } from "./exchange.ts";

/** As many calls of the same name are compared, the next unused ones. */
const MAX_COMPARED = 20;
const MAX_SHOWN = 80;

/**
 * The error that a strict cassette fails with.
 *
 * @param unanswered the very call, when it was recorded without an answer that can be served
 */
export function explainMiss(
  call: CassetteCall,
  exchanges: Exchanges | undefined,
  unanswered: Exchange | undefined,
): TracekeepError {
  const { kind, name, args } = call;
  const what = `${kind} call ${name === "" ? "" : `${name} `}`;
  if (unanswered !== undefined) {
    return new TracekeepError("NOT_RECORDED", `the ${what}has no whole answer in the recording`, {
      seq: unanswered.call.seq,
      path: unanswered.call.file,
      hint: "record the run again, or use mode fallthrough",
    });
  }
  const sameName = (exchanges?.list ?? []).filter((each) => each.kind === kind && each.name === name);
  const unused = sameName.filter(({ used }) => !used);
  const near = nearest(args, unused.slice(0, MAX_COMPARED), exchanges);
  const shown = `the ${what}with ${show(args)} is not in the recording`;
  if (near === undefined) {
    const names = [
      ...new Set(
        (exchanges?.list ?? []).filter(({ used }) => !used).map((each) => `${each.kind} ${each.name}`),
      ),
    ];
    const reason =
      sameName.length > 0
        ? `all ${sameName.length} recorded calls of it have been served`
        : `what is left there: ${names.slice(0, 5).join(", ") || "nothing"}`;
    return new TracekeepError("NOT_RECORDED", `${shown}; ${reason}`, { hint: HINT });
  }
  const { path, values } = near.difference;
  const where = path === "" ? "the argument" : path;
  return new TracekeepError(
    "NOT_RECORDED",
    `${shown}; the nearest is event ${near.exchange.call.seq}, where ${where} is ${show(values[0])} and not ${show(values[1])}`,
    {
      seq: near.exchange.call.seq,
      path: near.exchange.call.file,
      offset: near.exchange.call.offset,
      hint: HINT,
    },
  );
}

// --- internal ---

const HINT = 'the code has changed since: record it again, or open the cassette with mode "record-new"';

interface Near {
  exchange: Exchange;
  difference: Difference;
  alike: number;
}

/** The call whose canonical text begins and ends most like that of `args`; the earliest of several. */
function nearest(
  args: unknown,
  candidates: readonly Exchange[],
  exchanges: Exchanges | undefined,
): Near | undefined {
  const wanted = canonicalJson(args);
  let best: Near | undefined;
  for (const exchange of candidates) {
    const recorded = exchanges?.tape.read(exchange.call)["args"];
    const difference = firstDifference(recorded, args);
    if (difference === undefined) continue;
    const alike = likeness(canonicalJson(recorded), wanted);
    if (best === undefined || alike > best.alike) best = { exchange, difference, alike };
  }
  return best;
}

/** Share of two texts that is common to their beginnings and ends. */
function likeness(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && left[start] === right[start]) start++;
  let end = 0;
  while (end < shorter - start && left.at(-1 - end) === right.at(-1 - end)) end++;
  return (start + end) / Math.max(1, left.length, right.length);
}

function show(value: unknown): string {
  const json = value === undefined ? "nothing" : canonicalJson(value);
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}
