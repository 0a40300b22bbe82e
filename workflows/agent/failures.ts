// Failures, as an agent reads them, and the one it ends by.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from "@temporalio/workflow";
import type { FailureReason, TaskError } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";

/** Why something failed or waits, wherever it is kept. */
export const reasonBytes = 2_000;

/** A task that could not end by itself, with the reason for its parent. */
export class TaskFailure extends Error {
  override readonly name = "TaskFailure";
  readonly reason: FailureReason;
  readonly error: TaskError | undefined;
  constructor(reason: FailureReason, message: string, error?: TaskError) {
    super(cutText(message, reasonBytes));
    this.reason = reason;
    this.error = error;
  }
}

/** What an activity failed with. Any other error is its own cause. */
export function causeOf(error: unknown): unknown {
  return error instanceof ActivityFailure ? (error.cause ?? error) : error;
}

export function wordsOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error ? cause.message : String(cause);
}

/** Words that others follow. Some failures end theirs with a period, some do not. */
export function toSentence(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

/** No worker took the activity, so nothing of it has begun. */
export function isUnpicked(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof TimeoutFailure && cause.timeoutType === "SCHEDULE_TO_START";
}

/** For an envelope. Nothing of a failure that has no type. */
export function toTaskError(error: unknown): TaskError | undefined {
  const cause = causeOf(error);
  if (cause instanceof TimeoutFailure) return { type: "Timeout", retryable: true };
  if (!(cause instanceof ApplicationFailure) || !cause.type) return undefined;
  const detail = cause.details?.[0] as { readonly attempts?: unknown } | undefined;
  return {
    type: cause.type,
    retryable: !cause.nonRetryable,
    ...(typeof detail?.attempts === "number" && { attempts: detail.attempts }),
  };
}
