// A session that a snapshot of the sessions lists: of ten thousand, few are asked for more than a name.

import type { SessionLogFile } from "../../store/session/catalog.ts";
import { instantOf } from "../../summary/index.ts";
import type { SessionLogs } from "../scan/session-logs.ts";
import type { SessionSnapshot } from "./session-snapshot.ts";

export class SnapshotSession implements SessionLogs {
  readonly listedRow: number;
  readonly row: number | undefined;
  readonly #snapshot: SessionSnapshot;
  #files: SessionLogFile[] | undefined;

  /** @param holds whether it and its files are as they were */
  constructor(snapshot: SessionSnapshot, at: number, holds: boolean) {
    this.#snapshot = snapshot;
    this.listedRow = at;
    this.row = holds ? at : undefined;
  }

  get sessionId(): string {
    return this.#snapshot.idAt(this.listedRow);
  }

  get agentId(): string {
    return this.#snapshot.agentAt(this.listedRow);
  }

  get parentId(): string | undefined {
    return this.#snapshot.parentAt(this.listedRow);
  }

  get startMs(): number {
    return instantOf(this.#snapshot.startedAt(this.listedRow));
  }

  get paths(): string[] {
    return this.#snapshot.pathsAt(this.listedRow);
  }

  get files(): readonly SessionLogFile[] {
    return (this.#files ??= this.#snapshot.filesAt(this.listedRow));
  }
}
