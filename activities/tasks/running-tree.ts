// What still runs below a workflow.
import {
  type Client,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
} from "@temporalio/client";
import { isWorkflowId } from "../../protocol/ids.ts";

/** More levels than tasks can have. */
const deepest = 20;

/** Every running workflow of a tree, leaves first, the top last. */
export async function runningTree(
  client: Client,
  id: string,
  depth = 0,
): Promise<readonly string[]> {
  const described = await describe(client, id);
  if (!described) return [];
  const below: string[] = [];
  if (depth < deepest) {
    for (const child of await childrenOf(client, described, "running")) {
      below.push(...(await runningTree(client, child, depth + 1)));
    }
  }
  return isOpen(described) ? [...below, id] : below;
}

/** Levels of running workflows below one. */
export async function heightBelow(client: Client, id: string, depth = 0): Promise<number> {
  const described = await describe(client, id);
  if (!described || depth >= deepest) return 0;
  let height = 0;
  for (const child of await childrenOf(client, described, "running")) {
    height = Math.max(height, 1 + (await heightBelow(client, child, depth + 1)));
  }
  return height;
}

/** Nothing when Temporal no longer knows it. */
export async function describe(
  client: Client,
  id: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(id).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

export function isOpen({ status }: WorkflowExecutionDescription): boolean {
  return status.name === "RUNNING" || status.name === "PAUSED";
}

/** Looked at together so many. */
const atOnce = 20;

/** Those of them that run now. A list tells of ends late. */
export async function whichRun(client: Client, ids: readonly string[]): Promise<readonly string[]> {
  const running: string[] = [];
  for (let from = 0; from < ids.length; from += atOnce) {
    const some = ids.slice(from, from + atOnce);
    const open = await Promise.all(some.map((id) => isRunning(client, id)));
    running.push(...some.filter((_, index) => open[index]));
  }
  return running;
}

export async function isRunning(client: Client, id: string): Promise<boolean> {
  const described = await describe(client, id);
  return described !== undefined && isOpen(described);
}

const listed = {
  running: "ExecutionStatus = 'Running'",
  all: "ExecutionStatus != 'ContinuedAsNew'",
} as const;

/**
 * The run's own record knows the children it started itself at once, the list also those of earlier runs.
 * Each once: a list has two lines for a child that was reset, or has just rolled.
 */
export async function childrenOf(
  client: Client,
  { workflowId, raw }: WorkflowExecutionDescription,
  which: keyof typeof listed,
): Promise<readonly string[]> {
  const children = new Set(raw.pendingChildren?.flatMap((child) => child.workflowId ?? []));
  if (!isWorkflowId(workflowId)) return [...children];
  const query = `ParentWorkflowId = '${workflowId}' AND ${listed[which]}`;
  for await (const child of client.workflow.list({ query })) children.add(child.workflowId);
  return [...children];
}
