// The tasks of an agent as running child workflows.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from "@temporalio/workflow";
import type { Budget } from "../../protocol/budget.ts";
import type { Deadline } from "../../protocol/deadline.ts";
import {
  cancelReasonSignal,
  type SteeringNote,
  updateTaskSignal,
} from "../../protocol/messages.ts";
import { toAttemptId } from "../../protocol/ids.ts";
import type { Isolation, Scope } from "../../protocol/isolation.ts";
import { toSearchAttributes } from "../../protocol/search-attributes.ts";
import { isEnded } from "../../protocol/task.ts";
import { toLine } from "../../protocol/text.ts";
import { noUsage } from "../../protocol/turn.ts";
import { type AgentMemo, memoKeys, type StateMemo } from "../../protocol/views.ts";
import {
  type Attempt,
  type Subagent,
  type SubagentInput,
  workflowTypes,
} from "../../protocol/workflows.ts";
import { type Agent, isPaused, modelOf, send } from "../agent/agent.ts";
import { publish } from "../agent/display.ts";
import type { Lease } from "../budget/account.ts";
import { newsForNew } from "../sharing/findings.ts";
import { toChildFiles } from "../edits/isolation.ts";
import { switchWorkflows } from "../handlers/pause.ts";
import { beginQueued } from "./slots.ts";
import { type BoardTask, findAttempt, workflowOf } from "./board.ts";
import { markExisting } from "./board-changes.ts";
import { followChild, giveGrace, stopGraces } from "./task-ends.ts";

interface NewTask extends Pick<BoardTask, "onComplete" | "dependsOn"> {
  readonly deadline?: Deadline;
  readonly taskId: string;
  readonly agent: string;
  readonly description: string;
  readonly startedAt: string;
  readonly begun: boolean;
  readonly isolation?: Isolation;
  readonly scope?: Scope;
  /** From the second attempt on. */
  readonly attempt?: Attempt;
  /** The most that it may spend with its tasks. */
  readonly budget?: Budget;
}

/** Starts the child, in a scope of its own that `cancelTask` cancels, and watches it. */
export async function startTask(agent: Agent, task: NewTask): Promise<void> {
  const scope = new CancellationScope();
  const workflowId = toAttemptId(task.taskId, task.attempt?.number ?? 1);
  const paused = isPaused(agent);
  const child = await scope.run(() =>
    startChild<Subagent>(workflowTypes.subagent, {
      workflowId,
      ...(task.attempt && { workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE }),
      args: [toInput(agent, task, agent.state.account.leases[workflowId])],
      // The policy also fires when the parent continues as new. Every other one would end the child.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: toLine(`${task.agent}: ${task.description}`, 390),
      staticDetails: toStartDetails(agent, task),
      memo: { [memoKeys.agent]: toMemo(agent, task), ...toStartState(agent, task) },
      ...(agent.settings.searchAttributes && {
        typedSearchAttributes: toSearchAttributes({
          name: task.agent,
          status: task.begun ? "running" : "queued",
          depth: agent.depth + 1,
        }),
      }),
    }),
  );
  agent.run.tasks.set(workflowId, { scope, cancelling: false });
  agent.state.board = markExisting(agent.state.board, task.taskId);
  // Paused, or resumed, while it was being started.
  if (paused !== isPaused(agent)) switchWorkflows(agent, [workflowId]);
  // A slot may have come free while it was being started.
  beginQueued(agent);
  publish(agent);
  void followChild(
    agent,
    workflowId,
    scope.run(() => child.result()),
  ).catch(() => undefined);
}

function toInput(agent: Agent, task: NewTask, lease: Lease | undefined): SubagentInput {
  if (!agent.state.workspace) throw ApplicationFailure.nonRetryable("no workspace");
  const findings = newsForNew(agent, task.taskId);
  return {
    description: task.description,
    agent: task.agent,
    workspace: agent.state.workspace,
    parentId: agent.id,
    rootId: agent.rootId,
    depth: agent.depth + 1,
    parentModel: modelOf(agent),
    begun: task.begun,
    ...(findings && { findings }),
    ...(task.deadline && { deadline: task.deadline }),
    ...(isPaused(agent) && { paused: true }),
    ...(task.attempt && { attempt: task.attempt }),
    settings: agent.settings,
    ...toChildFiles(agent, task),
    ...(lease && { lease: lease.amount }),
    ...(task.budget && { budget: task.budget }),
  };
}

function toMemo(agent: Agent, task: NewTask): AgentMemo {
  return {
    agent: task.agent,
    description: toLine(task.description, 500),
    parentId: agent.taskId,
    rootId: agent.rootId,
    depth: agent.depth + 1,
    startedAt: task.startedAt,
    backend: agent.state.generation.backend,
    ...(agent.state.workspace && { host: agent.state.workspace.host }),
    ...(task.onComplete && { onComplete: task.onComplete }),
    ...(task.deadline && { deadlineAt: task.deadline.at }),
    ...(task.dependsOn && { dependsOn: task.dependsOn.map(({ taskId }) => taskId) }),
    ...(task.attempt && { taskId: task.taskId, attempt: task.attempt.number }),
  };
}

/**
 * What the task would write of itself before its first turn, in the same order: so it need not. A worker of
 * version 0.1 writes it all the same, and no later one could replay that. In a tree that a later client began
 * there is none any more, for workers come first.
 */
function toStartState(
  { settings }: Agent,
  { begun, startedAt }: NewTask,
): Record<string, StateMemo> {
  if (!settings.prices) return {};
  const phase = { status: begun ? "running" : "queued" } as const;
  const state = { phase, turn: 0, usage: noUsage, receipts: [], updatedAt: startedAt };
  return { [memoKeys.state]: state };
}

function toStartDetails(agent: Agent, task: NewTask): string {
  const attempt = task.attempt ? `, attempt ${task.attempt.number}` : "";
  return `**Task**${attempt} for \`${agent.id}\`, agent **${task.agent}**, depth ${agent.depth + 1}\n\n${toLine(task.description, 15_000)}`;
}

/** A new attempt goes by an id that was known before its workflow is there to be told anything. */
export async function untilStarted({ state }: Agent, task: BoardTask): Promise<void> {
  const isThere = (): boolean => {
    const found = findAttempt(state.board, workflowOf(task));
    return !found || found.exists || isEnded(found.phase);
  };
  await condition(isThere);
}

/** Sends a note. Returns false when the task was no longer there to take it. */
export async function steerTask(task: BoardTask, note: SteeringNote): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(workflowOf(task)).signal(updateTaskSignal, note);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

/** Asks a task to stop. It counts as cancelled when its workflow has ended. */
export async function cancelTask(agent: Agent, task: BoardTask, reason: string): Promise<void> {
  const workflowId = workflowOf(task);
  const handle = getExternalWorkflowHandle(workflowId);
  if (reason) await send(agent, handle.signal(cancelReasonSignal, reason));
  giveGrace(agent, task.taskId);
  const run = agent.run.tasks.get(workflowId);
  if (!run) return await send(agent, handle.cancel());
  run.cancelling = true;
  run.scope.cancel();
}

/** A scope's cancellation has no answer to wait for, so a run that closes asks again for one that has. */
export async function confirmCancels(agent: Agent): Promise<void> {
  // The next run goes on with them: when they end stands on the board.
  stopGraces(agent);
  const asked = [...agent.run.tasks].filter(([, run]) => run.cancelling).map(([id]) => id);
  await Promise.all(asked.map((id) => send(agent, getExternalWorkflowHandle(id).cancel())));
}
