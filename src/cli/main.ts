#!/usr/bin/env node
// The command line's entry: the only file that reads the process's arguments and decides how it ends.

import process from "node:process";

import { RECORDER } from "../record/version.ts";
import { COMMANDS } from "./commands.ts";
import { runCommand } from "./run.ts";
import { processSurroundings } from "./surroundings.ts";

process.exitCode = await runCommand(
  COMMANDS,
  process.argv.slice(2),
  processSurroundings(),
  RECORDER.replace("/", " "),
);
