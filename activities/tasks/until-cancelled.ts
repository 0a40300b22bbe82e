// A question to Temporal that ends with its activity.
import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";

/** Without it a worker that stops would wait for an answer that only itself could have given. */
export function untilCancelled<Answer>(
  client: Client,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  return client.withAbortSignal(Context.current().cancellationSignal, ask);
}
