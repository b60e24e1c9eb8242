// Our hooks in Claude Code's settings: put in and taken out as text, so that everything else in the file stays as the
// user wrote it.

import { appendEdit, applyEdits, parseJsonText, removeEdits } from "./json-text.ts";
import type { JsonNode, TextEdit } from "./json-text.ts";

/**
 * The hooks that are recorded. Left out are those that would do harm or cost too much: WorktreeCreate and
 * WorktreeRemove take the place of what Claude Code does itself, MessageDisplay starts a process for every piece of
 * text, FileChanged has to name files, PostToolBatch says again what others said. So are PreModelSwitch, PostModelSwitch
 * and DirectoryAdded: Claude Code 2.1.197 refuses settings that name them (`claude plugin validate`).
 */
export const RECORDED_HOOKS: readonly string[] = [
  "SessionStart",
  "UserPromptSubmit",
  "UserPromptExpansion",
  "PreToolUse",
  "PermissionRequest",
  "PermissionDenied",
  "PostToolUse",
  "PostToolUseFailure",
  "Notification",
  "SubagentStart",
  "SubagentStop",
  "TaskCreated",
  "TaskCompleted",
  "TeammateIdle",
  "PreCompact",
  "PostCompact",
  "Elicitation",
  "ElicitationResult",
  "ConfigChange",
  "CwdChanged",
  "InstructionsLoaded",
  "Setup",
  "Stop",
  "StopFailure",
  "SessionEnd",
];

/**
 * The settings with our hooks, each running `command`; the same text when they are there already. Hooks of ours with
 * another command are replaced.
 *
 * @throws SyntaxError when the text is no JSON object, or has hooks that are not as Claude Code wants them
 */
export function addHooks(text: string, command: string): string {
  if (text.trim() === "") return `${JSON.stringify({ hooks: hooksOf(command) }, null, 2)}\n`;
  if (hasHooks(text, command)) return text;
  const base = removeHooks(text);
  const root = objectNode(parseJsonText(base), "the settings");
  const hooks = root.members?.findLast(({ key }) => key === "hooks")?.node;
  if (hooks === undefined) {
    const unit = /\n([ \t]+)\S/.exec(base)?.[1] ?? "  ";
    const lines = RECORDED_HOOKS.map((event) => `${unit}${unit}${memberText(event, command)}`);
    return applyEdits(base, [appendEdit(base, root, `"hooks": {\n${lines.join(",\n")}\n${unit}}`)]);
  }
  objectNode(hooks, '"hooks"');
  const edits: TextEdit[] = [];
  const missing: string[] = [];
  for (const event of RECORDED_HOOKS) {
    const groups = hooks.members?.findLast(({ key }) => key === event)?.node;
    if (groups === undefined) missing.push(memberText(event, command));
    else if (groups.items === undefined) throw new SyntaxError(`the hooks of ${event} are no list`);
    else edits.push(appendEdit(base, groups, groupText(event, command)));
  }
  if (missing.length > 0) edits.push(appendEdit(base, hooks, missing.join(separatorOf(base, hooks))));
  return applyEdits(base, edits);
}

/**
 * The settings without our hooks; the same text when there are none.
 *
 * @throws SyntaxError when the text is no JSON object
 */
export function removeHooks(text: string): string {
  if (text.trim() === "") return text;
  const root = objectNode(parseJsonText(text), "the settings");
  const edits: TextEdit[] = [];
  const emptied = new Set<number>();
  for (const [at, { key, node: hooks }] of (root.members ?? []).entries()) {
    if (key !== "hooks" || hooks.members === undefined) continue;
    const events = hooks.members.map(({ node }) => withoutOurs(node));
    if (events.length > 0 && events.every((left) => left === "nothing")) emptied.add(at);
    else {
      edits.push(...removeEdits(hooks, (child) => events[child] === "nothing"));
      for (const left of events) if (left !== "nothing") edits.push(...left);
    }
  }
  edits.push(...removeEdits(root, (child) => emptied.has(child)));
  return applyEdits(text, edits);
}

/** The command that our hooks run; undefined when there are none. */
export function commandOf(text: string): string | undefined {
  if (text.trim() === "") return undefined;
  const hooks = parseJsonText(text).members?.findLast(({ key }) => key === "hooks")?.node;
  const commands = (hooks?.members ?? []).flatMap(({ node }) => (node.items ?? []).flatMap(commandsOf));
  return commands.find(isOurs);
}

// --- internal ---

/** Seconds; it takes about 0.05. */
const TIMEOUT_S = 10;

const WITH_MATCHER: ReadonlySet<string> = new Set([
  "PreToolUse",
  "PostToolUse",
  "PostToolUseFailure",
  "PermissionRequest",
  "PermissionDenied",
]);

function groupOf(event: string, command: string): object {
  // At the end nobody would wait for a hook in the background; everywhere else the agent goes on at once.
  const isAsked = event === "PreToolUse" && command.endsWith(" --enforce-budgets");
  const isAsync = event !== "SessionEnd" && !isAsked;
  const hook = { type: "command", command, timeout: TIMEOUT_S, ...(isAsync ? { async: true } : {}) };
  return { ...(WITH_MATCHER.has(event) ? { matcher: "*" } : {}), hooks: [hook] };
}

function hooksOf(command: string): object {
  return Object.fromEntries(RECORDED_HOOKS.map((event) => [event, [groupOf(event, command)]]));
}

function groupText(event: string, command: string): string {
  return JSON.stringify(groupOf(event, command));
}

function memberText(event: string, command: string): string {
  return `${JSON.stringify(event)}: [${groupText(event, command)}]`;
}

/** What stands between two members, so that several can be put in at once. */
function separatorOf(text: string, container: JsonNode): string {
  const { text: put } = appendEdit(text, container, "x");
  return `,${/^,?(\s*)x/.exec(put)?.[1] ?? " "}`;
}

function objectNode(node: JsonNode, what: string): JsonNode {
  if (node.members === undefined) throw new SyntaxError(`${what}: not an object in braces`);
  return node;
}

function hasHooks(text: string, command: string): boolean {
  const hooks = parseJsonText(text).members?.findLast(({ key }) => key === "hooks")?.node;
  return RECORDED_HOOKS.every((event) => {
    const groups = hooks?.members?.findLast(({ key }) => key === event)?.node.items ?? [];
    return groups.flatMap(commandsOf).some((each) => each === command);
  });
}

/** The hooks of a group. */
function hooksIn(group: JsonNode): { list: JsonNode | undefined; commands: (string | undefined)[] } {
  const list = group.members?.findLast(({ key }) => key === "hooks")?.node;
  const commands = (list?.items ?? []).map(({ value: hook }) => {
    const command = typeof hook === "object" && hook !== null && "command" in hook ? hook.command : undefined;
    return typeof command === "string" ? command : undefined;
  });
  return { list, commands };
}

function commandsOf(group: JsonNode): string[] {
  return hooksIn(group).commands.filter((command) => command !== undefined);
}

/** Ours end like this, wherever the program is. */
function isOurs(command: string | undefined): boolean {
  return command !== undefined && OURS.test(command);
}

const OURS =
  /(?:tracekeep|[\\/]cli[\\/]main\.c?js)['"]? hook claude-code(?: --scope (?:user|project))?(?: --enforce-budgets)?$/;

/**
 * How to take our hooks out of the list of one event; "nothing" when nothing would be left of it. A host may have put
 * hooks of its user's into a group of ours.
 */
function withoutOurs(groups: JsonNode): TextEdit[] | "nothing" {
  const items = (groups.items ?? []).map(hooksIn);
  const areAllOurs = items.map(({ commands }) => commands.length > 0 && commands.every(isOurs));
  if (items.length > 0 && areAllOurs.every(Boolean)) return "nothing";
  const within = items.flatMap(({ list, commands }, at) =>
    list === undefined || areAllOurs[at] === true ? [] : removeEdits(list, (hook) => isOurs(commands[hook])),
  );
  return [...removeEdits(groups, (at) => areAllOurs[at] === true), ...within];
}
