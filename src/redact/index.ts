export { ChunkRedactor } from "./chunks.ts";
export { MARK_START, withoutFingerprints } from "./fingerprint.ts";
export { PERSONAL_GROUPS } from "./personal.ts";
export type { PersonalGroup } from "./personal.ts";
export { Redactor } from "./redactor.ts";
export type { RedactionMode, RedactionOptions, RedactionStatement, RedactorOptions } from "./redactor.ts";
export type { UserRule } from "./user-rules.ts";
