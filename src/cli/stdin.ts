// Lines of standard input, as they come, in constant memory.

/** Longest line accepted; a pipe without a newline must not fill the memory. */
const MAX_LINE_BYTES: number = 64 * 1024 * 1024;

export interface StdinLine {
  /** Undefined when it is too long to be one: over 64 MiB. */
  text: string | undefined;
  /** From 1. */
  line: number;
}

/** Ends at the end of input, or when `signal` is aborted. A last line without its newline counts. */
export async function* stdinLines(
  stdin: NodeJS.ReadableStream,
  signal: AbortSignal,
): AsyncGenerator<StdinLine> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  const gather = (bytes: Buffer): void => {
    restBytes += bytes.length;
    if (restBytes <= MAX_LINE_BYTES) rest.push(bytes);
    else rest = [];
  };
  const take = (): StdinLine => {
    const text = restBytes > MAX_LINE_BYTES ? undefined : Buffer.concat(rest).toString("utf8");
    rest = [];
    restBytes = 0;
    return { text, line: ++line };
  };
  const stop = (): void => {
    if ("destroy" in stdin && typeof stdin.destroy === "function") stdin.destroy();
  };
  if (signal.aborted) return;
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const data of stdin) {
      let chunk = typeof data === "string" ? Buffer.from(data) : data;
      for (let newline = chunk.indexOf(0x0a); newline >= 0; newline = chunk.indexOf(0x0a)) {
        gather(chunk.subarray(0, newline));
        yield take();
        chunk = chunk.subarray(newline + 1);
      }
      gather(chunk);
    }
    if (restBytes > 0) yield take();
  } catch (error) {
    // Destroying the stream is how Ctrl-C ends the reading; anything else is a real error.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
