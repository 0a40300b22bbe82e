// How other tasks stand or ended, as Temporal knows it.
import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  proxyActivities,
} from "@temporalio/workflow";
import type { TaskEnding, TaskReading, WatchActivities } from "../../protocol/activities.ts";
import { toQueues } from "../../protocol/ids.ts";
import type { CheckDetail } from "../../protocol/views.ts";
import type { Agent } from "../agent/agent.ts";
import { toReaders } from "../agent/watchers.ts";

/** Nothing when nobody answers in time. A task that does not exist is left out. */
export async function readTasks(
  agent: Agent,
  taskIds: readonly string[],
  detail: CheckDetail,
): Promise<readonly TaskReading[] | undefined> {
  const activities = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    scheduleToCloseTimeout: agent.settings.limits.readTasksMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { maximumAttempts: 2, initialInterval: 200 },
  });
  const summary =
    taskIds.length === 1 ? `look at ${taskIds[0]}` : `look at ${taskIds.length} tasks`;
  try {
    return await activities.readTasks.executeWithOptions({ summary }, [{ taskIds, detail }]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return undefined;
  }
}

/** Asked until it is known, also by an agent that is being cancelled. */
export async function readEnding(agent: Agent, taskId: string): Promise<TaskEnding> {
  const options = { summary: `how ${taskId} ended` };
  return await CancellationScope.nonCancellable(() =>
    toReaders(agent.settings.installation).readEnding.executeWithOptions(options, [taskId]),
  );
}
