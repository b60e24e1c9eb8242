/**
 * Sessions in other formats: JSON Lines, JSON documents that come back without loss, Markdown transcripts, tables,
 * Decepticon's documents.
 *
 * @module
 * @example
 * import { exportFiles, json } from "tracekeep/export";
 * import { openReader } from "tracekeep/read";
 * const { files } = await exportFiles(openReader(), json(), "backup");
 */
export { csv, CSV_FIELDS } from "./csv.ts";
export type { CsvOptions } from "./csv.ts";
export { decepticon } from "./decepticon.ts";
export { SessionExport } from "./export.ts";
export type { ExportedText, ExportOptions, ExportReport } from "./export.ts";
export { exportFile, exportFileName, exportFiles } from "./files.ts";
export type { FilesReport } from "./files.ts";
export type { ExportFormat, FormatWriter } from "./format.ts";
export { json } from "./json.ts";
export { jsonl } from "./jsonl.ts";
export { markdown } from "./markdown.ts";
export type { MarkdownOptions } from "./markdown.ts";
