// The fields of an event's body: one flat vocabulary, each name with one meaning and one kind of value, whatever type
// of event it stands on. The TypeScript types and the JSON Schema are both derived from this table.

/** What a field holds. `count` is a whole number from 0; `time` is RFC 3339 UTC text; `any` is any JSON value. */
export type FieldKind = "text" | "number" | "count" | "flag" | "texts" | "counts" | "object" | "time" | "any";

export interface FieldDefinition {
  readonly kind: FieldKind;
  readonly about: string;
}

export const FIELDS = {
  // What was said and done
  message: { kind: "text", about: "What was said, or what happened, in words." },
  tool: { kind: "text", about: "Name of the tool." },
  args: { kind: "any", about: "What the tool was called with." },
  result: { kind: "any", about: "What came back." },
  status: { kind: "text", about: "How it ended: ok, error, denied, cancelled, or the source's own word." },
  error: { kind: "any", about: "What went wrong: text, or {name, message, stack, cause}." },
  duration_ms: { kind: "number", about: "How long it took, in milliseconds. Stands on the result." },
  reason: { kind: "text", about: "Why." },
  description: { kind: "text", about: "A longer explanation for people." },
  confidence: { kind: "number", about: "How sure the agent was, in the unit it uses." },
  files: { kind: "texts", about: "Files touched or looked at." },
  metadata: {
    kind: "object",
    about: "Anything else. `metadata.reserved` holds what a caller put under an envelope name.",
  },

  // Models, tokens and money. The four token kinds are disjoint: their sum is everything that was billed.
  provider: { kind: "text", about: "Who serves the model, e.g. anthropic, openai." },
  model: { kind: "text", about: "Model name as the provider gives it." },
  input_tokens: { kind: "count", about: "Prompt tokens that were neither read from nor written to a cache." },
  cache_read_tokens: { kind: "count", about: "Prompt tokens read from a cache." },
  cache_write_tokens: { kind: "count", about: "Prompt tokens written to a cache, all lifetimes together." },
  cache_write_1h_tokens: {
    kind: "count",
    about: "Those of cache_write_tokens kept for an hour (they cost more).",
  },
  output_tokens: { kind: "count", about: "Tokens produced, reasoning included." },
  reasoning_tokens: { kind: "count", about: "Those of output_tokens spent on reasoning." },
  cost_usd: { kind: "number", about: "Price in US dollars." },
  cost_source: {
    kind: "text",
    about: 'Where cost_usd comes from: "reported", or a price table and its version.',
  },
  continues: {
    kind: "flag",
    about: "Adds to the MODEL_RESPONSE before it with the same call_id; it is not another call.",
  },
  finish_reason: { kind: "text", about: "Why the model stopped." },

  // Other agents and people
  child_session_id: { kind: "text", about: "Session of the agent that work was handed to." },
  parent_session_id: { kind: "text", about: "Session that started this one." },
  task: { kind: "text", about: "What was handed over." },
  query: { kind: "any", about: "What was looked up." },
  policy: { kind: "text", about: "Name of the policy that was checked." },
  approver: { kind: "text", about: "Who allowed or refused." },
  decision: { kind: "any", about: "What was decided." },
  anomaly: { kind: "object", about: "What a detector found." },
  original_event: {
    kind: "any",
    about: "The event that an anomaly, an override or a detector error is about.",
  },

  // Text as a model wrote it, `chunks` at a time
  content: { kind: "text", about: "The exact text of a stream, or of a part of it, marks included." },
  chunks: {
    kind: "any",
    about:
      "[[ms, length], …]: how long after `timestamp` each chunk came, and its UTF-16 units in `content`.",
  },
  stream_id: { kind: "text", about: "Which stream the text belongs to." },
  position: { kind: "count", about: "Where in its stream the text begins, in UTF-16 units." },
  part: { kind: "text", about: "What the text is, where the type does not say: tool." },
  first_token_ms: {
    kind: "number",
    about: "From the stream's beginning to its first chunk, in milliseconds.",
  },
  chunk_count: { kind: "count", about: "Chunks of the whole stream; stands on its last event." },
  chunks_per_second: { kind: "number", about: "How fast they came, from the first to the last." },

  // A recording about itself
  format: { kind: "count", about: "Version of this format: 1." },
  recorder: { kind: "text", about: "Program and version that wrote the session." },
  origin: {
    kind: "text",
    about: 'How the events got here: "recorded", or the importer\'s name, e.g. "claude-code".',
  },
  imported_at: { kind: "time", about: "When an imported session was first brought in." },
  title: { kind: "text", about: "What the session is called, for people." },
  project: { kind: "text", about: "Folder the agent worked in." },
  host: { kind: "text", about: "Host name." },
  boot_id: {
    kind: "text",
    about: "Identifies the boot of that host, so that a process id means one process.",
  },
  pid: { kind: "count", about: "Process id of the writer." },
  process_start: { kind: "text", about: "When that process started, in the host's own terms." },
  agent_process: {
    kind: "object",
    about:
      "{host, boot_id, pid, process_start} of the program that is recorded, where another writes the log. Begins its epoch.",
  },
  durability: {
    kind: "text",
    about: "os, interval or fsync: what a receipt meant unless an event asked for more.",
  },
  redaction: { kind: "object", about: "{mode, rules}: what was kept out of the record." },
  redactions: { kind: "counts", about: "How many secrets each rule replaced." },
  segment: { kind: "count", about: "Number of the segment that begins here, from 1." },
  first_seq: { kind: "count", about: "Sequence number of the first line of the segment." },
  events: { kind: "count", about: "Events in the session, this one not counted." },
  event_counts: { kind: "counts", about: "Events by type." },
  tool_calls: { kind: "count", about: "Tool calls, copies included." },
  tool_errors: { kind: "count", about: "Tool calls that failed." },
  model_calls: { kind: "count", about: "Model calls, copies included." },
  count: { kind: "count", about: "How many, e.g. events lost in a gap." },
  from_seq: { kind: "count", about: "First sequence number concerned." },
  to_seq: { kind: "count", about: "Last sequence number concerned." },
  bytes: { kind: "count", about: "Size in bytes." },
  sha256: { kind: "text", about: "SHA-256 of those bytes, lower-case hex." },
  fragment: { kind: "text", about: "The bytes themselves as text, cut after 64 KiB; see fragment_encoding." },
  fragment_encoding: { kind: "text", about: "utf-8, latin1 (each byte a character) or base64." },
  since: { kind: "time", about: "When it began." },
  expected: { kind: "time", about: "The time that was due." },
  actual: { kind: "time", about: "The time that the clock showed instead." },
  source_type: { kind: "text", about: "The source's own name for a record that has no standard type here." },
  record: { kind: "any", about: "Such a record, whole." },
} as const;

export type FieldName = keyof typeof FIELDS;

/** What a caller may give for a field of each kind. */
interface KindValues {
  text: string;
  number: number;
  count: number;
  flag: boolean;
  texts: readonly string[];
  counts: Readonly<Record<string, number>>;
  object: object;
  time: string;
  any: unknown;
}

export type FieldValue<F extends FieldName> = KindValues[(typeof FIELDS)[F]["kind"]];
