// What an ending task leaves on its host, fetched in time.
import {
  ActivityCancellationType,
  CancellationScope,
  isCancellation,
  patched,
  proxyActivities,
} from "@temporalio/workflow";
import type { HostActivities } from "../../protocol/activities.ts";
import { toHostQueue } from "../../protocol/ids.ts";
import type { Collected, DiffSummary } from "../../protocol/isolation.ts";
import { cutText } from "../../protocol/text.ts";
import type { Agent } from "../agent/agent.ts";
import { isUnpicked, wordsOf } from "../agent/failures.ts";

/** Tasks begun before there was any of it end as they did. */
const collects = "collects-at-end";

/** Before a task ends. A host that is away delays the end by little, and the envelope says what is not known. */
export async function collect(agent: Agent): Promise<void> {
  const { state, settings } = agent;
  const { workspace, files } = state;
  if (!workspace || !(files.asked || files.hasRead) || !patched(collects)) return;
  const ms = settings.limits.collectMs;
  const { collectTask } = proxyActivities<HostActivities>({
    taskQueue: toHostQueue(settings.installation, workspace.host),
    scheduleToStartTimeout: ms,
    startToCloseTimeout: ms,
    scheduleToCloseTimeout: 2 * ms,
    heartbeatTimeout: settings.limits.toolHeartbeatMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 500, maximumAttempts: 3 },
  });
  const input = { taskId: agent.id, rootId: agent.rootId, path: workspace.path };
  const options = { summary: "what it leaves on its host" };
  try {
    const collected = await collectTask.executeWithOptions(options, [input]);
    state.files = { ...state.files, collected };
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.files = { ...state.files, collected: toUnknown(agent, error) };
  }
}

/** The same for an end that nothing may stop any more. */
export async function collectAtEnd(agent: Agent): Promise<void> {
  await CancellationScope.nonCancellable(() => collect(agent));
}

function toUnknown({ state }: Agent, error: unknown): Collected {
  const { hasRead, worktree } = state.files;
  const host = state.workspace?.host ?? "its host";
  const why = isUnpicked(error) ? `Host ${host} did not answer.` : cutText(wordsOf(error), 100);
  const diff: DiffSummary | undefined = worktree && {
    files: 0,
    insertions: 0,
    deletions: 0,
    base: worktree.base,
    kept: `The changes were not taken, and stay in its worktree on host ${host}: ${why} bosun diff takes them when the host is there.`,
  };
  return { ...(diff && { diff }), ...(hasRead && { staleUnknown: why }) };
}
