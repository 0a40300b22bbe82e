// What an agent's model call has written so far.
import type { WorkflowExecutionDescription } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";

/** Beats of `callModel`: a short tail of the answer so far. */
export interface ModelBeat {
  readonly phase: "pulling" | "waiting" | "streaming";
  readonly bytes: number;
  /** At most 300 characters. */
  readonly tail: string;
}

/** A model call in flight, from its heartbeats: about half a second old, in no history. */
export interface LiveCall extends ModelBeat {
  /** Counts from 1. Above 1 an earlier attempt has failed. */
  readonly attempt: number;
  /** What the last failed attempt said. */
  readonly lastFailure?: string;
}

const waiting: ModelBeat = { phase: "waiting", bytes: 0, tail: "" };

/** Nothing when no model call is under way. */
export function readLiveCall(description: WorkflowExecutionDescription): LiveCall | undefined {
  const call = description.raw.pendingActivities?.find(
    (activity) => activity.activityType?.name === "callModel",
  );
  if (!call) return undefined;
  const payload = call.heartbeatDetails?.payloads?.[0];
  const beat = payload ? defaultPayloadConverter.fromPayload<ModelBeat>(payload) : waiting;
  const failure = call.lastFailure?.message;
  return {
    ...beat,
    attempt: call.attempt ?? 1,
    ...(failure && { lastFailure: failure }),
  };
}
