/**
 * Other tools' recordings into a store: Claude Code transcripts, Codex rollouts.
 *
 * @module
 * @example
 * import { openStore } from "tracekeep";
 * import { importSessions } from "tracekeep/import";
 * const report = await importSessions(openStore());
 * console.log(`${report.events_added} events added from ${report.files} files`);
 */
export { claudeCode } from "./claude-code.ts";
export { codex } from "./codex.ts";
export type {
  ImportedSession,
  Importer,
  RecordPosition,
  TranscriptFile,
  Translated,
  Translator,
} from "./importer.ts";
export { foldSpool, hasNews } from "./fold.ts";
export type { FoldOptions } from "./fold.ts";
export type { ImportProgress, ImportReport, SkippedBytes } from "./report.ts";
export { IMPORTERS, importSessions } from "./run.ts";
export type { ImportOptions } from "./run.ts";
