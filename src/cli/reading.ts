// The commands that answer questions about the store and are over in no time. A few of them stand together in one file of
// the package (scripts/bundle.mjs), which is loaded at once and without Node's loader of ES modules: finding and opening
// the pieces that all commands share would take longer than their work. For the same reason the shortest of them import
// the files of `report` that they need, and not all of it.

/** The files, and the commands in them. */
export const READING_COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "reading.cjs": ["sessions", "query", "tail", "stats"],
  "reporting.cjs": ["show", "audit", "spend", "health"],
};
