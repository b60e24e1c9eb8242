// The redactor of a store: its key, and what its settings add to what the program says.

import type { TracekeepError } from "../base/errors.ts";
import { Redactor } from "../redact/index.ts";
import type { PersonalGroup, RedactionOptions } from "../redact/index.ts";
import { redactionKey } from "../store/sealing/redaction-key.ts";
import { badRedactionSettings, readRedactionSettings } from "../store/sealing/redaction-settings.ts";

/**
 * A redactor for what goes into a store.
 *
 * @param onFault told once when the store's key cannot be had; fingerprints are then this process's own
 * @throws TracekeepError `BAD_SETTINGS`; TypeError, RangeError for bad options
 */
export function storeRedactor(
  storeDir: string,
  options: RedactionOptions = {},
  onFault?: (error: TracekeepError) => void,
): Redactor {
  const checked = new Redactor(options);
  const { field_names: names, groups, rules } = readRedactionSettings(storeDir);
  const key = (): Uint8Array => {
    try {
      return redactionKey(storeDir);
    } catch (error) {
      onFault?.(error as TracekeepError);
      throw error;
    }
  };
  try {
    return new Redactor({
      mode: checked.mode,
      fieldNames: [...names, ...(options.fieldNames ?? [])],
      groups: [...(groups as readonly PersonalGroup[]), ...(options.groups ?? [])],
      rules: [...rules, ...(options.rules ?? [])],
      key,
    });
  } catch (cause) {
    throw badRedactionSettings(storeDir, cause);
  }
}
