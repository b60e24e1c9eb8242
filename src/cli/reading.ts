// The commands that answer questions about the store and are over in no time. They stand together in one file of the
// package (scripts/bundle.mjs), which is loaded at once and without Node's loader of ES modules: finding and opening the
// pieces that commands share would take longer than their work. For the same reason the shortest of them import the files
// of `report` that they need, and not all of it.

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
