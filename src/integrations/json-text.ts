// Changing a JSON file as a careful person would: the text stays as it is, byte for byte, except where something is put
// in or taken out. Comments and trailing commas, which some programs allow in their settings, are read over.

/** A value and where it stands in the text. */
export interface JsonNode {
  from: number;
  to: number;
  /** As `JSON.parse` gives it. */
  value: unknown;
  /** Of an object, in order, doubles included. */
  members?: { key: string; from: number; node: JsonNode }[];
  /** Of an array. */
  items?: JsonNode[];
  /** Of a container whose last child has a comma behind it: where that comma ends. */
  trailingComma?: number;
}

/** Text that goes in place of `from` to `to`. */
export interface TextEdit {
  from: number;
  to: number;
  text: string;
}

/**
 * Reads a JSON text.
 *
 * @throws SyntaxError with the line, when it is none
 */
export function parseJsonText(text: string): JsonNode {
  const parser = new Parser(text);
  return parser.parse();
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const { from, to, text: put } of edits.toSorted((a, b) => b.from - a.from)) {
    result = result.slice(0, from) + put + result.slice(to);
  }
  return result;
}

/** Puts something at the end of a container, laid out as what is there. @param content a member or an item */
export function appendEdit(text: string, container: JsonNode, content: string): TextEdit {
  const children = childrenOf(container);
  const [first] = children;
  const last = children.at(-1);
  if (first === undefined || last === undefined) {
    const indent = lineIndent(text, container.from);
    const unit = indentUnit(text);
    const at = container.from + 1;
    return { from: at, to: at, text: `\n${indent}${unit}${content}\n${indent}` };
  }
  const isInline = !text.slice(container.from, first.from).includes("\n");
  const gap = isInline ? " " : `\n${lineIndent(text, first.from)}`;
  const { trailingComma } = container;
  if (trailingComma !== undefined)
    return { from: trailingComma, to: trailingComma, text: `${gap}${content}` };
  return { from: last.to, to: last.to, text: `,${gap}${content}` };
}

/** Takes children out of a container, each with the comma that goes with it. */
export function removeEdits(container: JsonNode, isRemoved: (at: number) => boolean): TextEdit[] {
  const children = childrenOf(container);
  const edits: TextEdit[] = [];
  let kept = -1;
  for (let at = 0; at < children.length; at++) {
    if (!isRemoved(at)) {
      kept = at;
      continue;
    }
    let end = at;
    while (end + 1 < children.length && isRemoved(end + 1)) end++;
    const before = children[kept];
    const after = children[end + 1];
    const to = children[end]?.to ?? container.to;
    if (before !== undefined) edits.push({ from: before.to, to, text: "" });
    else if (after !== undefined) edits.push({ from: children[at]?.from ?? to, to: after.from, text: "" });
    else edits.push({ from: container.from + 1, to: container.to - 1, text: "" });
    at = end;
  }
  return edits;
}

// --- internal ---

function childrenOf({ members, items }: JsonNode): { from: number; to: number }[] {
  return items ?? (members ?? []).map(({ from, node }) => ({ from, to: node.to }));
}

/** The white space that begins the line of a place. */
function lineIndent(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf("\n", at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? "";
}

function indentUnit(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
}

/** Deeper text is no settings file. */
const MAX_DEPTH = 200;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonNode {
    if (this.#text.startsWith("\ufeff")) this.#at = 1;
    const node = this.#value(0);
    this.#blank();
    if (this.#at < this.#text.length) throw this.#error("something follows the value");
    return node;
  }

  #value(depth: number): JsonNode {
    this.#blank();
    const from = this.#at;
    if (depth > MAX_DEPTH) throw this.#error("it is nested too deeply");
    const character = this.#text[from];
    if (character === "{") return this.#object(from, depth);
    if (character === "[") return this.#array(from, depth);
    if (character === '"') return { value: this.#string(), from, to: this.#at };
    const word = /[-+.\w]*/y;
    word.lastIndex = from;
    const literal = word.exec(this.#text)?.[0] ?? "";
    this.#at = from + literal.length;
    return { value: this.#parsed(from), from, to: this.#at };
  }

  #object(from: number, depth: number): JsonNode {
    const members: NonNullable<JsonNode["members"]> = [];
    const node: JsonNode = { from, to: from, value: undefined, members };
    this.#children(node, "}", () => {
      const keyFrom = this.#at;
      const key = this.#string();
      this.#blank();
      this.#expect(":");
      members.push({ key, from: keyFrom, node: this.#value(depth + 1) });
    });
    node.value = Object.fromEntries(members.map(({ key, node: { value } }) => [key, value]));
    return node;
  }

  #array(from: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    const node: JsonNode = { from, to: from, value: undefined, items };
    this.#children(node, "]", () => items.push(this.#value(depth + 1)));
    node.value = items.map(({ value }) => value);
    return node;
  }

  #children(node: JsonNode, close: string, child: () => void): void {
    this.#at++;
    for (;;) {
      this.#blank();
      if (this.#text[this.#at] === close) break;
      child();
      delete node.trailingComma;
      this.#blank();
      if (this.#text[this.#at] === close) break;
      this.#expect(",");
      node.trailingComma = this.#at;
    }
    node.to = ++this.#at;
  }

  #string(): string {
    const from = this.#at;
    if (this.#text[from] !== '"') throw this.#error("a text in quotes is missing");
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      if (this.#at >= this.#text.length) throw this.#error("a text is not closed");
      if (this.#text[this.#at] === "\\") this.#at++;
    }
    this.#at++;
    return String(this.#parsed(from));
  }

  #parsed(from: number): unknown {
    try {
      return JSON.parse(this.#text.slice(from, this.#at));
    } catch {
      this.#at = from;
      throw this.#error("a value is missing or is none");
    }
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#error(`"${character}" is missing`);
    this.#at++;
  }

  /** White space and comments. */
  #blank(): void {
    const blank = /(?:[ \t\r\n]+|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#text);
    this.#at = blank.lastIndex;
  }

  #error(what: string): SyntaxError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new SyntaxError(`line ${line}: ${what}`);
  }
}
