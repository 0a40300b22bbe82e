// How a task ended, where only Temporal can say.
import { CancellationScope, proxyActivities } from "@temporalio/workflow";
import type { TaskEnding, WatchActivities } from "../../protocol/activities.ts";
import { toQueues } from "../../protocol/ids.ts";
import type { Agent } from "../agent/agent.ts";

export async function readEnding(agent: Agent, taskId: string): Promise<TaskEnding> {
  const activities = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
  return await CancellationScope.nonCancellable(() =>
    activities.readEnding.executeWithOptions({ summary: `how ${taskId} ended` }, [taskId]),
  );
}
