// The tools that a host runs, by name.
import { type ToolName, toolSpecs, type WorkflowTool } from "../../protocol/tools/tools.ts";
import type { ToolSpec } from "../../protocol/tools/spec.ts";
import { applyDiffTool } from "./apply-diff.ts";
import { editFile } from "./edit-file.ts";
import { listFiles } from "./list-files.ts";
import { readDiffTool } from "./read-diff.ts";
import { readFile } from "./read-file.ts";
import { runCommand } from "./run-command.ts";
import { searchFiles } from "./search-files.ts";
import { ToolProblem } from "../tool-problem.ts";
import type { Tool } from "./tool.ts";
import { writeFile } from "./write-file.ts";

/** Tools a host runs. The others are done by the workflow itself. */
export type HostTool = Exclude<ToolName, WorkflowTool | "ask_human">;

export const tools: Readonly<Record<HostTool, Tool<unknown>>> = {
  list_files: checked(toolSpecs.list_files, listFiles),
  read_file: checked(toolSpecs.read_file, readFile),
  search_files: checked(toolSpecs.search_files, searchFiles),
  write_file: checked(toolSpecs.write_file, writeFile),
  edit_file: checked(toolSpecs.edit_file, editFile),
  run_command: checked(toolSpecs.run_command, runCommand),
  read_diff: checked(toolSpecs.read_diff, readDiffTool),
  apply_diff: checked(toolSpecs.apply_diff, applyDiffTool),
};

export function isHostTool(name: string): name is HostTool {
  return Object.hasOwn(tools, name);
}

/** The workflow has checked the arguments already, by the protocol it was built with. */
function checked<Input>(spec: ToolSpec<Input>, run: Tool<Input>): Tool<unknown> {
  return async (input, context) => {
    const parsed = spec.input().safeParse(input);
    if (parsed.success) return run(parsed.data, context);
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
    throw new ToolProblem(`Its arguments are wrong: ${path.join(".")} ${message}`);
  };
}
