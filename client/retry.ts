// Asks for a new attempt at an ended task.
import { ApplicationFailure } from "@temporalio/common";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowUpdateFailedError,
} from "@temporalio/client";
import { retryBytes, type Retried, type RetryInput } from "../protocol/control.ts";
import { retrySignal, retryUpdate } from "../protocol/messages.ts";
import { failureTypes } from "../protocol/failures.ts";
import { toTaskView } from "../protocol/task-view.ts";
import { deliver } from "./call.ts";
import { checkText } from "./check-text.ts";
import { describe } from "./newest-attempt.ts";
import { isRequestError, RequestError } from "./request-error.ts";

export interface RetryAnswer {
  readonly retryId: string;
  /** The id of the task, which stays. */
  readonly taskId: string;
  /** Counts from 2. Null while the request is only stored. */
  readonly attempt: number | null;
  /** This retry had been taken before. */
  readonly known: boolean;
  /** `signalled`: no worker took it within 3 s. It is stored, and done when one does. */
  readonly stored: "accepted" | "signalled";
}

/** An agent hears the end of its task a moment after Temporal. */
const hearMs = 5_000;
const pollMs = 200;

/** Throws `RequestError`: `refused` when it cannot be tried again, `ended` when nobody could. */
export async function retry(
  client: Client,
  task: WorkflowExecutionDescription,
  message: string,
  retryId: string = `r-${randomUUID().slice(0, 8)}`,
): Promise<RetryAnswer> {
  const { taskId, status, endedAt } = toTaskView(task, new Date());
  if (message) checkText(message, "message", retryBytes);
  if (endedAt === null) {
    throw new RequestError(
      "refused",
      `${taskId} has not ended: it is ${status}. Steer it with: bosun steer ${taskId} MESSAGE, or stop it first with: bosun cancel ${taskId}`,
    );
  }
  const parentId = await findParent(client, task, taskId);
  const retried = await askUntilHeard(client, parentId, { retryId, taskId, message });
  if (!retried) return { retryId, taskId, attempt: null, known: false, stored: "signalled" };
  const { known, ...taken } = retried;
  return { retryId, ...taken, known, stored: "accepted" };
}

/** The agent that started it, if it still runs. */
async function findParent(
  client: Client,
  task: WorkflowExecutionDescription,
  taskId: string,
): Promise<string> {
  const parentId = task.parentExecution?.workflowId ?? "";
  const parent = parentId ? await describe(client, parentId).catch(toNothing) : undefined;
  if (parent && !parent.closeTime) return parentId;
  const who = parentId ? `${parentId}, which started it,` : "Whoever started it";
  throw new RequestError(
    "ended",
    `${taskId} cannot be tried again: ${who} has ended. Give its work to a new supervisor with: bosun start MESSAGE`,
  );
}

function toNothing(error: unknown): undefined {
  if (!isRequestError(error, "unknown")) throw error;
}

async function askUntilHeard(
  client: Client,
  parentId: string,
  input: RetryInput,
): Promise<Retried | undefined> {
  const ways = { update: retryUpdate, signal: retrySignal };
  const until = Date.now() + hearMs;
  for (;;) {
    try {
      return await deliver(client, parentId, ways, input);
    } catch (error) {
      if (!isOpenThere(error) || Date.now() > until) throw error;
      await sleep(pollMs);
    }
  }
}

function isOpenThere(error: unknown): boolean {
  if (!isRequestError(error, "refused")) return false;
  const { cause } = error;
  return (
    cause instanceof WorkflowUpdateFailedError &&
    cause.cause instanceof ApplicationFailure &&
    cause.cause.type === failureTypes.taskOpen
  );
}
