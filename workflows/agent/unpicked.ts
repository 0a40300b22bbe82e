// Whether an activity failed because no worker took it.
import { ActivityFailure, TimeoutFailure } from "@temporalio/workflow";

/** Nothing of the work has begun then. */
export function isUnpicked(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return false;
  return error.cause.timeoutType === "SCHEDULE_TO_START";
}
