// What an ended attempt at a task leaves to the next one.
import { Context } from "@temporalio/activity";
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";
import type { AttemptReading, ReadAttemptInput } from "../protocol/activities.ts";
import { digestQuery } from "../protocol/control.ts";
import type { SubagentInput } from "../protocol/workflows.ts";
import { readEnding } from "./read-ending.ts";

/** A worker replays the closed workflow first. */
const queryMs = 10_000;
/** Further attempts of this activity do without the digest. */
const digestAttempts = 3;

export async function readAttempt(
  client: Client,
  { taskId, before }: ReadAttemptInput,
): Promise<AttemptReading> {
  const [description, digest, ending] = await Promise.all([
    readDescription(client, taskId),
    readDigest(client, before),
    readEnding(client, before),
  ]);
  return {
    ending,
    ...(description !== undefined && { description }),
    ...(digest !== undefined && { digest }),
  };
}

async function readDigest(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryMs, () =>
      client.workflow.getHandle(workflowId).query(digestQuery),
    );
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    if (Context.current().info.attempt < digestAttempts) throw error;
    return undefined;
  }
}

/** A board keeps a line of it. The whole text is what the first attempt was started with. */
async function readDescription(client: Client, taskId: string): Promise<string | undefined> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: taskId },
      maximumPageSize: 1,
    });
    const start = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const payload = start?.input?.payloads?.[0];
    return payload
      ? defaultPayloadConverter.fromPayload<SubagentInput>(payload).description
      : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** gRPC's NOT_FOUND: older than the retention time. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === 5;
}
