// What a failed model call asks of an agent.
import { ApplicationFailure, patched, TimeoutFailure } from "@temporalio/workflow";
import { failureTypes } from "../../protocol/failures.ts";
import type { TaskError } from "../../protocol/task.ts";
import { cutText } from "../../protocol/text.ts";
import { causeOf, isUnpicked, reasonBytes, toTaskError, wordsOf } from "../agent/failures.ts";

/** What the agent does about a failed model call. `again`: the model had no part in it. */
type Kind = "park" | "quota" | "rebuild" | "stop" | "again";

/** Types that say nothing of the model: the call never reached it, or its worker was stopped. */
const againTypes = new Set<string>([
  failureTypes.transcriptUnavailable,
  failureTypes.staleGeneration,
  failureTypes.workerShutdown,
]);

const quotaTypes = new Set([
  "enforced_spend_limit_reached",
  "contract_spend_limit_reached",
  "linked_organization_spend_limit_reached",
  "linked_organization_billing_unavailable",
  "billing_error",
]);

/**
 * Types that a new, shorter generation may cure: overlong, signed by another backend or by another
 * prefix, or invalid for a reason the digest leaves behind.
 */
const rebuildTypes = new Set<string>([
  failureTypes.backendChanged,
  "request_too_large",
  "invalid_request_error",
]);

/** Types that stay wrong until a person changes something. */
const stopTypes = new Set<string>([
  "authentication_error",
  "permission_error",
  "not_found_error",
  failureTypes.clientMisuse,
  failureTypes.answerTooLarge,
]);

/** Agents begun before this took a failed pull for trouble of the model, and missed a `resume` during a call. */
export const callsAgain = (): boolean => patched("calls-again");

/** A model call that failed, as an agent takes it. */
export interface ModelTrouble {
  /** `unpicked`: a probe found no slot, so nothing was tried. */
  readonly kind: Kind | "unpicked";
  readonly type: string;
  readonly message: string;
  readonly backend?: string;
  /** What the provider asks to wait, in milliseconds. */
  readonly retryAfterMs: number;
  readonly error?: TaskError;
}

export function toModelTrouble(error: unknown): ModelTrouble {
  const cause = causeOf(error);
  const message = cutText(wordsOf(error), reasonBytes);
  const plain = { type: "Timeout", message, retryAfterMs: 0 };
  if (isUnpicked(error)) return { ...plain, kind: "unpicked" };
  if (cause instanceof TimeoutFailure) {
    const which = cause.timeoutType ?? "in all";
    return { ...plain, kind: "park", message: `The call did not end in time (${which}).` };
  }
  if (!(cause instanceof ApplicationFailure)) return { ...plain, kind: "park" };
  const type = cause.type ?? "Error";
  const told = toTaskError(cause);
  const detail = cause.details?.[0] as { backend?: unknown; retryAfterMs?: unknown } | undefined;
  return {
    kind: toKind(type, cause.nonRetryable ?? false),
    type,
    message,
    retryAfterMs: typeof detail?.retryAfterMs === "number" ? detail.retryAfterMs : 0,
    ...(typeof detail?.backend === "string" && { backend: detail.backend }),
    ...(told && { error: told }),
  };
}

/**
 * How an agent answers a model call that failed for good, by the type of its last failure. What was
 * refused for a reason unknown here would be refused again.
 */
function toKind(type: string, isRefusal: boolean): Kind {
  if (againTypes.has(type) && callsAgain()) return "again";
  if (quotaTypes.has(type)) return "quota";
  if (rebuildTypes.has(type)) return "rebuild";
  if (stopTypes.has(type)) return "stop";
  return isRefusal ? "stop" : "park";
}
