import { limitBody } from "./limit.ts";
import { encodeLine } from "./line.ts";
import type { LineParts } from "./line.ts";

/**
 * The canonical line of an event, at most `maxBytes` long: what is too long is cut, in `parts` as well, which then say
 * so in `truncated`. An event that fits, as nearly all do, costs nothing extra.
 */
export function encodeLineWithin(parts: LineParts, identity: string, maxBytes: number): string {
  const line = encodeLine(parts, identity);
  // No character takes more than three bytes in UTF-8 for each of its UTF-16 units.
  if (line.length * 3 <= maxBytes || Buffer.byteLength(line) <= maxBytes) return line;
  if (parts.typed === true) {
    const { event: _, parent_id: __, call_id: ___, ...body } = parts.body;
    parts.body = body;
    parts.typed = false;
  }
  const envelopeBytes = Buffer.byteLength(encodeLine({ ...parts, body: {}, truncated: [] }, identity));
  const limited = limitBody(parts.body, maxBytes - envelopeBytes);
  parts.body = limited.body;
  parts.truncated = [...(parts.truncated ?? []), ...limited.truncated];
  return encodeLine(parts, identity);
}
