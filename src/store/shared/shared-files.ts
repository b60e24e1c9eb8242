// The files that one writer of a shared log has open: the one that the log's path names, and those it has just been in,
// until what was promised of them holds. Everything here but syncs happens under the log's lock.

import { ioError, TracekeepError } from "../../base/errors.ts";
import type { LineParts } from "../../format/index.ts";
import { nodeDisk } from "../disk/disk.ts";
import { ownEvent } from "../session/own-event.ts";
import { finishHealing } from "../session/recover.ts";
import { SharedFile } from "./shared-file.ts";
import type { SharedFileOptions } from "./shared-file.ts";
import { Rotation } from "./shared-rotation.ts";
import type { RotationOptions } from "./shared-rotation.ts";

export interface SharedFilesOptions extends Omit<SharedFileOptions, "disk"> {
  disk?: SharedFileOptions["disk"] | undefined;
  /** When the log goes on in another file. Default: never. */
  rotation?: RotationOptions | undefined;
  /** Makes the event that a file begins with, when it is empty. Default: none. */
  firstLine?: (() => LineParts) | undefined;
  /** Makes a line, in the name of this writer. */
  encode: (parts: LineParts) => string;
}

export class SharedFiles {
  readonly #options: SharedFilesOptions & SharedFileOptions;
  readonly #rotation: Rotation | undefined;
  #current: SharedFile | undefined;
  readonly #retired = new Set<SharedFile>();

  constructor(options: SharedFilesOptions) {
    const { disk = nodeDisk, rotation, path } = options;
    this.#options = { ...options, disk };
    this.#rotation = rotation && new Rotation(rotation, disk, path);
  }

  /** The file that the next line belongs in, with what others have written taken in. @throws TracekeepError */
  ready(): SharedFile {
    let file = this.#open();
    this.#catchUp(file);
    if (this.#rotation?.isDue(file) === true) {
      this.#rotate(file, this.#rotation);
      file = this.#open();
      this.#catchUp(file);
    }
    if (file.failure !== undefined) throw file.failure;
    if (this.#isAnothers(file)) throw foreignError(this.#options.path);
    return file;
  }

  /** What the file begins with, when it is empty. */
  beginning(): LineParts | undefined {
    return this.#rotation?.beginning() ?? this.#options.firstLine?.();
  }

  /** Bytes until the file is to be rotated. */
  roomIn(file: SharedFile): number {
    return this.#rotation?.roomIn(file) ?? Infinity;
  }

  /** Returns when everything written here is on the medium. @throws TracekeepError */
  sync(): void {
    for (const file of this.#retired) file.sync();
    this.#current?.sync();
  }

  /** Syncs what was promised to be synced. @throws TracekeepError */
  settle(): void {
    for (const file of this.#retired) file.settle();
    this.#current?.settle();
  }

  /** Settles and lets go of the file. @throws TracekeepError */
  close(): void {
    this.#current?.close();
  }

  // --- internal ---

  #open(): SharedFile {
    if (this.#current?.isCurrent === false) {
      const old = this.#current;
      this.#current = undefined;
      this.#retired.add(old);
      old.retire(() => this.#retired.delete(old));
    }
    return (this.#current ??= new SharedFile(this.#options));
  }

  /** Another program's file is put aside, and until then nothing of it is healed and nothing is added. */
  #isAnothers(file: SharedFile): boolean {
    return this.#rotation !== undefined && file.isForeign;
  }

  #catchUp(file: SharedFile): void {
    if (this.#isAnothers(file)) return file.count();
    const { disk, path, encode } = this.#options;
    const recovered = file.catchUp();
    if (recovered === undefined) return;
    file.write(encode({ ...ownEvent("RECOVERED", recovered), seq: file.nextSeq }), 1, []);
    file.sync();
    finishHealing(disk, path);
  }

  /** Goes on in another file; when that cannot be begun, that is told, and this one serves on. */
  #rotate(file: SharedFile, rotation: Rotation): void {
    const { path, encode, onFault } = this.#options;
    try {
      rotation.rotate(file, encode);
    } catch (cause) {
      onFault(ioError("rotate", path, cause));
    }
  }
}

// --- internal ---

function foreignError(file: string): TracekeepError {
  return new TracekeepError("IO", `${file} holds another program's lines and could not be put aside`, {
    path: file,
    hint: "move it elsewhere, or choose another path",
  });
}
