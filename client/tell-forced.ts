// Tells tasks Bosun forced to stop from terminated ones.
import { type Client, WorkflowFailedError } from "@temporalio/client";
import { toAttemptId } from "../protocol/ids.ts";
import { forcedReason } from "../protocol/task.ts";
import type { TaskView } from "../protocol/views.ts";
import { callServer } from "./call.ts";
import { isRequestError } from "./request-error.ts";

/** Only the end of a history says who did it. More ends than this are not read at once, newest first. */
const mostRead = 50;

export async function tellForced(
  client: Client,
  tasks: readonly TaskView[],
): Promise<readonly TaskView[]> {
  const terminated = tasks.filter((task) => task.reason === "terminated" && !task.result);
  const read = await Promise.all(
    terminated.slice(-mostRead).map(async ({ taskId, attempt = 1 }) => {
      return (await wasForced(client, toAttemptId(taskId, attempt))) ? [taskId] : [];
    }),
  );
  const forced = new Set(read.flat());
  return tasks.map((task) => (forced.has(task.taskId) ? toForced(task) : task));
}

function toForced({ reason: _, ...task }: TaskView): TaskView {
  return { ...task, status: "cancelled", forced: true };
}

async function wasForced(client: Client, taskId: string): Promise<boolean> {
  try {
    await callServer(client, taskId, () => client.workflow.getHandle(taskId).result());
    return false;
  } catch (error) {
    if (error instanceof WorkflowFailedError) return error.cause?.message === forcedReason;
    if (isRequestError(error, "unknown")) return false;
    throw error;
  }
}
