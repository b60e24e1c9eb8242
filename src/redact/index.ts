export { ChunkRedactor } from "./chunks.ts";
export { Redactor, type RedactionOptions } from "./redactor.ts";
