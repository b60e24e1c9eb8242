// Memory over ten million events.

import { showProgress } from "./progress.ts";
import { freeBytes, median, runJob } from "./rounds.ts";
import { atMost, formatNumber, markdownTable } from "./section.ts";
import type { Plan, Section } from "./section.ts";

const NAME = "memory";
/** About how long the lines of `small` are. */
const LINE_BYTES = 440;

export async function measureMemory({ quick, only = "" }: Plan): Promise<Section> {
  const events = quick ? 1_000_000 : 10_000_000;
  const title = `Memory over ${formatNumber(events)} events, durability \`os\``;
  if (!NAME.includes(only)) return { title, blocks: [], checks: [] };
  const neededBytes = events * LINE_BYTES * 1.5;
  if (freeBytes() < neededBytes) {
    return { title, blocks: [`skipped: needs ${formatNumber(neededBytes / 1e9, 1)} GB of disk`], checks: [] };
  }
  showProgress(title);
  const answer = await runJob({ name: NAME, script: "memory.mjs", input: { events } });
  showProgress("");
  if (typeof answer === "string") return { title, blocks: [`skipped: ${answer}`], checks: [] };
  return sectionOf(title, events, answer as unknown as MemoryFigures);
}

// --- internal ---

interface MemoryFigures {
  eventsPerSecond: number;
  /** In even steps from the first event to the last. */
  residentMb: number[];
  peakMb: number;
}

function sectionOf(
  title: string,
  events: number,
  { eventsPerSecond, residentMb, peakMb }: MemoryFigures,
): Section {
  const tenth = residentMb.length / 10;
  const rows = Array.from({ length: 10 }, (_, part) => [
    `${formatNumber((events * (part + 1)) / 10)} events`,
    formatNumber(median(residentMb.slice(part * tenth, (part + 1) * tenth)), 1),
  ]);
  // The first quarter is left out: there the compiler and the collector still settle down.
  const early = median(residentMb.slice(tenth * 2.5, tenth * 5));
  const late = median(residentMb.slice(tenth * 7.5));
  const growth = late / early;
  const speed = `${formatNumber(eventsPerSecond)} events/s, at most ${formatNumber(peakMb)} MB.`;
  return {
    title,
    blocks: [markdownTable(["up to", "RSS MB"], rows), speed],
    checks: atMost(
      1,
      "RSS in the last quarter ÷ in the second",
      { median: growth, least: growth, most: growth },
      1.1,
    ),
  };
}
