import * as fs from "node:fs";
import os from "node:os";
import path from "node:path";

import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { TracekeepError } from "../base/errors.ts";
import { addHooks, commandOf, RECORDED_HOOKS, removeHooks } from "./claude-settings.ts";
import { install, uninstall } from "./install.ts";
import { parseJsonText } from "./json-text.ts";

const COMMAND = "tracekeep hook claude-code --scope project";
const AUDIT = "---\ndescription: audit\n---\n!`tracekeep audit`\n";

let folder: string;
let settings: string;
beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "tracekeep-")), ".claude");
  settings = path.join(folder, "settings.json");
  fs.mkdirSync(folder);
});
afterEach(() => fs.rmSync(path.dirname(folder), { recursive: true }));

const put = (text: string | undefined): void => {
  fs.mkdirSync(folder, { recursive: true });
  fs.rmSync(settings, { force: true });
  if (text !== undefined) fs.writeFileSync(settings, text);
};
const look = (): Record<string, string> =>
  Object.fromEntries(
    (fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, encoding: "utf8" }) : [])
      .filter((name) => fs.statSync(path.join(folder, name)).isFile())
      .map((name) => [name, fs.readFileSync(path.join(folder, name), "latin1")]),
  );
const options = { command: COMMAND, auditCommand: AUDIT };

/** Settings as people write them: valid, oddly laid out, commented, or broken. */
const someHooks = fc.dictionary(
  fc.constantFrom("PreToolUse", "Stop", "SessionEnd", "Custom"),
  fc.oneof(
    fc.array(
      fc.record({ hooks: fc.array(fc.record({ type: fc.constant("command"), command: fc.string() })) }),
      { maxLength: 2 },
    ),
    fc.jsonValue({ maxDepth: 1 }),
  ),
);
const value = fc.oneof(
  fc.record(
    {
      hooks: fc.oneof({ weight: 4, arbitrary: someHooks }, { weight: 1, arbitrary: fc.jsonValue() }),
      model: fc.string(),
    },
    { requiredKeys: [] },
  ),
  fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
  fc.jsonValue(),
);
const layout = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => `\ufeff${text}`,
  (text) => `// mine\n${text} /* yours */\n\n`,
  (text) => text.replace(/\}$/, ",}"),
  (text) => text.replaceAll(",", " ,\t"),
  (text) => text.slice(0, -1),
  (text) => `${text}${text}`,
  () => "",
  () => " \n",
  () => '{"a": 1e400, "a": 12345678901234567890, "\\u0068ooks": {}}',
);
const text = fc
  .tuple(value, fc.constantFrom(0, 2, 4, "\t"), layout)
  .map(([each, indent, change]) => change(JSON.stringify(each, null, indent)));

describe("installing and taking it back", () => {
  it("is the identity on any settings file, and a second install changes nothing", () => {
    fc.assert(
      fc.property(fc.option(text, { nil: undefined }), (before) => {
        put(before);
        const was = look();
        try {
          install({ folder, ...options });
        } catch (error) {
          expect(error).toMatchObject({ code: "BAD_SETTINGS" });
          expect(look()).toEqual(was);
          return;
        }
        const installed = look();
        expect(commandOf(fs.readFileSync(settings, "utf8"))).toBe(COMMAND);
        expect(install({ folder, ...options }).changes).toEqual([]);
        expect(look()).toEqual(installed);
        uninstall({ folder, ...options });
        expect(look()).toEqual(was);
      }),
      { numRuns: Number(process.env["TRACEKEEP_INSTALL_RUNS"] ?? 60) },
    );
  });

  it("adds to what is there and changes nothing else", () => {
    fc.assert(
      fc.property(someHooks, fc.constantFrom(0, 2, "\t"), (hooks, indent) => {
        const before = JSON.stringify({ hooks, model: "m" }, null, indent);
        let after: string;
        try {
          after = addHooks(before, COMMAND);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          return;
        }
        type Settings = { hooks: Record<string, unknown[]>; model: string };
        // Not what it was made of: JSON knows no minus nought.
        const { hooks: was } = JSON.parse(before) as Settings;
        const { hooks: now, model } = JSON.parse(after) as Settings;
        expect(model).toBe("m");
        for (const name of RECORDED_HOOKS) {
          expect(now[name]?.slice(0, -1)).toEqual(was[name] ?? []);
          expect(JSON.stringify(now[name]?.at(-1))).toContain(COMMAND);
        }
        // Lists that were empty before cannot be told from those that are empty now.
        const left = Object.entries(hooks).filter(([name, list]) => {
          return !(RECORDED_HOOKS.includes(name) && Array.isArray(list) && list.length === 0);
        });
        const expected = left.length === 0 ? { model: "m" } : { hooks: Object.fromEntries(left), model: "m" };
        expect(JSON.parse(removeHooks(after))).toEqual(JSON.parse(JSON.stringify(expected)));
      }),
    );
  });

  it("takes out only its own from settings that were changed since", () => {
    put(
      '{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{"hooks":[{"type":"command","command":"beep"}]}]\n  }\n}\n',
    );
    install({ folder, ...options });
    const changed = fs.readFileSync(settings, "utf8").replace('"opus"', '"sonnet"');
    put(changed);
    uninstall({ folder, ...options });
    expect(fs.readFileSync(settings, "utf8")).toBe(
      '{\n  "model": "sonnet",\n  "hooks": {\n    "Stop": [{"hooks":[{"type":"command","command":"beep"}]}]\n  }\n}\n',
    );
    expect(Object.keys(look())).toEqual(["settings.json"]);
  });

  it("takes its own out of a group that has hooks of the user's by now, and leaves no folder that it made", () => {
    fs.rmdirSync(folder);
    install({ folder, ...options });
    const own = '{"type":"command","command":"beep"}';
    put(fs.readFileSync(settings, "utf8").replace(/("Stop": \[\s*\{\s*"hooks": \[)/, `$1${own},`));
    uninstall({ folder, ...options });
    const { hooks } = JSON.parse(fs.readFileSync(settings, "utf8")) as { hooks: unknown };
    expect(hooks).toEqual({ Stop: [{ hooks: [JSON.parse(own)] }] });
    expect(fs.readdirSync(folder)).toEqual(["settings.json"]);
    fs.rmSync(folder, { recursive: true });
    install({ folder, ...options });
    uninstall({ folder, ...options });
    expect(fs.existsSync(folder)).toBe(false);
  });

  it("puts a new command in place of the old one, and still knows the way back", () => {
    const before = '{"model": "opus"}';
    put(before);
    install({ folder, ...options });
    const other = "'/opt/node' '/opt/it''s/dist/cli/main.js' hook claude-code --scope user";
    install({ folder, ...options, command: other });
    const now = fs.readFileSync(settings, "utf8");
    expect([commandOf(now), now.includes(COMMAND)]).toEqual([other, false]);
    uninstall({ folder, ...options });
    expect(look()).toEqual({ "settings.json": before });
  });

  it("keeps the old file, shows what would change, and follows a link to the settings", () => {
    const real = path.join(path.dirname(folder), "dotfile.json");
    fs.writeFileSync(real, "{}", { mode: 0o640 });
    fs.symlinkSync(real, settings);
    expect(install({ folder, ...options, dryRun: true }).changes).toHaveLength(2);
    expect(fs.readFileSync(real, "utf8")).toBe("{}");
    const { kept } = install({ folder, ...options });
    expect(kept === undefined ? "" : fs.readFileSync(kept, "utf8")).toBe("{}");
    expect([fs.lstatSync(settings).isSymbolicLink(), fs.statSync(real).mode & 0o777]).toEqual([true, 0o640]);
    uninstall({ folder, ...options });
    expect(fs.readFileSync(real, "utf8")).toBe("{}");
  });

  it("leaves a user's own /audit command, and settings that are no text, as they are", () => {
    fs.mkdirSync(path.join(folder, "commands"));
    fs.writeFileSync(path.join(folder, "commands", "audit.md"), "mine");
    expect(install({ folder, ...options }).notes).toHaveLength(1);
    uninstall({ folder, ...options });
    expect(look()).toEqual({ "commands/audit.md": "mine" });
    fs.writeFileSync(settings, Buffer.from([0x7b, 0xff, 0x7d]));
    expect(() => install({ folder, ...options })).toThrow(TracekeepError);
    expect(fs.readFileSync(settings)).toEqual(Buffer.from([0x7b, 0xff, 0x7d]));
  });

  it("never asks to take the place of what Claude Code does itself", () => {
    for (const name of ["WorktreeCreate", "WorktreeRemove", "MessageDisplay"]) {
      expect(RECORDED_HOOKS).not.toContain(name);
    }
  });

  it("is what the plugin ships", () => {
    const file = new URL("../../plugins/claude-code/hooks/hooks.json", import.meta.url);
    const shipped = JSON.parse(fs.readFileSync(file, "utf8")) as { hooks: unknown };
    const { hooks } = JSON.parse(addHooks("", "tracekeep hook claude-code --scope user")) as {
      hooks: unknown;
    };
    expect(shipped.hooks).toEqual(hooks);
  });
});

describe("the command /audit", () => {
  it("never ends in an exit code that Claude Code would take for an error, with leave for every part of it", () => {
    const file = new URL("../../plugins/claude-code/commands/audit.md", import.meta.url);
    const command = fs.readFileSync(file, "utf8");
    expect(command).toMatch(/^!`tracekeep audit [^|`]+ \|\| true`$/m);
    expect(command).toContain("allowed-tools: Bash(tracekeep audit:*), Bash(true)\n");
  });
});

describe("JSON text", () => {
  it("is read as JSON.parse reads it, and refused where that refuses it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((each) => each.slice(1)),
        ),
        (each) => {
          let expected: unknown;
          try {
            expected = JSON.parse(each);
          } catch {
            // Comments and trailing commas are read over on purpose.
            if (!/[,/\ufeff]/.test(each)) expect(() => parseJsonText(each)).toThrow(SyntaxError);
            return;
          }
          expect(parseJsonText(each).value).toEqual(expected);
        },
      ),
    );
  });
});
