// Writes schema/event.schema.json from the tables in src/event.

import { mkdirSync, writeFileSync } from "node:fs";

import { eventSchema } from "../src/event/index.ts";

const file = new URL("../schema/event.schema.json", import.meta.url);
mkdirSync(new URL(".", file), { recursive: true });
writeFileSync(file, `${JSON.stringify(eventSchema(), null, 2)}\n`);
