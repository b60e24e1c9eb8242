import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, it } from "vitest";

import { nodeDisk } from "../disk/disk.ts";
import { writeSealSoon } from "./seal-file.ts";

let directory: string;
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

it("leaves a thread to others, however many seals are due at once", async () => {
  let running = 0;
  let most = 0;
  const disk = {
    ...nodeDisk,
    syncSoon: (fd: number, done: (error: Error | null) => void): void => {
      most = Math.max(most, ++running);
      nodeDisk.syncSoon(fd, (error) => {
        running--;
        done(error);
      });
    },
  };
  const files = Array.from({ length: 20 }, (_, index) => path.join(directory, `${index}.seal`));
  await Promise.all(
    files.map(
      (file) =>
        new Promise<void>((resolve, reject) => {
          const isLatest = (): boolean => true;
          writeSealSoon(disk, file, "note", isLatest, (error) =>
            error === null ? resolve() : reject(error),
          );
        }),
    ),
  );
  expect(most).toBe(3);
  expect(fs.readdirSync(directory).toSorted()).toEqual(files.map((file) => path.basename(file)).toSorted());
});
