// The events that every contender records: what coding agents do, in two sizes.
//
// `small`: every event is about 352 bytes as a line. `mix`: of 100 events 80 carry about 300 bytes, 18 about 1.3 KB and
// 2 about 20 KB (a file written or read), which makes lines of 1 KB on average. One text in fifty holds an emoji, because
// real ones do, and a writer that is only fast on Latin-1 should not look fast here.

const AGENT = "Claude-Orch-Prime-20260106-c614";
const SESSION = "019b9e4c-6f10-7c3a-9a52-0c6d2f9e8b41";
const TIMESTAMP = "2026-01-06T22:00:00.000Z";
const POOL_EVENTS = 2000;

const TEXT = `The build is red since Tuesday: 3 of 412 tests fail, all of them in the importer. I will read the log first.
$ npm test -- --run src/import/run.test.ts
 FAIL  src/import/run.test.ts > keeps every line of a transcript that grows (1203 ms)
AssertionError: expected [ 'USER_MESSAGE', 'TOOL_CALL' ] to deeply equal [ 'USER_MESSAGE', 'TOOL_CALL', 'TOOL_RESULT' ]
    at Object.<anonymous> (/home/ann/project/src/import/run.test.ts:118:23)
export function parsePrice(text: string): number | undefined {
  const match = /^\\$?(\\d+(?:\\.\\d{1,4})?)$/.exec(text.trim());
  return match === null ? undefined : Number(match[1]); // "12.50" -> 12.5
}
-rw-r--r-- 1 ann staff   4811 Jan  6 21:58 package.json
Ask the reviewer whether the third case is meant to pass; if it is, the fix belongs in salvage.ts and not in the test.
{"level":"warn","component":"scheduler","queue":"default","waiting":17,"oldest_ms":2210,"retry":false}
`;

/** A draft with room for `text`, by kind of event. A result answers the call before it. */
const KINDS = [
  (text) => ({ event: "AGENT_MESSAGE", message: text, confidence: 0.92 }),
  (text, callId) => ({
    event: "MODEL_RESPONSE",
    call_id: callId,
    model: "claude-opus-4-5",
    message: text,
    input_tokens: 8120,
    output_tokens: 311,
    cost_usd: 0.0484,
  }),
  (text, callId) => ({
    event: "TOOL_CALL",
    call_id: callId,
    tool: "bash",
    args: { command: text, timeout_ms: 120_000 },
  }),
  (text, callId) => ({
    event: "TOOL_RESULT",
    call_id: callId,
    tool: "bash",
    result: { exit_code: 0, output: text },
    status: "ok",
    duration_ms: 150.25,
  }),
];

/**
 * The events of a workload, to be taken in turn, again and again. `draft` is what a caller of Tracekeep hands in;
 * `event` is the same with the envelope that the other contenders are handed ready-made.
 *
 * @param {"small" | "mix"} workload
 * @returns {{ drafts: object[], events: object[], meanBytes: number }} meanBytes: of `JSON.stringify(event)` and "\n"
 */
export function makeWorkload(workload) {
  const drafts = [];
  const events = [];
  for (let index = 0; index < POOL_EVENTS; index++) {
    const draft = makeDraft(index, bodyBytes(workload, index));
    drafts.push(draft);
    events.push({
      event: draft.event,
      timestamp: TIMESTAMP,
      agent_id: AGENT,
      session_id: SESSION,
      seq: index,
      ...draft,
    });
  }
  const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)) + 1, 0);
  // Parsed anew, so that no text is a slice of another one: such are slower to read, and nobody's real events are.
  const plain = JSON.parse(JSON.stringify({ drafts, events }));
  return { ...plain, meanBytes: bytes / POOL_EVENTS };
}

// --- internal ---

function bodyBytes(workload, index) {
  const spread = ((index * 37) % 101) - 50;
  if (workload === "small") return 206 + spread / 2;
  const place = (index * 61) % 100;
  if (place < 80) return 300 + spread;
  return place < 98 ? 1300 + 4 * spread : 20_000 + 50 * spread;
}

/** @param {number} bytes how long the body is as JSON */
function makeDraft(index, bytes) {
  const callId = `toolu_01${((index >> 1) + 1).toString(36).padStart(14, "x")}`;
  const kind = KINDS[index % KINDS.length];
  const room = Math.max(8, Math.round(bytes) - JSON.stringify(kind("", callId)).length);
  const start = (index * 389) % TEXT.length;
  const text = TEXT.repeat(Math.ceil(room / TEXT.length) + 1).slice(start, start + room);
  // A line break is two characters in JSON.
  const escapes = JSON.stringify(text).length - 2 - text.length;
  const fitting = text.slice(0, Math.max(8, room - escapes));
  return kind(index % 50 === 7 ? `✅ ${fitting}` : fitting, callId);
}
