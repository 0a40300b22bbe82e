// The installation's janitor, kept alive by its workers.
import type { Client } from "@temporalio/client";
import type { Environment } from "../protocol/environment.ts";
import { toJanitorId, toQueues } from "../protocol/ids.ts";
import type { Janitor, JanitorLimits } from "../protocol/janitor.ts";
import { janitorLimitsSignal } from "../protocol/messages.ts";
import { workflowTypes } from "../protocol/workflows.ts";

/** Starts the janitor, tells it this worker's limits, and looks after it. Returns what stops that. */
export function keepJanitor(
  client: Client,
  installation: string,
  environment: Environment,
): () => void {
  const { cancelGraceMs, orphanGraceMs, janitorIntervalMs, rollAfterTurns } = environment.limits;
  const limits: JanitorLimits = { cancelGraceMs, orphanGraceMs, janitorIntervalMs, rollAfterTurns };
  const start = {
    workflowId: toJanitorId(installation),
    taskQueue: toQueues(installation).workflows,
    args: [{ installation, limits }] as Parameters<Janitor>,
    staticSummary: "ends tasks that nobody waits for",
  };
  const tell = () =>
    client.workflow.signalWithStart<Janitor, [JanitorLimits]>(workflowTypes.janitor, {
      ...start,
      signal: janitorLimitsSignal,
      signalArgs: [limits],
    });
  const ensure = () =>
    client.workflow.start<Janitor>(workflowTypes.janitor, {
      ...start,
      workflowIdConflictPolicy: "USE_EXISTING",
    });
  // A server that does not answer now is asked again: the next time is never far.
  let told = false;
  const look = async (): Promise<void> => {
    await (told ? ensure() : tell()).then(
      () => (told = true),
      () => undefined,
    );
  };
  void look();
  const timer = setInterval(() => void look(), janitorIntervalMs);
  return () => clearInterval(timer);
}
