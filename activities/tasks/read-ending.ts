// How a task ended, also when it could not say so itself.
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from "@temporalio/client";
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "@temporalio/common";
import type { TaskEnding } from "../../protocol/activities.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { checkTaskQuery } from "../../protocol/messages.ts";
import { type Envelope, forcedReason, type TaskEnd, toEmptyEnvelope } from "../../protocol/task.ts";
import { type Memos, readMemos } from "../../protocol/task-view.ts";
import { cutJson, newest } from "../../protocol/text.ts";
import { noUsage } from "../../protocol/turn.ts";
import type { CheckDetail, TaskReport } from "../../protocol/views.ts";

/** Milliseconds a task's own worker may take to answer a question. */
const queryMs = 1_500;
/** The same for its last words: nobody asks for them again. */
const lastWordsMs = 5_000;

const noWords = "(it left no words)";

/** The task's own report, or nothing when no worker answers in time. */
export async function askTask(
  client: Client,
  taskId: string,
  detail: CheckDetail,
  ms = queryMs,
): Promise<TaskReport | undefined> {
  try {
    return await client.withDeadline(Date.now() + ms, () =>
      client.workflow.getHandle(taskId).query(checkTaskQuery, detail),
    );
  } catch {
    return undefined;
  }
}

/** How a task ended: its envelope from its failure or memo, else what its last state still tells. */
export async function readEnding(client: Client, taskId: string): Promise<TaskEnding> {
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
    const memos = readMemos(await handle.describe());
    if (memos.envelope) return { taskId, end, envelope: memos.envelope };
    const report = await askTask(client, taskId, "digest", lastWordsMs);
    const envelope = salvage(end, memos, report, cause?.message ?? "");
    return { taskId, end, envelope };
  }
}

function toEnd(cause: Error | undefined): TaskEnd {
  if (cause instanceof CancelledFailure) return { status: "cancelled" };
  if (cause instanceof TerminatedFailure) {
    if (cause.message === forcedReason) return { status: "cancelled", forced: true };
    return { status: "failed", reason: "terminated" };
  }
  if (cause instanceof TimeoutFailure) return { status: "failed", reason: "timeout" };
  return { status: "failed", reason: "error" };
}

/** What a task that ran no last step had: a closed workflow still answers with its last state. */
function salvage(
  end: TaskEnd,
  { agent, state }: Memos,
  report: TaskReport | undefined,
  message: string,
): Envelope {
  return {
    ...toEmptyEnvelope(end),
    ...(agent && { asked: cutJson(agent.description, 160) }),
    summary: report?.lastText ? cutJson(report.lastText, 600) : noWords,
    notDone: cutJson(toNotDone(end, message), 400),
    inDoubt: toPart(report?.inDoubt),
    unseen: toPart(report?.unseenNotes),
    artifacts: toPart(report?.artifacts),
    ...(report?.files?.length && { files: toPart(report.files) }),
    ...(report?.evidence?.length && { evidence: toPart(report.evidence) }),
    usage: report?.usage ?? state?.usage ?? noUsage,
    receipts: toPart(report?.receipts ?? state?.receipts),
  };
}

/** Together with the words they stay below what an envelope may have. */
function toPart<Item>(items: readonly Item[] = []): readonly Item[] {
  return newest(items, { count: 10, bytes: 250 });
}

function toNotDone(end: TaskEnd, message: string): string {
  if (end.status !== "cancelled") return `It was stopped from outside (${message}).`;
  if (!end.forced) return "It was cancelled before it was done.";
  return "It was cancelled, did not stop within its grace, and was stopped by force: what it was doing then may have been done in part.";
}

function lost(taskId: string): TaskEnding {
  const end: TaskEnd = { status: "failed", reason: "lost" };
  const notDone =
    "Temporal no longer knows this task: its record is older than the retention time.";
  return { taskId, end, envelope: { ...toEmptyEnvelope(end), summary: noWords, notDone } };
}
