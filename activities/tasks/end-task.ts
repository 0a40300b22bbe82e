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
import { beatEvery } from "../beat-every.ts";
import { readEnding } from "./read-ending.ts";
import { describe, heightBelow, isOpen, runningTree } from "./running-tree.ts";
import { untilCancelled } from "./until-cancelled.ts";

const lookMs = 1_000;

/** Waits as long as nobody is there to take the cancellation, for days if need be. */
export async function awaitCancelTaken(
  client: Client,
  taskId: string,
): Promise<{ readonly height: number }> {
  const { cancellationSignal } = Context.current();
  const stopBeating = beatEvery(() => undefined);
  try {
    return await untilCancelled(client, async () => {
      let first: number | undefined;
      for (;;) {
        const described = await describe(client, taskId);
        const attempt = described && attemptOf(described);
        first ??= attempt;
        if (!described || !isOpen(described) || isTaken(described, first)) {
          return { height: await heightBelow(client, taskId) };
        }
        await sleep(lookMs, undefined, { signal: cancellationSignal });
      }
    });
  } finally {
    stopBeating();
  }
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
export async function forceEnd(client: Client, taskId: string): Promise<TaskEnding> {
  const stopBeating = beatEvery(() => undefined);
  try {
    return await untilCancelled(client, async () => {
      for (;;) {
        const running = await runningTree(client, taskId);
        if (running.length === 0) return await readEnding(client, taskId);
        for (const id of running) await terminate(client, id);
      }
    });
  } finally {
    stopBeating();
  }
}

async function terminate(client: Client, id: string): Promise<void> {
  try {
    await client.workflow.getHandle(id).terminate(forcedReason);
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
