// Why a request to Bosun was not done.
import {
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { failureTypes } from "../protocol/failures.ts";

export type RequestErrorCode =
  /** No Temporal server answered in time. */
  | "unreachable"
  /** There is no supervisor or task of this id. */
  | "unknown"
  /** It has ended and takes nothing more. */
  | "ended"
  /** The id names a task where a supervisor is meant, or the other way round. */
  | "wrongKind"
  /** The id is taken. */
  | "exists"
  /** Only a worker can answer this, and none did in time. */
  | "noWorker"
  /** A message, note or decision cannot be accepted: empty, too long, the inbox is full, nothing waits for it. */
  | "refused";

/** Thrown by every call of this client. The message says what to do. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: RequestErrorCode;

  constructor(code: RequestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function isRequestError(
  error: unknown,
  ...codes: readonly RequestErrorCode[]
): error is RequestError {
  return error instanceof RequestError && (codes.length === 0 || codes.includes(error.code));
}

/** What a deadline that passed means: status is answered by the server, detail by a worker. */
export type LateMeans = "unreachable" | "noWorker";

/** An error of the SDK as this client says it. What it does not know stays as it is. */
export function toRequestError(error: unknown, id: string, late: LateMeans): unknown {
  if (error instanceof RequestError) return error;
  const cause = { cause: error };
  if (error instanceof WorkflowNotFoundError) {
    return new RequestError("unknown", `There is no supervisor or task ${id}.`, cause);
  }
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new RequestError("exists", `The id ${id} is taken.`, cause);
  }
  if (error instanceof WorkflowUpdateFailedError) return toRefusal(error, id);
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) {
    return new RequestError("wrongKind", `${id} does not answer this: ${error.message}`, cause);
  }
  if (error instanceof NamespaceNotFoundError) {
    return new RequestError(
      "unreachable",
      `The Temporal server has no namespace ${error.namespace}.`,
      cause,
    );
  }
  if (isLate(error) || isPollerMissing(error)) {
    return late === "noWorker" || isPollerMissing(error)
      ? new RequestError("noWorker", `No worker answered for ${id}.`, cause)
      : new RequestError("unreachable", "The Temporal server did not answer in time.", cause);
  }
  if (isGrpcServiceError(rootOf(error))) {
    return new RequestError(
      "unreachable",
      `The Temporal server did not answer: ${lastWords(error)}`,
      cause,
    );
  }
  return error;
}

const refusals: ReadonlySet<string> = new Set([
  failureTypes.messageRefused,
  failureTypes.decisionRefused,
  failureTypes.retryRefused,
  failureTypes.taskOpen,
]);

function toRefusal(error: WorkflowUpdateFailedError, id: string): RequestError {
  const { cause } = error;
  const refused = cause instanceof ApplicationFailure && refusals.has(cause.type ?? "");
  return refused
    ? new RequestError("refused", cause.message, { cause: error })
    : new RequestError("wrongKind", `${id} does not take this: ${lastWords(error)}`, {
        cause: error,
      });
}

/** Which of the two sides notices a deadline first decides how it reads: passed, or cancelled. */
function isLate(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    isGrpcDeadlineError(error) ||
    isGrpcCancelledError(error)
  );
}

/** A server that has seen no worker for minutes says so at once. */
function isPollerMissing(error: unknown): boolean {
  return lastWords(error).includes("no poller seen");
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause ? rootOf(error.cause) : error;
}

function lastWords(error: unknown): string {
  const root = rootOf(error);
  if (isGrpcServiceError(root)) return root.details || root.message;
  return root instanceof Error ? root.message : String(root);
}
