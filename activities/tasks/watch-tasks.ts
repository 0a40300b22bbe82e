// How other tasks stand or ended, as Temporal knows it.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from "@temporalio/client";
import type { TaskEnding, TaskReading, WatchActivities } from "../../protocol/activities.ts";
import { readLiveCall } from "../../protocol/live-call.ts";
import { toTaskView } from "../../protocol/task-view.ts";
import type { CheckDetail } from "../../protocol/views.ts";
import { whileBeating } from "../while-beating.ts";
import { claimKey } from "./claim-key.ts";
import { awaitCancelTaken, forceEnd } from "./end-task.ts";
import { createFindOrphans } from "./find-orphans.ts";
import { readAttempt } from "./read-attempt.ts";
import { askTask, readEnding } from "./read-ending.ts";
import { readSpent } from "./read-spent.ts";
import { describe } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

export function createWatchActivities(client: Client): WatchActivities {
  return {
    awaitTasks: (taskIds) => awaitTasks(client, taskIds),
    readTasks: async ({ taskIds, detail }) => {
      const read = () => Promise.all(taskIds.map((id) => readTask(client, id, detail)));
      const readings = await untilCancelled(client, read);
      const found = readings.filter((reading) => reading !== undefined);
      return taskIds.length > 1 ? found.map(toBrief) : found;
    },
    readEnding: (taskId) => untilCancelled(client, () => readEnding(client, taskId)),
    readAttempt: (input) => untilCancelled(client, () => readAttempt(client, input)),
    awaitCancelTaken: (taskId) => awaitCancelTaken(client, taskId),
    forceEnd: (taskId) => forceEnd(client, taskId),
    readSpent: (taskId) => readSpent(client, taskId),
    findOrphans: createFindOrphans(client),
    claimKey: (input) => claimKey(client, input),
  };
}

async function awaitTasks(
  client: Client,
  taskIds: readonly string[],
): Promise<readonly TaskEnding[]> {
  const ended = new Set<string>();
  const watch = async (taskId: string): Promise<void> => {
    await hasEnded(client, taskId);
    ended.add(taskId);
  };
  await whileBeating(async () => {
    while (ended.size === 0) await race(client, () => taskIds.map(watch));
  });
  return await Promise.all([...ended].map((taskId) => readEnding(client, taskId)));
}

/** Polls are asked anew so often, for a client keeps what it has asked until their signal is gone. */
const roundMs = 60_000;

/** Races the results of all tasks for a while. The losing polls end with it, or they would add up. */
async function race(client: Client, watchAll: () => readonly Promise<void>[]): Promise<void> {
  const polls = new AbortController();
  const { signal } = polls;
  // One listener for each poll.
  setMaxListeners(0, signal);
  const round = () =>
    Promise.race([
      Context.current().cancelled,
      sleep(roundMs, undefined, { signal }),
      ...watchAll(),
    ]);
  try {
    await client.withAbortSignal(signal, round);
  } finally {
    polls.abort();
  }
}

/** Resolves at the end of a task, however it ended. Any other error is the network's and is thrown. */
async function hasEnded(client: Client, taskId: string): Promise<void> {
  try {
    await client.workflow.getHandle(taskId).result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowNotFoundError))
      throw error;
  }
}

async function readTask(
  client: Client,
  taskId: string,
  detail: CheckDetail,
): Promise<TaskReading | undefined> {
  const described = await describe(client, taskId);
  if (!described) return undefined;
  const view = toTaskView(described, new Date());
  if (detail === "status") return { view };
  const report = await askTask(client, taskId, detail);
  const live = readLiveCall(described);
  return { view, ...(report && { report }), ...(live && { live }) };
}

/** Of many tasks only how each stands: all of it would be recorded in the history of whoever asks. */
function toBrief({ view }: TaskReading): TaskReading {
  const { requests: _requests, instruction: _instruction, why: _why, ...rest } = view;
  return { view: { ...rest, description: "", receipts: [] } };
}
