import { checkOptionNames } from "../base/options.ts";
import { checkMarks } from "./marks.ts";
import type { StreamMarks } from "./marks.ts";

export interface ConsoleStreamOptions {
  /** Where text goes. */
  write: (text: string) => unknown;
  /** Marks that are not shown. Default: AiCore's six. */
  marks?: StreamMarks | undefined;
}

/**
 * Shows chunks as they come, the way AiCore does: text as it is, marks not at all, and a new line where a stream or
 * reasoning ends. The handler returns what it showed. Nothing is shown unless it is called.
 *
 * @throws TypeError, RangeError
 * @example
 * const show = consoleStreamHandler({ write: (text) => output.write(text) });
 * show("Hello"); // "Hello"
 * show("</end>"); // undefined, and a new line
 */
export function consoleStreamHandler(options: ConsoleStreamOptions): (chunk: string) => string | undefined {
  checkOptionNames("consoleStreamHandler", options, ["write", "marks"]);
  const { stream = [], reasoning = [], tool = [] } = checkMarks("consoleStreamHandler", options.marks);
  const hidden = new Set<string>([...stream, ...reasoning, ...tool]);
  const newLine = new Set([stream[1], reasoning[1]]);
  return (chunk) => {
    if (!hidden.has(chunk)) {
      options.write(chunk);
      return chunk;
    }
    if (newLine.has(chunk)) options.write("\n");
    return undefined;
  };
}
