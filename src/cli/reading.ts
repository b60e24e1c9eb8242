// The commands that answer questions about the store and are over in no time. They stand together in one file of the
// package (scripts/bundle.mjs), which is loaded at once and without Node's loader of ES modules: finding and opening the
// pieces that commands share would take longer than their work.

export const READING_COMMANDS: ReadonlySet<string> = new Set([
  "sessions",
  "show",
  "query",
  "tail",
  "audit",
  "stats",
  "spend",
  "health",
]);
