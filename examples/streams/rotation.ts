// Another file at 00:00, and nothing older than seven days: said once, kept by the store.

import { createStreamLog, dailyRotation } from "tracekeep/stream-log";

await using logger = createStreamLog();
const { rotation, retention } = await logger.store.updateSettings(
  dailyRotation({ timeZone: "Europe/Berlin" }),
);
console.log("at 00:00 in", rotation.time_zone, "kept for", retention.archive_retention_days, "days");

// Where there is nothing else to wait for, what is too old can also be deleted now.
const { steps } = await logger.store.retain();
console.log(steps.length, "files were deleted");
