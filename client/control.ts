// Pauses, resumes and changes running agents.
import { randomUUID } from "node:crypto";
import type { Client, WorkflowHandle } from "@temporalio/client";
import { modelAliases } from "../protocol/agent.ts";
import { modelPattern, pauseSignal, resumeSignal, setSignal } from "../protocol/control.ts";
import { callServer } from "./call.ts";
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

/** As Temporal describes it. */
interface Workflow {
  readonly workflowId: string;
  readonly closeTime?: Date | undefined;
}

/** Throws `RequestError`, code `ended`, like the others here. */
export async function pause(client: Client, workflow: Workflow): Promise<void> {
  await toOpen(client, workflow, (handle) => handle.signal(pauseSignal));
}

export async function resume(client: Client, workflow: Workflow): Promise<void> {
  await toOpen(client, workflow, (handle) => handle.signal(resumeSignal));
}

export async function set(
  client: Client,
  workflow: Workflow,
  options: SetOptions,
): Promise<SettingSent> {
  const model = modelAliases[options.model] ?? options.model;
  if (!modelPattern.test(model)) {
    throw new RequestError("refused", `Not the name of a model: "${options.model}".`);
  }
  const setting = { settingId: `s-${randomUUID().slice(0, 8)}`, model };
  await toOpen(client, workflow, (handle) => handle.signal(setSignal, setting));
  return setting;
}

async function toOpen(
  client: Client,
  { workflowId, closeTime }: Workflow,
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
