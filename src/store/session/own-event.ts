import { randomSalt, uuidv7 } from "../../base/ids.ts";
import { formatTimestamp, severityOfType } from "../../event/index.ts";
import type { JsonObject } from "../../event/index.ts";
import type { LineParts } from "../../format/index.ts";

/** An event of the recorder about itself, at this moment; its writer gives it its number. */
export function ownEvent(type: string, body: JsonObject): LineParts {
  const timeMs = Date.now();
  return {
    event: type,
    timestamp: formatTimestamp(timeMs),
    severity: severityOfType(type),
    seq: 0,
    id: uuidv7(timeMs),
    body,
    salt: randomSalt(),
  };
}
