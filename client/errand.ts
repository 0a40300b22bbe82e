// Fetches from a host, through a workflow of its own.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Client,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from "@temporalio/client";
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from "@temporalio/common";
import { failureTypes } from "../protocol/failures.ts";
import { toQueues } from "../protocol/ids.ts";
import type { ErrandInput } from "../protocol/isolation.ts";
import { type Errand, workflowTypes } from "../protocol/workflows.ts";
import { callServer } from "./call.ts";
import { RequestError } from "./request-error.ts";

/** How long a worker may take to begin with it. */
const startMs = 10_000;

type Given = Pick<ErrandInput, "installation" | "host"> &
  (
    | Omit<Extract<ErrandInput, { type: "diff" }>, "startMs">
    | Omit<Extract<ErrandInput, { type: "apply" }>, "startMs">
  );

/** Ends with the client: what nobody took in time is not done later. */
export async function runErrand<Answer>(client: Client, given: Given): Promise<Answer> {
  const { installation, host } = given;
  const workflowId = `errand-${randomUUID()}`;
  const handle = await callServer(client, workflowId, () =>
    client.workflow.start<Errand>(workflowTypes.errand, {
      workflowId,
      taskQueue: toQueues(installation).workflows,
      args: [{ ...given, startMs }],
      workflowExecutionTimeout: "10m",
      staticSummary: `${given.type} of ${given.input.taskId}`,
    }),
  );
  const settled = new AbortController();
  let isLate = false;
  const late = whenUntaken(handle, settled.signal, () => (isLate = true));
  try {
    // Its own termination is told by `late`.
    const result = handle.result().catch((error: unknown) => {
      if (isLate && error instanceof WorkflowFailedError) return late;
      throw error;
    });
    const answer = await Promise.race([result, late]);
    return answer as Answer;
  } catch (error) {
    throw toWords(error, host);
  } finally {
    settled.abort();
  }
}

/** Rejects when no worker has begun with it in time. A workflow without any worker never fails by itself. */
async function whenUntaken(
  handle: WorkflowHandle,
  signal: AbortSignal,
  beforeStop: () => void,
): Promise<never> {
  try {
    await sleep(startMs, undefined, { signal });
    if ((await handle.describe()).historyLength > untaken) return await never();
    beforeStop();
    await handle.terminate("nobody took it in time");
    // Its termination is one event more.
    const { historyLength } = await handle.describe();
    const done =
      historyLength > untaken + 1
        ? "and whether anything was done is not known: ask again"
        : "so nothing was done";
    throw new RequestError("noWorker", `No worker runs here, ${done}.`);
  } catch (error) {
    // It came to its end after all.
    if (signal.aborted || error instanceof WorkflowNotFoundError) return await never();
    throw error;
  }
}

/** Events of a workflow that no worker has seen. */
const untaken = 2;

const never = (): Promise<never> => new Promise(() => undefined);

function toWords(error: unknown, host: string): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (cause instanceof TimeoutFailure && cause.timeoutType === "SCHEDULE_TO_START") {
    return new RequestError(
      "noWorker",
      `The files of this task are on host ${host}, and no tools worker of it answered: nothing was done.`,
      { cause: error },
    );
  }
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.noDiff) {
    return new RequestError("refused", cause.message, { cause: error });
  }
  const words = cause instanceof Error ? cause.message : error.message;
  return new RequestError("refused", `Host ${host} could not do it: ${words}`, { cause: error });
}
