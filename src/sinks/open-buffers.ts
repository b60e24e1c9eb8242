/** Something that holds events in memory on their way to where they belong. */
export interface OpenBuffer {
  /**
   * Hands over what it holds before it returns; what it cannot yet, after the others have had their turn. Never throws.
   *
   * @param isEnd whether the process ends, or may go on
   */
  drainNow(isEnd: boolean): void;
}

/**
 * Those of this process that hold something now. Whoever handles the end of the process drains them, in the order of
 * this set: one that is added meanwhile, or again, comes at its end.
 */
export const openBuffers: Set<OpenBuffer> = new Set();
