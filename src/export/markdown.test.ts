import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openReader } from "../read/index.ts";
import { openStore } from "../record/index.ts";
import type { Session } from "../record/index.ts";
import { csv, markdown, SessionExport } from "./index.ts";
import type { ExportFormat, ExportOptions } from "./index.ts";

let folder: string;
let count: number;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-"));
  count = 0;
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function exported(
  format: ExportFormat,
  record: (session: Session) => void,
  options: ExportOptions = {},
  title = "T",
): Promise<string> {
  const dir = path.join(folder, `store-${++count}`);
  const store = openStore({ dir, handleSignals: false });
  const session = store.startSession({ id: "s", agent: "builder", title, startedAt: "2026-01-06T22:00:00Z" });
  record(session);
  session.end();
  store.close();
  let text = "";
  for await (const piece of new SessionExport(openReader({ dir }), format, options)) text += piece.text;
  return text;
}

/** The lines of a page that are outside of fenced code, as CommonMark 0.31 §4.5 finds it. */
function outsideOfFences(page: string): string[] {
  const outside: string[] = [];
  let open = "";
  for (const line of page.split(/\r\n|\r|\n/)) {
    const marks = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (open === "") {
      const [, run = "", info = ""] = marks ?? [];
      if (run !== "" && !(run.startsWith("`") && info.includes("`"))) open = run;
      else outside.push(line);
    } else if (
      marks !== null &&
      marks[1]?.[0] === open[0] &&
      (marks[1]?.length ?? 0) >= open.length &&
      marks[2]?.trim() === ""
    ) {
      open = "";
    }
  }
  expect(open, "a fence that nothing closes").toBe("");
  return outside;
}

/** What our own words on a page look like, once code is taken out of its lines. */
const OWN =
  /^(#{1,3} (Session|User|Agent|Tool|⚠ [A-Z]+)[ ,\d:]*|- [\w ,:.?-]*|<\/?details>|<details><summary>[\w ⚠,.:/-]*<\/summary>|\*[\w ⚠,.:/-]*\*, [\d:]*|\*\*Cost\*\*: [\w $.;,()]*|… [\d,]+ characters more|---|)$/;

describe("a transcript in Markdown", () => {
  it("lets nothing of the log out of its code, whatever it looks like", async () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.array(
        fc.constantFrom("```", "````", "\n", "\r", "\r\n", "~~~", "# x", "</details>", "<script>", "`", "    ", "> ", "![a](http://b)", "\u2028", "\\", "<!--", "|", "x".repeat(300)),
        { maxLength: 12 },
      ).map((parts) => parts.join("")),
    ); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 9, maxLength: 9 }), async (texts) => {
        const [a = "", b = "", c = "", d = "", e = "", f = "", g = "", h = "", title = ""] = texts;
        const page = await exported(
          markdown({ maxCharacters: 50 }),
          (session) => {
            session.userMessage(a);
            session.agentMessage(b, { agent_name: f });
            session.log({ event: "REASONING", message: c });
            session.toolCall(d, { command: e }).result(f, { status: g });
            session.toolCall(d, e).error(f);
            session.error(g);
            session.log({ event: h, reason: a, status: b });
            session.log({ event: h, severity: "ERROR", error: c });
          },
          {},
          title === "" ? "T" : title,
        );
        for (const line of outsideOfFences(page)) {
          const bare = line.replaceAll(/(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)/g, "");
          expect(bare).toMatch(OWN);
          expect(bare).not.toContain("`");
        }
      }),
      { numRuns: 60 },
    );
  });

  it("shows what was said, called, returned and spent", async () => {
    const page = await exported(markdown(), (session) => {
      session.userMessage("Is the build green?");
      session.toolCall("bash", { command: "npm test" }).result("ok\n```\nfine", { duration_ms: 1500 });
      session.agentMessage("It is.");
      session.modelCall({ model: "m" }).result("x", { input_tokens: 1000, output_tokens: 5, cost_usd: 0.25 });
      session.error(new Error("no disk"));
    });
    expect(page).toContain("# Session `T`\n");
    expect(page).toMatch(/\n## User, [\d:]{8}\n\n```text\nIs the build green\?\n```\n/);
    expect(page).toMatch(/\n### Tool `bash`, [\d:]{8}\n\n```json\n\{\n {2}"command": "npm test"\n\}\n```\n/);
    expect(page).toMatch(
      /<summary>result after 1,500 ms, [\d:]{8}<\/summary>\n\n````text\nok\n```\nfine\n````\n\n<\/details>/,
    );
    expect(page).toMatch(/### ⚠ ERROR `ERROR`/);
    expect(page).toContain("no disk");
    expect(page).toContain("**Cost**: $0.2500; 1 model call, 1,000 tokens in, 5 tokens out\n");
  });

  it("cuts what is long and says by how much, unless told otherwise", async () => {
    const long = "y".repeat(5000);
    const record = (session: Session): void => void session.userMessage(long);
    expect(await exported(markdown(), record)).toContain("… 1,000 characters more");
    expect(await exported(markdown({ maxCharacters: 10_000 }), record)).toContain(long);
  });
});

describe("a table", () => {
  it("quotes what needs it, finds what is inside fields, and leaves spreadsheets no formula", async () => {
    const table = await exported(
      csv({ fields: ["event", "tool", "args.command", "cost_usd", "args"] }),
      (session) => {
        session.log({
          event: "TOOL_CALL",
          tool: 'a "b"',
          args: { command: "=cmd|' /C calc'!A0" },
          cost_usd: -1,
        });
        session.log({ event: "TOOL_CALL", tool: "x,\ny", args: "plain" });
      },
      { event: "TOOL_CALL" },
    );
    expect(table).toBe(
      'event,tool,args.command,cost_usd,args\nTOOL_CALL,"a ""b""",\'=cmd|\' /C calc\'!A0,-1,"{""command"":""=cmd|\' /C calc\'!A0""}"\n' +
        'TOOL_CALL,"x,\ny",,,plain\n',
    );
  });

  it("refuses fields that are none", () => {
    expect(() => csv({ fields: [] })).toThrow(RangeError);
    expect(() => csv({ fields: ["a", ""] })).toThrow(RangeError);
  });
});
