// A parent that is none of Bosun's, for a test.
import { ParentClosePolicy, startChild } from "@temporalio/workflow";
import { type Subagent, type SubagentInput, workflowTypes } from "../../protocol/workflows.ts";

/** Starts a task on a queue of Bosun's and is done. */
export async function otherParent(
  taskQueue: string,
  workflowId: string,
  input: SubagentInput,
): Promise<void> {
  await startChild<Subagent>(workflowTypes.subagent, {
    taskQueue,
    workflowId,
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
  });
}
