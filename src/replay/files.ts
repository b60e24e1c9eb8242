// Which files an event says were touched.

import type { Event } from "../event/index.ts";

/**
 * The `files` of an event; of a call without any, the path among its arguments, by the names that coding agents give it.
 */
export function filesOf(event: Event): string[] {
  const { files, args } = event;
  if (Array.isArray(files)) return files.filter((file) => typeof file === "string");
  if (event.event !== "TOOL_CALL" || typeof args !== "object" || args === null) return [];
  const given = Object.entries(args).filter(([name]) => PATH_ARGUMENTS.has(name));
  return given.flatMap(([, value]: [string, unknown]) =>
    typeof value === "string" && value !== "" ? [value] : [],
  );
}

// --- internal ---

const PATH_ARGUMENTS: ReadonlySet<string> = new Set([
  "file",
  "file_path",
  "filename",
  "notebook_path",
  "path",
]);
