// Pauses, resumes and changes running agents.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client, WorkflowExecutionDescription, WorkflowHandle } from "@temporalio/client";
import { toModelId } from "../protocol/models.ts";
import { isModelName } from "../protocol/control.ts";
import { pauseSignal, resumeSignal, setSignal } from "../protocol/messages.ts";
import type { WaitingReason } from "../protocol/task.ts";
import { readMemos } from "../protocol/task-view.ts";
import type { StateMemo } from "../protocol/views.ts";
import { callServer } from "./call.ts";
import { describe } from "./newest-attempt.ts";
import { RequestError } from "./request-error.ts";

export interface SetOptions {
  /** A model id, or `opus`, `sonnet`, `haiku`. */
  readonly model: string;
}
export interface SettingSent {
  readonly settingId: string;
  /** As an id. */
  readonly model: string;
}

/** What a pause or a resume found. */
export interface Switched {
  /** It was so before: paused already, or nothing to be resumed. It is told again even so, with all below it. */
  readonly already: boolean;
}

/** Throws `RequestError`, code `ended`, like the others here. */
export async function pause(
  client: Client,
  execution: WorkflowExecutionDescription,
): Promise<Switched> {
  const state = await readState(client, execution);
  await toOpen(client, execution, (handle) => handle.signal(pauseSignal));
  return { already: state?.pausedAt !== undefined };
}

/** What a resume ends besides a pause. */
const retried: readonly WaitingReason[] = ["model", "quota"];

export async function resume(
  client: Client,
  execution: WorkflowExecutionDescription,
): Promise<Switched> {
  const state = await readState(client, execution);
  await toOpen(client, execution, (handle) => handle.signal(resumeSignal));
  if (!state) return { already: false };
  const waitingOn = "waitingOn" in state.phase ? state.phase.waitingOn : [];
  const isRetried = waitingOn.some((reason) => retried.includes(reason));
  return { already: state.pausedAt === undefined && !isRetried };
}

const looks = 10;
const lookMs = 100;

/** Its state with all that it was told before. Nothing when it has not taken that in, as without a worker. */
async function readState(
  client: Client,
  execution: WorkflowExecutionDescription,
): Promise<StateMemo | undefined> {
  let seen = execution;
  for (let look = 0; look < looks; look += 1) {
    if (!seen.raw.pendingWorkflowTask) return readMemos(seen).state;
    await sleep(lookMs);
    seen = await describe(client, execution.workflowId);
  }
  return undefined;
}

export async function set(
  client: Client,
  execution: WorkflowExecutionDescription,
  options: SetOptions,
): Promise<SettingSent> {
  const model = toModelId(options.model);
  if (!isModelName(model)) {
    throw new RequestError("refused", `Not the name of a model: "${options.model}".`);
  }
  const setting = { settingId: `s-${randomUUID().slice(0, 8)}`, model };
  await toOpen(client, execution, (handle) => handle.signal(setSignal, setting));
  return setting;
}

async function toOpen(
  client: Client,
  { workflowId, closeTime }: WorkflowExecutionDescription,
  tell: (handle: WorkflowHandle) => Promise<void>,
): Promise<void> {
  if (closeTime) {
    throw new RequestError(
      "ended",
      `${workflowId} has ended: there is nothing to pause, resume or change.`,
    );
  }
  await callServer(client, workflowId, () => tell(client.workflow.getHandle(workflowId)));
}
