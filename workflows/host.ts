// Work bound to one host, waited for while that host is away.
import {
  ActivityCancellationType,
  ActivityFailure,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from "@temporalio/workflow";
import type { HostActivities } from "../protocol/activities.ts";
import type { AgentDefinition, PreparedWorkspace, Workspace } from "../protocol/agent.ts";
import { toHostQueue } from "../protocol/ids.ts";
import type { Agent } from "./agent.ts";
import { enter } from "./display.ts";
import { reportResumed, reportWaiting } from "./parent.ts";

/** Runs work on its host. A host that picks nothing up is asked again until it does. */
export async function onHost<Result>(agent: Agent, run: () => Promise<Result>): Promise<Result> {
  for (let missed = 0; ; missed += 1) {
    try {
      const result = await run();
      if (missed > 0) resume(agent);
      return result;
    } catch (error) {
      if (!isUnpicked(error)) throw error;
      if (missed === 0) waitForHost(agent);
      await sleep(agent.settings.limits.hostRetryMs);
    }
  }
}

function isUnpicked(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return false;
  return error.cause.timeoutType === "SCHEDULE_TO_START";
}

function waitForHost(agent: Agent): void {
  const host = agent.state.workspace?.host ?? "its host";
  const why = `No tools worker serves host ${host}. Start one there with: bosun worker`;
  enter(agent, { status: "waiting", waitingOn: ["host"] }, why);
  reportWaiting(agent, ["host"], why);
}

function resume(agent: Agent): void {
  enter(agent, { status: agent.role === "supervisor" ? "thinking" : "running" });
  reportResumed(agent);
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
  return await onHost(agent, () =>
    activities.prepareWorkspace.executeWithOptions({ summary: `workspace ${workspace.path}` }, [
      workspace,
    ]),
  );
}

export async function loadAgent(agent: Agent, workspace: Workspace): Promise<AgentDefinition> {
  const activities = hostActivities(agent, workspace.host);
  const mayDelegate = agent.depth < agent.settings.limits.maxDepth;
  return await onHost(agent, () =>
    activities.loadAgent.executeWithOptions({ summary: `agent ${agent.name}` }, [
      { name: agent.name, workspace, mayDelegate },
    ]),
  );
}
