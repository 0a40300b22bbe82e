// What kind of error a call failed with.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from "@temporalio/workflow";
import type { TaskError } from "../../protocol/task.ts";

/** Nothing of a failure that has no type. */
export function toTaskError(error: unknown): TaskError | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return { type: "Timeout", retryable: true };
  if (!(cause instanceof ApplicationFailure) || !cause.type) return undefined;
  const detail = cause.details?.[0] as { readonly attempts?: unknown } | undefined;
  return {
    type: cause.type,
    retryable: !cause.nonRetryable,
    ...(typeof detail?.attempts === "number" && { attempts: detail.attempts }),
  };
}
