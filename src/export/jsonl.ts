// JSON Lines: the event lines as they are stored.

import type { ExportFormat } from "./format.ts";

/** @example await exportFile(reader, jsonl(), "everything.jsonl"); */
export function jsonl(): ExportFormat {
  return {
    name: "jsonl",
    extension: ".jsonl",
    oneSession: false,
    writer: () => ({
      begin: () => "",
      put: ({ text }) => text,
      end: () => "",
    }),
  };
}
