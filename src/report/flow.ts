// Who handed work to whom: the sessions as a tree, as text and as a Mermaid graph.

import type { SessionEntry } from "../read/index.ts";
import { formatShortId } from "./event-text.ts";
import { fitText, plural, printable } from "./text.ts";

export interface FlowNode {
  session_id: string;
  agent_id: string;
  status: string;
  tool_calls: number;
  tool_errors: number;
  /** From the first event to the last. */
  span_ms: number | null;
  children: FlowNode[];
}

/** The tree of some sessions; one whose parent is not among them is a root. */
export function flowOf(sessions: readonly SessionEntry[]): FlowNode[] {
  const nodes = new Map(sessions.map((session) => [session.session_id, nodeOf(session)]));
  const parents = new Map(sessions.map(({ session_id: id, parent_id: parent }) => [id, parent]));
  const roots: FlowNode[] = [];
  for (const { session_id: id, parent_id: parent } of sessions) {
    const node = nodes.get(id);
    if (node === undefined) continue;
    const above = parent === null || isCircular(parents, id) ? undefined : nodes.get(parent);
    (above?.children ?? roots).push(node);
  }
  return roots;
}

/** Depth of the deepest session, the roots being 1. */
export function flowDepth(nodes: readonly FlowNode[]): number {
  return nodes.reduce((depth, { children }) => Math.max(depth, 1 + flowDepth(children)), 0);
}

/** The tree as lines. */
export function renderFlow(nodes: readonly FlowNode[], columns: number): string[] {
  const lines: string[] = [];
  const add = (node: FlowNode, head: string, indent: string): void => {
    lines.push(fitText(`${head}${labelOf(node)}`, columns));
    node.children.forEach((child, at) => {
      const isLast = at === node.children.length - 1;
      add(child, `${indent}${isLast ? "└─ " : "├─ "}`, `${indent}${isLast ? "   " : "│  "}`);
    });
  };
  for (const node of nodes) add(node, "", "");
  return lines;
}

/** The tree as a Mermaid flowchart. Names come from logs, so nothing of them can be more than a label. */
export function mermaidFlow(nodes: readonly FlowNode[]): string {
  const lines = ["graph TD"];
  let count = 0;
  const add = (node: FlowNode): string => {
    const name = `s${count++}`;
    lines.push(`  ${name}["${mermaidText(labelOf(node))}"]`);
    for (const child of node.children) lines.push(`  ${name} --> ${add(child)}`);
    return name;
  };
  for (const node of nodes) add(node);
  return `${lines.join("\n")}\n`;
}

// --- internal ---

function nodeOf(session: SessionEntry): FlowNode {
  const { session_id, agent_id, status, tool_calls, tool_errors, started_at: from, last_at: to } = session;
  const span_ms = from === null || to === null ? null : Date.parse(to) - Date.parse(from);
  return { session_id, agent_id, status, tool_calls, tool_errors, span_ms, children: [] };
}

/** Whether a session is its own ancestor: logs can say anything. */
function isCircular(parents: ReadonlyMap<string, string | null>, id: string): boolean {
  const seen = new Set<string>();
  for (let at = parents.get(id); typeof at === "string" && !seen.has(at); at = parents.get(at)) {
    if (at === id) return true;
    seen.add(at);
  }
  return false;
}

function labelOf({
  session_id: id,
  agent_id: agent,
  status,
  tool_calls: calls,
  tool_errors: errors,
}: FlowNode): string {
  const failed = errors > 0 ? `, ${errors} failed` : "";
  return printable(`${agent} ${formatShortId(id)} (${status}, ${plural(calls, "tool call")}${failed})`);
}

function mermaidText(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9 .,/()_-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
}
