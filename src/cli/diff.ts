// The lines that differ between two texts, for a person who wants to see what is being changed.

/** Lines with `-` and `+` before them; of what is the same, nothing but the places. */
export function diffLines(before: string, after: string): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const lines: string[] = [];
  let at = 0;
  let isApart = false;
  // What is put in or taken out are whole lines, so a line is looked for ahead instead of the least change of all.
  for (const line of old) {
    const found = now.indexOf(line, at);
    if (found < 0) {
      lines.push(`- ${line}`);
      isApart = true;
      continue;
    }
    if (isApart || found > at) lines.push(...now.slice(at, found).map((each) => `+ ${each}`));
    isApart = false;
    at = found + 1;
  }
  return [...lines, ...now.slice(at).map((line) => `+ ${line}`)];
}

// --- internal ---

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
