// A worker in the middle of a command, waiting to be killed.
import { MockActivityEnvironment } from "@temporalio/testing";
import { createRunTool } from "../../activities/tools/run-tool.ts";
import type { ToolRunInput } from "../../protocol/activities.ts";

const [dir = "", workspace = "", command = "", mode] = process.argv.slice(2);
const sandbox = mode === "required" ? mode : "off";
const runTool = createRunTool({ dir, host: "here", commands: { sandbox, env: {} } });
const input: ToolRunInput = {
  workspace: { host: "here", path: workspace, writable: true, git: false },
  rootId: "root-1",
  toolUseId: "toolu_1",
  name: "run_command",
  input: { command },
};
const workflowExecution = { workflowId: "coder-1", runId: "run-1" };
await new MockActivityEnvironment({ workflowExecution }).run(runTool, input);
