// A task, from what its workflow's memo and status say.
import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from "@temporalio/client";
import type { TaskOptions } from "./tools/start-options.ts";
import { isEnded, type Envelope, type TaskPhase } from "./task.ts";
import { noUsage } from "./turn.ts";
import { type AgentMemo, memoKeys, type StateMemo, type TaskView } from "./views.ts";

/** What `describe` and a list have in common. */
export type Execution = Pick<
  WorkflowExecutionInfo,
  "workflowId" | "type" | "startTime" | "closeTime" | "memo" | "parentExecution"
> & { readonly status: { readonly name: WorkflowExecutionStatusName } };

export interface Memos {
  readonly agent?: AgentMemo;
  readonly state?: StateMemo;
  readonly envelope?: Envelope;
}

export function readMemos(execution: Execution): Memos {
  const memo = execution.memo ?? {};
  return {
    agent: memo[memoKeys.agent],
    state: memo[memoKeys.state],
    envelope: memo[memoKeys.envelope],
  } as Memos;
}

/** The execution is what Temporal knows for certain, so it overrules a memo that says less. */
export function toTaskView(execution: Execution, asOf: Date): TaskView {
  const { agent, state, envelope } = readMemos(execution);
  const phase = toPhase(execution.status.name, state, envelope);
  return {
    taskId: agent?.taskId ?? execution.workflowId,
    agent: agent?.agent ?? execution.type,
    description: agent?.description ?? "",
    status: phase.status,
    waitingOn: phase.status === "waiting" ? phase.waitingOn : [],
    parentId: agent?.parentId ?? execution.parentExecution?.workflowId ?? null,
    depth: agent?.depth ?? 1,
    turn: state?.turn ?? 0,
    startedAt: agent?.startedAt ?? execution.startTime.toISOString(),
    endedAt: isEnded(phase) ? toEndedAt(execution, state, asOf) : null,
    usage: envelope?.usage ?? state?.usage ?? noUsage,
    receipts: envelope?.receipts ?? state?.receipts ?? [],
    asOf: asOf.toISOString(),
    ...toOptions(agent, state),
    ...(agent?.attempt !== undefined && { attempt: agent.attempt }),
    ...(!isEnded(phase) && state?.pausedAt && { pausedAt: state.pausedAt }),
    ...(phase.status === "failed" && { reason: phase.reason }),
    ...(phase.status === "cancelled" && phase.forced && { forced: true }),
    ...(phase.status === "waiting" && state?.why && { why: state.why }),
    ...(!isEnded(phase) && state?.requests && { requests: state.requests }),
    ...(state?.instruction && { instruction: state.instruction }),
    ...(state?.findings && { findings: state.findings }),
    ...(!isEnded(phase) && state?.claims && { claims: state.claims }),
    ...(!isEnded(phase) && state?.trouble && { trouble: state.trouble }),
    ...(envelope && { result: envelope }),
  };
}

function toOptions(agent: AgentMemo | undefined, state: StateMemo | undefined): TaskOptions {
  const deadlineAt = state?.deadlineAt ?? agent?.deadlineAt;
  return {
    ...(agent?.onComplete && { onComplete: agent.onComplete }),
    ...(deadlineAt && { deadlineAt }),
    ...(agent?.dependsOn && { dependsOn: agent.dependsOn }),
  };
}

/** An envelope is written in the last step, a moment before the workflow closes. */
function toEndedAt(execution: Execution, state: StateMemo | undefined, asOf: Date): string {
  return execution.closeTime?.toISOString() ?? state?.updatedAt ?? asOf.toISOString();
}

function toPhase(
  name: WorkflowExecutionStatusName,
  state: StateMemo | undefined,
  envelope: Envelope | undefined,
): TaskPhase {
  if (envelope) return fromEnvelope(envelope);
  const told = (state?.phase ?? { status: "queued" }) as TaskPhase;
  switch (name) {
    case "COMPLETED":
      return { status: "completed" };
    case "CANCELLED":
      return told.status === "cancelled" ? told : { status: "cancelled" };
    case "FAILED":
      return told.status === "failed" ? told : { status: "failed", reason: "error" };
    case "TIMED_OUT":
      return { status: "failed", reason: "timeout" };
    case "TERMINATED":
      return isEnded(told) ? told : { status: "failed", reason: "terminated" };
    case "RUNNING":
    case "PAUSED":
    case "CONTINUED_AS_NEW":
    case "UNSPECIFIED":
    case "UNKNOWN":
      return told;
  }
}

function fromEnvelope(envelope: Envelope): TaskPhase {
  switch (envelope.status) {
    case "completed":
      return { status: "completed" };
    case "cancelled":
      return { status: "cancelled", ...(envelope.forced && { forced: true }) };
    case "failed":
      return { status: "failed", reason: envelope.reason ?? "error" };
  }
}
