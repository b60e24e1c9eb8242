/**
 * Other tools' recordings into a store: Claude Code transcripts, Codex rollouts, Decepticon's and Sentinel's sessions,
 * Vivarium's audit logs, AiCore's model calls, agentlogsafe's events; and our own sessions back from their documents.
 *
 * @module
 * @example
 * import { openStore } from "tracekeep";
 * import { importSessions } from "tracekeep/import";
 * const report = await importSessions(openStore());
 * console.log(`${report.events_added} events added from ${report.files} files`);
 */
export { agentlogsafe } from "./agentlogsafe.ts";
export { aiCore } from "./aicore.ts";
export type { AiCoreOptions } from "./aicore.ts";
export { claudeCode } from "./claude-code/claude-code.ts";
export { codex } from "./codex/codex.ts";
export { decepticon } from "./decepticon.ts";
export type { DecepticonOptions } from "./decepticon.ts";
export { findDocuments, readSessionDocument, restoreDocument } from "./session-document.ts";
export type { SessionDocument } from "./session-document.ts";
export type {
  ImportedSession,
  Importer,
  RecordPosition,
  TranscriptFile,
  Translated,
  Translator,
} from "./importer.ts";
export { foldSpool } from "./hooks/fold.ts";
export { hasNews } from "./hooks/spool-news.ts";
export type { FoldOptions } from "./hooks/fold.ts";
export { newReport } from "./report.ts";
export type { ImportProgress, ImportReport, SkippedBytes } from "./report.ts";
export { IMPORTERS, importSessions } from "./run.ts";
export { sentinel } from "./sentinel.ts";
export type { SentinelOptions } from "./sentinel.ts";
export { vivarium } from "./vivarium.ts";
export type { ImportOptions } from "./run.ts";
