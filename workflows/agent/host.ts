// Work bound to one host, waited for while that host is away.
import { ActivityCancellationType, condition, proxyActivities } from "@temporalio/workflow";
import type { HostActivities } from "../../protocol/activities.ts";
import type { AgentDefinition, PreparedWorkspace, Workspace } from "../../protocol/agent.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import type { Worktree, WorktreeRequest } from "../../protocol/isolation.ts";
import { type Agent, isStopping } from "./agent.ts";
import { isUnpicked, TaskFailure } from "./failures.ts";
import { enterWaiting, goOn } from "../tasks/parent.ts";

/** A host that stays away is asked ever more seldom, down to this. */
const slowest = 20;

/**
 * Runs work on its host. A host that picks nothing up is asked again until it does, or until
 * `giveUp` says that something else comes first. Nothing of the work has begun then.
 */
export async function onHost<Result>(
  agent: Agent,
  run: () => Promise<Result>,
  giveUp: () => boolean,
): Promise<Result> {
  for (let missed = 0; ; missed += 1) {
    try {
      const result = await run();
      if (missed > 0) goOn(agent);
      return result;
    } catch (error) {
      if (!isUnpicked(error)) throw error;
      const why = missed === 0 ? waitForHost(agent) : agent.state.why;
      const wait = agent.settings.limits.hostRetryMs * Math.min(slowest, 2 ** missed);
      if (!(await condition(giveUp, wait, { summary: "until the host is asked again" }))) continue;
      goOn(agent);
      throw new TaskFailure("error", `It was not run. ${why}`);
    }
  }
}

function waitForHost(agent: Agent): string {
  const host = agent.state.workspace?.host ?? "its host";
  const seconds = Math.round(agent.settings.limits.hostStartMs / 1_000);
  const why = `No tools worker of host ${host} took the call within ${seconds} s. Start one there with: bosun worker`;
  enterWaiting(agent, ["host"], why);
  return why;
}

/** A worktree may take its time: it beats meanwhile, and its making is undone when it is cancelled. */
export async function prepareWorktree(
  agent: Agent,
  workspace: Workspace,
  request: WorktreeRequest,
): Promise<PreparedWorkspace & { readonly worktree?: Worktree }> {
  const { limits, installation } = agent.settings;
  const activities = proxyActivities<HostActivities>({
    taskQueue: toHostQueue(installation, workspace.host),
    startToCloseTimeout: limits.worktreeMs,
    scheduleToStartTimeout: limits.hostStartMs,
    heartbeatTimeout: limits.toolHeartbeatMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: 1_000, maximumAttempts: limits.toolAttempts },
  });
  const options = { summary: `worktree of ${workspace.path}` };
  const run = () => activities.prepareWorkspace.executeWithOptions(options, [workspace, request]);
  return await onHost(agent, run, () => agent.state.ending);
}

function hostActivities(agent: Agent, host: string) {
  const { limits, installation } = agent.settings;
  return proxyActivities<HostActivities>({
    taskQueue: toHostQueue(installation, host),
    startToCloseTimeout: 60_000,
    scheduleToStartTimeout: limits.hostStartMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 1_000, maximumAttempts: limits.toolAttempts },
  });
}

export async function prepareWorkspace(
  agent: Agent,
  workspace: Workspace,
): Promise<PreparedWorkspace> {
  const activities = hostActivities(agent, workspace.host);
  const options = { summary: `workspace ${workspace.path}` };
  const run = () => activities.prepareWorkspace.executeWithOptions(options, [workspace]);
  return await onHost(agent, run, () => agent.state.ending || isStopping(agent));
}

export async function loadAgent(agent: Agent, workspace: Workspace): Promise<AgentDefinition> {
  const activities = hostActivities(agent, workspace.host);
  const mayDelegate = agent.depth < agent.settings.limits.maxDepth;
  const input = { name: agent.name, workspace, mayDelegate };
  const run = () =>
    activities.loadAgent.executeWithOptions({ summary: `agent ${agent.name}` }, [input]);
  return await onHost(agent, run, () => agent.state.ending || isStopping(agent));
}
