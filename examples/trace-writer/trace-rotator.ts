// Sentinel's TraceRotator and RETENTION_CONFIG: the same six settings, all of them enforced.

import { openStore } from "tracekeep";

await using store = openStore({ dir: ".tracekeep" });
for (const id of ["monday", "tuesday"]) store.startSession({ id }).end();

// RETENTION_CONFIG. `tracekeep retain --policy dev` chooses the values of Sentinel's page.
const { retention } = await store.updateSettings({
  retention: {
    active_retention_days: 7,
    archive_retention_days: 30,
    active_max_size_mb: 0,
    archive_max_size_mb: 500,
    compress_archive: true,
    rotation_schedule: "daily",
  },
});
console.log("kept", retention.archive_retention_days, "days");

// TraceRotator().rotate(): first what it would do, then doing it.
const { steps } = await store.retain({ dryRun: true });
for (const { action, session_id: id, reason } of steps) console.log(`would ${action} ${id}: ${reason}`);
await store.retain();

// TraceRotator().get_stats()
const stats = store.stats();
console.log(stats.active_files, "active,", stats.archive_files, "archived,", stats.total_files, "in all");
