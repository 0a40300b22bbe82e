// Applies an ended task's diff that a person approved.
import type { applyDiffInput } from "../../protocol/tools/isolation.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { applyDiff } from "../edits/apply-diff.ts";
import type { Tool } from "./tool.ts";
import { ToolProblem } from "../tool-problem.ts";

export const applyDiffTool: Tool<Shaped<typeof applyDiffInput>> = async (input, context) => {
  const { jail, rootId, signal, commands } = context;
  if (!jail.writable) throw new ToolProblem("It was not applied: this workspace is read-only.");
  const given = { taskId: input.task_id, rootId };
  const deps = { dir: jail.dir, env: commands.env };
  const { outcome, text, paths } = await applyDiff(deps, given, { again: false, signal });
  return {
    text: [text, ...paths].join("\n"),
    isError: outcome === "refused",
  };
};
