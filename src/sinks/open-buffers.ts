/** Something that holds events in memory on their way to where they belong. */
export interface OpenBuffer {
  /** Hands over everything it holds before it returns. Never throws. */
  drainNow(): void;
}

/** Those of this process that hold something now. Whoever handles the end of the process drains them. */
export const openBuffers: Set<OpenBuffer> = new Set();
