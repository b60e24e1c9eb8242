// File systems of our own to be filled up and crashed. Needs root.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

import { Missing } from "./suite.ts";

export interface Mount {
  dir: string;
  unmount: () => Promise<void>;
}

export interface ImageMount extends Mount {
  /**
   * Drops everything that is not on the medium and mounts what is: the file system is shut down as if its disk had gone
   * (the ioctl behind `xfs_io -c shutdown`), and replays its journal when it is mounted again.
   */
  crash: () => void;
}

/** A file system in memory. @param options of mount(8), e.g. `size=64k` @throws Missing */
export function mountTmpfs(scratch: string, options: string): Mount {
  const dir = fs.mkdtempSync(path.join(scratch, "tmpfs-"));
  run("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir);
  return { dir, unmount: () => unmount(dir) };
}

/** A file system in a file. @throws Missing */
export function mountImage(scratch: string, type: "ext4" | "xfs", mib: number): ImageMount {
  const dir = fs.mkdtempSync(path.join(scratch, `${type}-`));
  const image = `${dir}.img`;
  fs.writeFileSync(image, "");
  fs.truncateSync(image, mib * 1024 * 1024);
  run(`mkfs.${type}`, "-q", image);
  run("mount", "-o", "loop", image, dir);
  return {
    dir,
    crash: () => {
      run("xfs_io", "-x", "-c", "shutdown", dir);
      run("umount", dir);
      run("mount", "-o", "loop", image, dir);
    },
    unmount: () => unmount(dir),
  };
}

export interface ThinMount extends Mount {
  /** Gives the disk that the image lies on room for all of it. */
  makeRoom: () => void;
}

/** A file system in a file without blocks, on a memory disk that has not room for all of it. @throws Missing */
export async function mountThin(scratch: string, diskMib: number, mib: number): Promise<ThinMount> {
  const disk = mountTmpfs(scratch, `size=${diskMib}m`);
  const image = path.join(disk.dir, "thin.img");
  const dir = fs.mkdtempSync(path.join(scratch, "thin-"));
  fs.writeFileSync(image, "");
  fs.truncateSync(image, mib * 1024 * 1024);
  try {
    run("mkfs.ext4", "-q", "-O", "^has_journal", image);
    run("mount", "-o", "loop,nodelalloc", image, dir);
  } catch (error) {
    await disk.unmount();
    throw error;
  }
  return {
    dir,
    makeRoom: () => run("mount", "-o", `remount,size=${2 * mib}m`, disk.dir),
    unmount: async () => {
      await unmount(dir);
      await disk.unmount();
    },
  };
}

// --- internal ---

/** A sync may still be running in the background, with a descriptor of its own. */
async function unmount(dir: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return run("umount", dir);
    } catch (error) {
      if (tries === 40) throw error;
      await sleep(50);
    }
  }
}

function run(command: string, ...args: string[]): void {
  if (process.getuid?.() !== 0) throw new Missing("root");
  const { status, error, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (error !== undefined) throw new Missing(command);
  if (status === 0) return;
  // Containers often may not mount, whoever asks.
  if (command === "mount") throw new Missing("the right to mount");
  throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}
