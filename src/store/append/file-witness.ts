/** Whoever has to know what is in a log, and what of it is on the medium. It never throws. */
export interface FileWitness {
  /** Whether lines are in the log that are not known to be on the medium. */
  readonly hasUnsynced: boolean;
  /** These whole lines have just been handed to the kernel, in the order of the log. The bytes are only lent. */
  written(lines: Iterable<Uint8Array>): void;
  /** A sync begins; what this returns is called once all that was written by now is on the medium. */
  syncing(): () => void;
  /** The file is left while it is synced; what this returns is called when that has ended, well or not. */
  leaving(): (error: Error | null) => void;
  /** Another file was begun, and the one before is complete. */
  wentOn(): void;
  /** Another file was begun after a fault, and not everything before it is known to be on the medium. */
  unsure(): void;
  /** Everything promised is on the medium, and the file is let go of or the process ends. */
  settled(): void;
  /** The file was deleted after it was let go of: of what was in it nothing more is to be said. */
  gone(): void;
}
