/**
 * A recorded run seen again, and run again.
 *
 * @module
 * @example
 * import { openReader } from "tracekeep/read";
 * import { readTimeline, walkSteps } from "tracekeep/replay";
 * for (const step of walkSteps(readTimeline(openReader(), "reviewer"))) console.log(step.kind, step.name, step.status);
 */
export { Cassette, openCassette } from "./cassette.ts";
export type { CassetteOptions, CassetteRecorder, RecordedAnswer } from "./cassette.ts";
export type { CassetteCall, ExchangeKind } from "./exchange.ts";
export { diffRuns } from "./diff.ts";
export type { Divergence, RestCount, RunDiff } from "./diff.ts";
export type { Difference } from "./canonical.ts";
export type { PlayerTimer } from "./pace.ts";
export { openPlayer, Player } from "./player.ts";
export type { Played, PlayerOptions } from "./player.ts";
export { stateAt } from "./state.ts";
export type { ConversationPlace, SessionStateAt } from "./state.ts";
export { walkSteps } from "./step.ts";
export type { Step, StepKind, Timeline } from "./step.ts";
export { readTape, Tape } from "./tape.ts";
export type { TapeEvent } from "./tape.ts";
export { readTimeline } from "./timeline.ts";
export type { TimelineOptions } from "./timeline.ts";
