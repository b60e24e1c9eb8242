// How much a store holds, as Sentinel's `get_stats` tells it.

import * as fs from "node:fs";

import type { SessionCatalog } from "../session/catalog.ts";
import { MB } from "./plan.ts";

/** Files are segments of session logs; sizes are in MiB, as they are on the disk. */
export interface StoreStats {
  active_files: number;
  active_size_mb: number;
  archive_files: number;
  archive_size_mb: number;
  total_files: number;
  total_size_mb: number;
}

/** About 2 µs a segment. */
export function storeStats(catalog: SessionCatalog): StoreStats {
  const files = { active: 0, archive: 0 };
  const bytes = { active: 0, archive: 0 };
  for (const { archived, path } of catalog.logs) {
    const where = archived ? "archive" : "active";
    files[where]++;
    bytes[where] += fs.lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return {
    active_files: files.active,
    active_size_mb: bytes.active / MB,
    archive_files: files.archive,
    archive_size_mb: bytes.archive / MB,
    total_files: files.active + files.archive,
    total_size_mb: (bytes.active + bytes.archive) / MB,
  };
}
