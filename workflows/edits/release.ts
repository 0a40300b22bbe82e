// Gives back the worktrees of ended tasks.
import { CancellationScope, proxyActivities } from "@temporalio/workflow";
import type { HostActivities, TaskEnding } from "../../protocol/activities.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import type { DiffSummary } from "../../protocol/isolation.ts";
import { type Agent, send } from "../agent/agent.ts";
import type { BoardTask } from "../tasks/board.ts";

/** Whether a task ended without a chance to hand its diff over. */
export function leftItsDiff(task: BoardTask, { end, envelope }: TaskEnding): boolean {
  if (!task.isolation || envelope.diff) return false;
  return end.status === "cancelled"
    ? end.forced === true
    : end.status === "failed" && wasStopped(end.reason);
}

function wasStopped(reason: string): boolean {
  return reason === "terminated" || reason === "timeout" || reason === "lost";
}

/** What a task that was stopped from outside had changed, when its host says so in time. */
export async function takeDiff(agent: Agent, ending: TaskEnding): Promise<TaskEnding> {
  const diff = await release(agent, ending.taskId).catch(() => undefined);
  if (diff) return { ...ending, envelope: { ...ending.envelope, diff } };
  if (diff === null) return ending;
  const notDone = `${ending.envelope.notDone} Its worktree is still on its host: bosun diff takes its changes when the host is there.`;
  return { ...ending, envelope: { ...ending.envelope, notDone } };
}

/** An ended task's worktree goes. Should its host be away, its next worker does it. */
export function giveBack(agent: Agent, { taskId, envelope }: TaskEnding): void {
  if (!envelope.diff || envelope.diff.kept !== undefined) return;
  void send(agent, release(agent, taskId));
}

function release(agent: Agent, taskId: string): Promise<DiffSummary | null> {
  const { settings, state } = agent;
  const { collectMs, toolHeartbeatMs } = settings.limits;
  const host = state.workspace?.host ?? "";
  const { releaseWorktree } = proxyActivities<HostActivities>({
    taskQueue: toHostQueue(settings.installation, host),
    scheduleToStartTimeout: collectMs,
    startToCloseTimeout: 2 * collectMs,
    scheduleToCloseTimeout: 3 * collectMs,
    heartbeatTimeout: toolHeartbeatMs,
    retry: { initialInterval: 500, maximumAttempts: 2 },
  });
  const options = { summary: `worktree of ${taskId}` };
  const input = { taskId, rootId: agent.rootId };
  return CancellationScope.nonCancellable(() =>
    releaseWorktree.executeWithOptions(options, [input]),
  );
}
