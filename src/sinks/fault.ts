import type { TracekeepError } from "../base/errors.ts";
import { callIsolated } from "../base/promises.ts";

/** Hears of what went wrong where nobody called, or nobody would hear it otherwise. */
export type OnFault = (error: TracekeepError) => void;

/** A handler whose own bugs stay with it: what it throws, or rejects with, becomes a process warning. */
export function guarded(onFault: OnFault): OnFault {
  return (error) =>
    callIsolated(
      () => onFault(error),
      (cause) => {
        const reason = cause instanceof Error ? cause.message : String(cause);
        process.emitWarning(`onFault threw "${reason}" on hearing of: ${error.message}`, "TracekeepWarning");
      },
    );
}

/** The default: one process warning, because a fault that repeats would bury the program's own output. */
export function warnOnce(who: string): OnFault {
  let told = false;
  return (error) => {
    if (told) return;
    told = true;
    const hint = error.hint === undefined ? "" : ` (${error.hint})`;
    process.emitWarning(`${who}: ${error.message}${hint}`, { type: "TracekeepWarning", code: error.code });
  };
}
