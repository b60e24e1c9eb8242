/** What a command's exit code says, so that scripts and CI can gate on it. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Anomalies, damage, tampering, skipped lines. */
  findings: 3,
  /** By Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
