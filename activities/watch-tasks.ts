// What Temporal knows about other tasks: how they stand, how they ended.
import { setMaxListeners } from "node:events";
import { Context } from "@temporalio/activity";
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from "@temporalio/client";
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "@temporalio/common";
import type { TaskEnding, TaskReading, WatchActivities } from "../protocol/activities.ts";
import { failureTypes } from "../protocol/failures.ts";
import { checkTaskQuery } from "../protocol/messages.ts";
import type { Envelope, TaskEnd } from "../protocol/task.ts";
import { cutText } from "../protocol/text.ts";
import { noUsage } from "../protocol/turn.ts";
import { readMemos, toTaskView } from "../protocol/task-view.ts";
import type { CheckDetail, TaskReport } from "../protocol/views.ts";
import { beatEvery } from "./beat-every.ts";
import { untilCancelled } from "./until-cancelled.ts";

/** Milliseconds a task's own worker may take to answer a question. */
const queryMs = 1_500;

export function createWatchActivities(client: Client): WatchActivities {
  return {
    awaitTasks: (taskIds) => awaitTasks(client, taskIds),
    readTasks: async ({ taskIds, detail }) => {
      const read = () => Promise.all(taskIds.map((id) => readTask(client, id, detail)));
      const readings = await untilCancelled(client, read);
      return readings.filter((reading) => reading !== undefined);
    },
    readEnding: (taskId) => untilCancelled(client, () => readEnding(client, taskId)),
  };
}

/** Races the results of all tasks. The losing polls end with the call, or they would add up. */
async function awaitTasks(
  client: Client,
  taskIds: readonly string[],
): Promise<readonly TaskEnding[]> {
  const stopBeating = beatEvery(() => undefined);
  const polls = new AbortController();
  // One listener for each task watched.
  setMaxListeners(0, polls.signal);
  const ended = new Set<string>();
  try {
    await client.withAbortSignal(polls.signal, () =>
      Promise.race([
        Context.current().cancelled,
        ...taskIds.map(async (taskId) => {
          await hasEnded(client, taskId);
          ended.add(taskId);
        }),
      ]),
    );
  } finally {
    stopBeating();
    polls.abort();
  }
  return await Promise.all([...ended].map((taskId) => readEnding(client, taskId)));
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
  const handle = client.workflow.getHandle(taskId);
  try {
    const description = await handle.describe();
    const view = toTaskView(description, new Date());
    if (detail === "status") return { view };
    const report = await ask(client, taskId, detail);
    return { view, ...(report && { report }) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The task's own report, or nothing when no worker answers in time. */
async function ask(
  client: Client,
  taskId: string,
  detail: CheckDetail,
): Promise<TaskReport | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryMs, () =>
      client.workflow.getHandle(taskId).query(checkTaskQuery, detail),
    );
  } catch {
    return undefined;
  }
}

/** How a task ended: its envelope from its failure or memo, else what its last state still tells. */
async function readEnding(client: Client, taskId: string): Promise<TaskEnding> {
  const handle = client.workflow.getHandle(taskId);
  try {
    const envelope = (await handle.result()) as Envelope;
    return { taskId, end: { status: "completed" }, envelope };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return lost(taskId);
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    if (cause instanceof ApplicationFailure && cause.type === failureTypes.taskFailed) {
      const envelope = cause.details?.[0] as Envelope;
      return { taskId, end: { status: "failed", reason: envelope.reason ?? "error" }, envelope };
    }
    const end = toEnd(cause);
    const { envelope } = readMemos(await handle.describe());
    if (envelope) return { taskId, end, envelope };
    return { taskId, end, envelope: await salvage(client, taskId, end, cause?.message ?? "") };
  }
}

function toEnd(cause: Error | undefined): TaskEnd {
  if (cause instanceof CancelledFailure) return { status: "cancelled" };
  if (cause instanceof TerminatedFailure) return { status: "failed", reason: "terminated" };
  if (cause instanceof TimeoutFailure) return { status: "failed", reason: "timeout" };
  return { status: "failed", reason: "error" };
}

/** What a task that ran no last step had: a closed workflow still answers with its last state. */
async function salvage(
  client: Client,
  taskId: string,
  end: TaskEnd,
  message: string,
): Promise<Envelope> {
  const report = await ask(client, taskId, "digest");
  const why =
    end.status === "cancelled"
      ? "It was cancelled before it was done."
      : `It was stopped from outside (${message}).`;
  return {
    ...emptyEnvelope(end),
    summary: report?.lastText ? cutText(report.lastText, 1_000) : "(it left no words)",
    notDone: cutText(why, 400),
    unseen: report?.unseenNotes.slice(0, 20) ?? [],
    usage: report?.usage ?? noUsage,
    receipts: report?.receipts.slice(-5) ?? [],
  };
}

function lost(taskId: string): TaskEnding {
  const end: TaskEnd = { status: "failed", reason: "lost" };
  const notDone =
    "Temporal no longer knows this task: its record is older than the retention time.";
  return { taskId, end, envelope: { ...emptyEnvelope(end), notDone } };
}

function emptyEnvelope(end: TaskEnd): Envelope {
  return {
    status: end.status,
    ...(end.status === "failed" && { reason: end.reason }),
    summary: "(it left no words)",
    partial: true,
    notDone: "",
    inDoubt: [],
    unseen: [],
    artifacts: [],
    usage: noUsage,
    receipts: [],
    stale: [],
  };
}
