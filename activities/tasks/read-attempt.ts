// What an ended attempt at a task leaves to the next one.
import { Context } from "@temporalio/activity";
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";
import type { AttemptReading, ReadAttemptInput, TaskTerms } from "../../protocol/activities.ts";
import type { Handover } from "../../protocol/control.ts";
import { handoverQuery } from "../../protocol/messages.ts";
import type { SubagentInput } from "../../protocol/workflows.ts";
import { readEnding } from "./read-ending.ts";

/** A worker replays the closed workflow first. */
const queryMs = 10_000;
/** Further attempts of this activity do without it. */
const handoverAttempts = 3;

export async function readAttempt(
  client: Client,
  { taskId, before }: ReadAttemptInput,
): Promise<AttemptReading> {
  const [given, handover, ending] = await Promise.all([
    readTerms(client, taskId),
    readHandover(client, before),
    readEnding(client, before),
  ]);
  return {
    ending,
    ...(given && { given }),
    ...(handover && { handover }),
  };
}

async function readHandover(client: Client, workflowId: string): Promise<Handover | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryMs, () =>
      client.workflow.getHandle(workflowId).query(handoverQuery),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (Context.current().info.attempt < handoverAttempts) throw error;
    return undefined;
  }
}

/** A board keeps a line of it. The whole is what the first attempt was started with. */
async function readTerms(client: Client, taskId: string): Promise<TaskTerms | undefined> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: taskId },
      maximumPageSize: 1,
    });
    const start = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const payload = start?.input?.payloads?.[0];
    return payload && toTerms(defaultPayloadConverter.fromPayload<SubagentInput>(payload));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function toTerms({ description, scopes, inWorktree, budget }: SubagentInput): TaskTerms {
  return {
    description,
    ...(scopes && { scopes }),
    ...(inWorktree !== undefined && { inWorktree }),
    ...(budget && { budget }),
  };
}

/** gRPC's NOT_FOUND: older than the retention time. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === 5;
}
