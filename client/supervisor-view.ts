// A supervisor, from what its workflow's memo and status say.
import type { SupervisorStatus } from "../protocol/feed.ts";
import type { OpenRequest } from "../protocol/requests.ts";
import type { Trouble } from "../protocol/trouble.ts";
import { noUsage, type Usage } from "../protocol/turn.ts";
import { type Execution, readMemos } from "../protocol/task-view.ts";

/** A supervisor in JSON. `status` is as it was at `asOf`; times are ISO 8601. */
export interface SupervisorView {
  readonly id: string;
  readonly agent: string;
  /** Absolute path of the workspace it was started on. */
  readonly workspace: string;
  /** The last two are final. */
  readonly status: SupervisorStatus | "ended" | "failed";
  readonly turn: number;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Of its own model calls, without those of its tasks. */
  readonly usage: Usage;
  /** Who answers its model calls: `scripted`, or the host name of the API. */
  readonly backend: string;
  /** Since when it is paused. While it still thinks, it stops at its next step boundary. */
  readonly pausedAt?: string;
  /** Why it waits or failed, in words. */
  readonly why?: string;
  /** What it asks of a person, oldest first, at most 10. */
  readonly requests?: readonly OpenRequest[];
  /** It does not get on. */
  readonly trouble?: Trouble;
  readonly asOf: string;
}

export function toSupervisorView(execution: Execution, asOf: Date): SupervisorView {
  const { agent, state } = readMemos(execution);
  const status = toStatus(execution, state?.phase.status as SupervisorStatus | undefined);
  const why = status === "failed" ? failures[execution.status.name] : state?.why;
  return {
    id: execution.workflowId,
    agent: agent?.agent ?? execution.type,
    workspace: agent?.description ?? "",
    status,
    turn: state?.turn ?? 0,
    startedAt: agent?.startedAt ?? execution.startTime.toISOString(),
    endedAt: execution.closeTime?.toISOString() ?? null,
    usage: state?.usage ?? noUsage,
    backend: agent?.backend ?? "",
    ...(!execution.closeTime && state?.pausedAt && { pausedAt: state.pausedAt }),
    ...(why && { why }),
    ...(!execution.closeTime && state?.requests && { requests: state.requests }),
    ...(!execution.closeTime && state?.trouble && { trouble: state.trouble }),
    asOf: asOf.toISOString(),
  };
}

export function isOver(view: SupervisorView): boolean {
  return view.status === "ended" || view.status === "failed";
}

const failures: Partial<Record<Execution["status"]["name"], string>> = {
  FAILED: "its workflow failed, see the Web UI",
  TERMINATED: "it was terminated from outside",
  TIMED_OUT: "it timed out",
};

function toStatus(
  execution: Execution,
  told: SupervisorStatus | undefined,
): SupervisorView["status"] {
  switch (execution.status.name) {
    case "COMPLETED":
    case "CANCELLED":
      return "ended";
    case "FAILED":
    case "TERMINATED":
    case "TIMED_OUT":
      return "failed";
    case "RUNNING":
    case "PAUSED":
    case "CONTINUED_AS_NEW":
    case "UNSPECIFIED":
    case "UNKNOWN":
      return told ?? "idle";
  }
}
