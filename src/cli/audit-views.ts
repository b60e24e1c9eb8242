// The views of the audit. Each reads the store once and gives its figures as data and as text.

import type { Event } from "../event/index.ts";
import { UNFINISHED_LINE } from "../read/index.ts";
import type { Reader, ReadReport, SessionEntry, SkippedBytes } from "../read/index.ts";
import {
  auditReport,
  CoverageFold,
  flowDepth,
  flowOf,
  formatCount,
  formatPlace,
  fitText,
  mermaidFlow,
  PermissionFold,
  plural,
  printable,
  renderAnomalies,
  renderAudit,
  renderCoverage,
  renderFlow,
  renderPermissions,
  renderSkipped,
  ValidationFold,
} from "../report/index.ts";
import type { AuditReport } from "../report/index.ts";
import { hasDamage } from "./skipped.ts";

export interface ViewOptions {
  last: string | undefined;
  session: string | undefined;
  agent: string | undefined;
  /** List more errors. */
  errors: boolean;
  mermaid: boolean;
  columns: number;
  color: boolean;
  signal: AbortSignal;
  onProgress: (report: ReadReport) => void;
}

export interface ViewResult {
  data: object;
  text: () => string;
  hasFindings: boolean;
  /** What could not be read, where the text does not say so. */
  skipped?: readonly SkippedBytes[];
}

type View = (reader: Reader, options: ViewOptions) => Promise<ViewResult>;

/** By name, in the order in which the help lists them. */
export const AUDIT_VIEWS: Readonly<Record<string, View>> = {
  summary,
  agent: summary,
  anomalies,
  flow,
  permissions,
  coverage,
  validate,
};

// --- internal ---

/** With --errors so many are listed. */
const ERRORS_LISTED = 50;

async function summary(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const report = await readReport(reader, options);
  return { data: report, text: () => renderAudit(report, options), hasFindings: hasFindings(report) };
}

async function anomalies(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const report = await readReport(reader, options, { rules: true });
  const { anomalies: found } = report;
  return {
    data: report,
    text: () => (found.length === 0 ? "No anomalies.\n" : textOf(renderAnomalies(found, options))),
    hasFindings: hasFindings(report),
    skipped: report.skipped,
  };
}

async function flow(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const sessions: SessionEntry[] = [];
  const stream = reader.sessions({ agent: options.agent, since: options.last, signal: options.signal });
  for await (const session of stream) sessions.push(session);
  const all = flowOf(sessions);
  const id = options.session === undefined ? undefined : reader.session(options.session).session.session_id;
  const nodes = id === undefined ? all : all.flatMap((node) => nodesNamed(node, id));
  const depth = flowDepth(nodes);
  const head = `${plural(nodes.length, "root")}, ${formatCount(depth)} deep`;
  return {
    data: { depth, sessions: nodes },
    text: () =>
      options.mermaid ? mermaidFlow(nodes) : textOf([head, ...renderFlow(nodes, options.columns)]),
    hasFindings: hasDamage(stream.report.skipped),
    skipped: stream.report.skipped,
  };
}

async function permissions(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const fold = new PermissionFold();
  const skipped = await observe(reader, options, fold);
  const { ledger } = fold;
  return {
    data: ledger,
    text: () => textOf(renderPermissions(ledger, options.columns)),
    hasFindings: hasDamage(skipped),
    skipped,
  };
}

async function coverage(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const fold = new CoverageFold();
  const skipped = await observe(reader, options, fold);
  const found = fold.coverage;
  return {
    data: found,
    text: () => textOf(renderCoverage(found, options.columns)),
    hasFindings: hasDamage(skipped),
    skipped,
  };
}

async function validate(reader: Reader, options: ViewOptions): Promise<ViewResult> {
  const fold = new ValidationFold();
  const skipped = await observe(reader, options, {
    observe: (event) => fold.observe(event),
    endSession: ({ session_id: id, status }) => fold.endSession(id, status === "ended"),
  });
  const { problems, more, events } = fold;
  const damaged = skipped.filter(({ reason }) => reason !== UNFINISHED_LINE);
  const lines = problems.map(({ session_id: id, seq, problem }) =>
    fitText(`${formatPlace(id, seq)}  ${printable(problem)}`, options.columns),
  );
  if (more > 0) lines.push(`… and ${plural(more, "more problem")}`);
  lines.push(...renderSkipped(damaged));
  const isValid = lines.length === 0;
  if (isValid) lines.push(`${plural(events, "event")}, all as the format says`);
  return {
    data: { valid: isValid, events, problems, more, skipped: damaged },
    text: () => textOf(lines),
    hasFindings: !isValid,
  };
}

function readReport(
  reader: Reader,
  { last, session, agent, errors, signal, onProgress }: ViewOptions,
  more: { rules?: boolean } = {},
): Promise<AuditReport> {
  const listed = errors ? { errors: ERRORS_LISTED } : {};
  return auditReport(reader, { last, session, agent, signal, onProgress, ...listed, ...more });
}

interface SessionFold {
  observe: (event: Event) => void;
  endSession: (session: SessionEntry) => void;
}

async function observe(reader: Reader, options: ViewOptions, fold: SessionFold): Promise<SkippedBytes[]> {
  const { session, agent, last: since, signal } = options;
  const stream = reader.sessions({ session, agent, since, signal, observe: (event) => fold.observe(event) });
  for await (const entry of stream) fold.endSession(entry);
  return stream.report.skipped;
}

function hasFindings({ skipped, anomalies: found, lost }: AuditReport): boolean {
  return hasDamage(skipped) || found.length > 0 || lost > 0;
}

function nodesNamed(node: ReturnType<typeof flowOf>[number], id: string): ReturnType<typeof flowOf> {
  return node.session_id === id ? [node] : node.children.flatMap((child) => nodesNamed(child, id));
}

function textOf(lines: readonly string[]): string {
  return `${lines.join("\n")}\n`;
}
