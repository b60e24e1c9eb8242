/** The user asked for something that does not exist: exit code 2, and where to look. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
