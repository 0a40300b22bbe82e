// How a task ended, where only Temporal can say.
import { CancellationScope } from "@temporalio/workflow";
import type { TaskEnding } from "../../protocol/activities.ts";
import type { Agent } from "../agent/agent.ts";
import { toReaders } from "../agent/watchers.ts";

export async function readEnding(agent: Agent, taskId: string): Promise<TaskEnding> {
  const options = { summary: `how ${taskId} ended` };
  return await CancellationScope.nonCancellable(() =>
    toReaders(agent.settings.installation).readEnding.executeWithOptions(options, [taskId]),
  );
}
