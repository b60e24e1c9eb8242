// Events as a table (RFC 4180, lines ended by `\n`), with fields of the caller's choice.

import { describe, textOption } from "../base/options.ts";
import type { Event } from "../event/index.ts";
import type { ExportFormat } from "./format.ts";
import { visible } from "./visible.ts";

/** The columns when none are named. */
export const CSV_FIELDS: readonly string[] = [
  "session_id",
  "seq",
  "timestamp",
  "severity",
  "event",
  "agent_id",
  "tool",
  "status",
  "duration_ms",
  "model",
  "input_tokens",
  "output_tokens",
  "cost_usd",
  "message",
];

export interface CsvOptions {
  /** Fields of the events, in the order of the columns; what is inside one behind a dot: `args.command`. */
  fields?: readonly string[] | undefined;
}

/** A table, a line for each event. */
export interface CsvTable {
  readonly head: string;
  row(event: Event): string;
}

/**
 * A text that a spreadsheet would take for a formula gets a `'` in front: what stands in a log may have been written by
 * whoever attacks its reader. Characters that show nothing become visible escapes, such as `\u{1b}`, and line ends `\n`.
 *
 * @throws TypeError, RangeError for fields that are none
 * @example await exportFile(reader, csv({ fields: ["timestamp", "tool", "args.command"] }), "calls.csv", { event: "TOOL_CALL" });
 */
export function csv(options: CsvOptions = {}): ExportFormat {
  const table = csvTable(options);
  return {
    name: "csv",
    extension: ".csv",
    oneSession: false,
    writer: () => {
      let { head } = table;
      return {
        begin: () => {
          const text = head;
          head = "";
          return text;
        },
        put: ({ event }) => table.row(event),
        end: () => "",
      };
    },
  };
}

/** The same for events of anywhere. @throws TypeError, RangeError for fields that are none */
export function csvTable({ fields = CSV_FIELDS }: CsvOptions = {}): CsvTable {
  if (!Array.isArray(fields)) throw new TypeError(`csv: fields must be an array, got ${describe(fields)}`);
  if (fields.length === 0) throw new RangeError("csv: name at least one field");
  for (const field of fields) textOption("csv", "fields", field as string);
  const columns = fields.map((field) => [field, field.split(".")] as const);
  return {
    head: `${fields.map(cellOf).join(",")}\n`,
    row: (event) => `${columns.map(([name, path]) => cellOf(valueAt(event, name, path))).join(",")}\n`,
  };
}

// --- internal ---

/** A field's name may have dots of its own. */
function valueAt(event: Event, name: string, path: readonly string[]): unknown {
  if (Object.hasOwn(event, name)) return event[name];
  let value: unknown = event;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = visible(typeof value === "string" ? value : JSON.stringify(value));
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
