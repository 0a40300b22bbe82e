// A cancelled task that does not stop, stopped.
import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import {
  type Client,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
} from "@temporalio/client";
import type { TaskEnding } from "../../protocol/activities.ts";
import { forcedReason } from "../../protocol/task.ts";
import { whileBeating } from "../while-beating.ts";
import { readEnding } from "./read-ending.ts";
import { describe, heightBelow, isOpen, runningTree } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

const lookMs = 1_000;

/** Waits as long as nobody is there to take the cancellation, for days if need be. */
export function awaitCancelTaken(
  client: Client,
  taskId: string,
): Promise<{ readonly height: number }> {
  const { cancellationSignal: signal } = Context.current();
  const wait = async (): Promise<{ readonly height: number }> => {
    let first: number | undefined;
    for (;;) {
      const described = await untilCancelled(client, () => describe(client, taskId));
      first ??= described && attemptOf(described);
      if (!described || !isOpen(described) || isTaken(described, first)) {
        return { height: await untilCancelled(client, () => heightBelow(client, taskId)) };
      }
      await sleep(lookMs, undefined, { signal });
    }
  };
  return whileBeating(wait);
}

function attemptOf({ raw }: WorkflowExecutionDescription): number | undefined {
  return raw.pendingWorkflowTask?.attempt ?? undefined;
}

/** Workers that try twice more and fail are there, too: the task will never stop by itself. */
const failedAttempts = 2;

function isTaken(described: WorkflowExecutionDescription, first: number | undefined): boolean {
  if (!described.raw.workflowExtendedInfo?.cancelRequested) return false;
  const attempt = attemptOf(described);
  return attempt === undefined || attempt - (first ?? attempt) >= failedAttempts;
}

/** Leaves first, again until nothing is left: something may have been started in between. */
export function forceEnd(client: Client, taskId: string): Promise<TaskEnding> {
  const end = async (): Promise<TaskEnding> => {
    for (;;) {
      const running = await runningTree(client, taskId);
      if (running.length === 0) return await readEnding(client, taskId);
      for (const id of running) await terminate(client, id);
    }
  };
  return whileBeating(() => untilCancelled(client, end));
}

async function terminate(client: Client, id: string): Promise<void> {
  try {
    await client.workflow.getHandle(id).terminate(forcedReason);
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
