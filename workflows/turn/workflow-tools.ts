// The tools that the workflow itself carries out.
import type { toolSpecs, WorkflowTool } from "../../protocol/tools/tools.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { Agent } from "../agent/agent.ts";
import { claim } from "../sharing/claims.ts";
import { postFinding } from "../sharing/findings.ts";
import { cancel, start, startAndWait, update } from "../tasks/delegation.ts";
import { check, list } from "../tasks/task-lookup.ts";
import { waitForEvent, waitForTasks } from "../waits/wait-tools.ts";

type Run<Input> = (agent: Agent, input: Input, callId: string) => Promise<ToolAnswer> | ToolAnswer;

type InputOf<Tool extends WorkflowTool> = Parameters<(typeof toolSpecs)[Tool]["label"]>[0];

const tools: { readonly [Tool in WorkflowTool]: Run<InputOf<Tool>> } = {
  start_async_task: start,
  task: startAndWait,
  check_async_task: check,
  update_async_task: update,
  cancel_async_task: cancel,
  list_async_tasks: list,
  wait_for_async_tasks: waitForTasks,
  wait_for_event: waitForEvent,
  post_finding: postFinding,
  claim,
};

export function isWorkflowTool(name: string): name is WorkflowTool {
  return Object.hasOwn(tools, name);
}

/** One call, its input already checked. */
export async function runInWorkflow(
  agent: Agent,
  callId: string,
  tool: WorkflowTool,
  input: unknown,
): Promise<ToolAnswer> {
  const run = tools[tool] as Run<unknown>;
  return await run(agent, input, callId);
}
