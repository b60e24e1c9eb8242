export { Redactor, type RedactionOptions } from "./redactor.ts";
