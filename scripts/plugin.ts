// Makes the plugin's hooks from the list that `install` uses, so that the two never differ.

import { writeFileSync } from "node:fs";

import { addHooks } from "../src/integrations/claude-settings.ts";

const { hooks }: { hooks: unknown } = JSON.parse(addHooks("", "tracekeep hook claude-code --scope user"));
const file = new URL("../plugins/claude-code/hooks/hooks.json", import.meta.url);
writeFileSync(file, `${JSON.stringify({ description: "Records every step.", hooks }, null, 2)}\n`);
