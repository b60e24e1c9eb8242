// The figures of a number of events, and how figures add up. Plain objects, so that they can be printed, stored and
// compared as they are; records by name have no prototype, because names come from outside (`__proto__` is one).

/** Tokens by kind. The first four are disjoint; `reasoning` is part of `output`. */
export interface TokenCounts {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  reasoning: number;
}

export interface Usage {
  tokens: TokenCounts;
  /** In US dollars; null when nothing had a price, which is not the same as 0. */
  cost_usd: number | null;
  /** How many events had a price. */
  priced: number;
  /** How many events used a model and had none. */
  unpriced: number;
}

export interface ModelFigures extends Usage {
  calls: number;
}

export interface ToolFigures {
  calls: number;
  errors: number;
  /** Time spent in calls, as far as it is known. */
  duration_ms: number;
}

export interface Figures extends Usage {
  events: number;
  /** By type. */
  event_counts: Record<string, number>;
  /** Events that report a failure: severity ERROR or worse, or `status` "error". */
  errors: number;
  tool_calls: number;
  tool_errors: number;
  tools: Record<string, ToolFigures>;
  model_calls: number;
  models: Record<string, ModelFigures>;
}

/** Names that a record holds; what further names would have held is under {@link OTHER_NAMES}. */
export const MAX_NAMES = 1000;
export const OTHER_NAMES = "(other)";

/** Inherits nothing, from an object of its own that does not either: V8 makes tables of objects without a prototype. */
const EmptyRecord = function EmptyRecord() {} as unknown as new () => object;
EmptyRecord.prototype = Object.create(null);

export function newFigures(): Figures {
  return {
    events: 0,
    event_counts: newRecord(),
    errors: 0,
    tool_calls: 0,
    tool_errors: 0,
    tools: newRecord(),
    model_calls: 0,
    models: newRecord(),
    tokens: newTokens(),
    cost_usd: null,
    priced: 0,
    unpriced: 0,
  };
}

/** Figures of no event: one object for the many sessions that have none of a kind. Whoever adds to it makes new ones. */
export const NO_FIGURES: Figures = newFigures();
for (const part of [NO_FIGURES, ...Object.values<unknown>({ ...NO_FIGURES })]) Object.freeze(part);

/** Adds figures to others, or takes them away again (`sign` -1). Costs the number of names in `from`. */
export function addFigures(into: Figures, from: Figures, sign: 1 | -1 = 1): void {
  if (from === NO_FIGURES) return;
  into.events += sign * from.events;
  into.errors += sign * from.errors;
  into.tool_calls += sign * from.tool_calls;
  into.tool_errors += sign * from.tool_errors;
  into.model_calls += sign * from.model_calls;
  addUsage(into, from, sign);
  for (const [type, count] of Object.entries(from.event_counts)) {
    addType(into, type, sign * count);
  }
  for (const [tool, figures] of Object.entries(from.tools)) {
    const own = toolIn(into, tool);
    own.calls += sign * figures.calls;
    own.errors += sign * figures.errors;
    own.duration_ms += sign * figures.duration_ms;
  }
  for (const [model, figures] of Object.entries(from.models)) {
    const own = modelIn(into, model);
    own.calls += sign * figures.calls;
    addUsage(own, figures, sign);
  }
}

export function addUsage(into: Usage, from: Usage, sign: 1 | -1 = 1): void {
  into.tokens.input += sign * from.tokens.input;
  into.tokens.output += sign * from.tokens.output;
  into.tokens.cache_read += sign * from.tokens.cache_read;
  into.tokens.cache_write += sign * from.tokens.cache_write;
  into.tokens.reasoning += sign * from.tokens.reasoning;
  into.priced += sign * from.priced;
  into.unpriced += sign * from.unpriced;
  into.cost_usd = into.priced > 0 ? (into.cost_usd ?? 0) + sign * (from.cost_usd ?? 0) : null;
}

export function addType(figures: Figures, type: string, count: number): void {
  const before = figures.event_counts[type];
  if (before !== undefined) figures.event_counts[type] = before + count;
  else {
    const name = nameFor(figures.event_counts, type);
    figures.event_counts[name] = (figures.event_counts[name] ?? 0) + count;
  }
}

/** The figures of a tool, made when it has none yet. */
export function toolIn(figures: Figures, tool: string): ToolFigures {
  const known = figures.tools[tool];
  if (known !== undefined) return known;
  return (figures.tools[nameFor(figures.tools, tool)] ??= { calls: 0, errors: 0, duration_ms: 0 });
}

/** The figures of a model, made when it has none yet. */
export function modelIn(figures: Figures, model: string): ModelFigures {
  const known = figures.models[model];
  if (known !== undefined) return known;
  return (figures.models[nameFor(figures.models, model)] ??= { calls: 0, ...newUsage() });
}

/** The models that were used without a price being known, by name. */
export function unpricedModels(figures: Figures): string[] {
  const { models } = figures;
  const unpriced: string[] = [];
  for (const name in models) if ((models[name]?.unpriced ?? 0) > 0) unpriced.push(name);
  return unpriced.sort();
}

// --- internal ---

/** Under which name a record keeps what belongs to a name that it does not have. */
function nameFor(record: Readonly<Record<string, unknown>>, name: string): string {
  return OTHER_NAMES in record || Object.keys(record).length >= MAX_NAMES ? OTHER_NAMES : name;
}

function newRecord<T>(): Record<string, T> {
  return new EmptyRecord() as unknown as Record<string, T>;
}

function newUsage(): Usage {
  return { tokens: newTokens(), cost_usd: null, priced: 0, unpriced: 0 };
}

function newTokens(): TokenCounts {
  return { input: 0, output: 0, cache_read: 0, cache_write: 0, reasoning: 0 };
}
