// How a command takes a session: by its id, by the beginning of one that no other has, or by its agent, whose latest
// session is meant then.

import type { Reader } from "../read/index.ts";
import { printable } from "../report/text.ts";
import type { CommandContext } from "./context.ts";

/** The id of the session that a name means; says so where it is that of an agent. @throws TracekeepError `NO_SESSION` */
export function sessionNamed({ stderr }: CommandContext, reader: Reader, name: string): string {
  const { session, matched } = reader.session(name);
  if (matched === "agent")
    stderr.line(`the latest session of ${printable(name)}: ${printable(session.session_id)}`);
  return session.session_id;
}
