// A question to Temporal that ends with its activity.
import { setMaxListeners } from "node:events";
import { Context } from "@temporalio/activity";
import type { Client } from "@temporalio/client";

/**
 * Without it a worker that stops would wait for an answer that only itself could have given. The client keeps
 * every call, 18 KB of it, as long as there is the signal that may break it off: so each question has its own.
 */
export async function untilCancelled<Answer>(
  client: Client,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const { cancellationSignal: outer } = Context.current();
  outer.throwIfAborted();
  const own = new AbortController();
  // One listener for each call.
  setMaxListeners(0, own.signal);
  const abort = (): void => own.abort(outer.reason);
  outer.addEventListener("abort", abort);
  try {
    return await client.withAbortSignal(own.signal, ask);
  } finally {
    outer.removeEventListener("abort", abort);
  }
}
