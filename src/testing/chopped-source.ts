// Bytes that come a piece at a time, as from a slow pipe.

import type { ByteSource } from "../store/reading/byte-source.ts";

/** @param pieceBytes most bytes of one read; less than there is room for, so that lines are cut at the ends of reads */
export function choppedSource(bytes: Buffer, pieceBytes = 7001): ByteSource {
  let used = 0;
  return {
    path: "-",
    damage: [],
    get used() {
      return used;
    },
    read(into, at) {
      const count = bytes.copy(into, at, used, used + pieceBytes);
      used += count;
      return count;
    },
    close: () => undefined,
  };
}
