// Which workflow works on a task.
import type { Client, WorkflowExecutionDescription } from "@temporalio/client";
import { toAttemptId } from "../protocol/ids.ts";
import { readMemos } from "../protocol/task-view.ts";
import { workflowTypes } from "../protocol/workflows.ts";
import { callServer } from "./call.ts";
import { isRequestError } from "./request-error.ts";

/** One workflow, as Temporal has it. */
export function describe(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionDescription> {
  const handle = client.workflow.getHandle(workflowId);
  return callServer(client, workflowId, () => handle.describe());
}

/** The newest attempt at a task, by the id of any. Only one that has ended can have been followed by another. */
export async function describeNewest(
  client: Client,
  id: string,
): Promise<WorkflowExecutionDescription> {
  const description = await describe(client, id);
  const mayBeFollowed = description.type === workflowTypes.subagent && description.closeTime;
  if (!mayBeFollowed) return description;
  const { agent } = readMemos(description);
  const next = toAttemptId(agent?.taskId ?? id, (agent?.attempt ?? 1) + 1);
  try {
    return await describeNewest(client, next);
  } catch (error) {
    if (isRequestError(error, "unknown")) return description;
    throw error;
  }
}
