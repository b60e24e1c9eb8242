// Lines of standard input, as they come, in constant memory.

/** Longest line accepted; a pipe without a newline must not fill the memory. */
const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

export interface StdinLine {
  text: string;
  /** From 1. */
  line: number;
}

/** Ends at the end of input, or when `signal` is aborted. A last line without its newline counts. @throws RangeError */
export async function* stdinLines(
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
): AsyncGenerator<StdinLine> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  const stop = (): void => {
    if ("destroy" in stdin && typeof stdin.destroy === "function") stdin.destroy();
  };
  if (signal.aborted) return;
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const data of stdin) {
      let chunk = typeof data === "string" ? Buffer.from(data) : data;
      for (let newline = chunk.indexOf(0x0a); newline >= 0; newline = chunk.indexOf(0x0a)) {
        rest.push(chunk.subarray(0, newline));
        yield { text: Buffer.concat(rest).toString("utf8"), line: ++line };
        rest = [];
        restBytes = 0;
        chunk = chunk.subarray(newline + 1);
      }
      restBytes += chunk.length;
      if (restBytes > MAX_LINE_BYTES)
        throw new RangeError(`line ${line + 1} is longer than ${MAX_LINE_BYTES} bytes`);
      if (chunk.length > 0) rest.push(chunk);
    }
    if (rest.length > 0) yield { text: Buffer.concat(rest).toString("utf8"), line: ++line };
  } catch (error) {
    // Destroying the stream is how Ctrl-C ends the reading; anything else is a real error.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
