// The tasks of an agent as running child workflows.
import {
  ApplicationFailure,
  CancellationScope,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from "@temporalio/workflow";
import type { Budget } from "../protocol/budget.ts";
import { cancelReasonSignal, type SteeringNote, updateTaskSignal } from "../protocol/messages.ts";
import { toSearchAttributes } from "../protocol/search-attributes.ts";
import { toLine } from "../protocol/text.ts";
import { type AgentMemo, memoKeys } from "../protocol/views.ts";
import { type Subagent, type SubagentInput, workflowTypes } from "../protocol/workflows.ts";
import { type Agent, modelOf, send } from "./agent.ts";
import { publish } from "./display.ts";
import { beginQueued } from "./slots.ts";
import { markExisting } from "./task-board.ts";
import { followChild, giveGrace, stopGraces } from "./task-ends.ts";

interface NewTask {
  readonly taskId: string;
  readonly agent: string;
  readonly description: string;
  readonly startedAt: string;
  readonly begun: boolean;
  /** The most that it may spend with its tasks. */
  readonly budget?: Budget;
}

/** Starts the child, in a scope of its own that `cancelTask` cancels, and watches it. */
export async function startTask(agent: Agent, task: NewTask): Promise<void> {
  const scope = new CancellationScope();
  const child = await scope.run(() =>
    startChild<Subagent>(workflowTypes.subagent, {
      workflowId: task.taskId,
      args: [toInput(agent, task)],
      // The policy also fires when the parent continues as new. Every other one would end the child.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: toLine(`${task.agent}: ${task.description}`, 390),
      staticDetails: toStartDetails(agent, task),
      memo: { [memoKeys.agent]: toMemo(agent, task) },
      ...(agent.settings.searchAttributes && {
        typedSearchAttributes: toSearchAttributes({
          name: task.agent,
          status: task.begun ? "running" : "queued",
          depth: agent.depth + 1,
        }),
      }),
    }),
  );
  agent.run.tasks.set(task.taskId, { scope, cancelling: false });
  agent.state.board = markExisting(agent.state.board, task.taskId);
  // A slot may have come free while it was being started.
  beginQueued(agent);
  publish(agent);
  void followChild(
    agent,
    task.taskId,
    scope.run(() => child.result()),
  ).catch(() => undefined);
}

function toInput(agent: Agent, task: NewTask): SubagentInput {
  const lease = agent.state.account.leases[task.taskId];
  if (!agent.state.workspace) throw ApplicationFailure.nonRetryable("no workspace");
  return {
    description: task.description,
    agent: task.agent,
    workspace: agent.state.workspace,
    parentId: agent.id,
    rootId: agent.rootId,
    depth: agent.depth + 1,
    parentModel: modelOf(agent),
    begun: task.begun,
    settings: agent.settings,
    ...(lease && { lease: lease.amount }),
    ...(task.budget && { budget: task.budget }),
  };
}

function toMemo(agent: Agent, task: NewTask): AgentMemo {
  return {
    agent: task.agent,
    description: toLine(task.description, 500),
    parentId: agent.id,
    rootId: agent.rootId,
    depth: agent.depth + 1,
    startedAt: task.startedAt,
    backend: agent.state.generation.backend,
  };
}

function toStartDetails(agent: Agent, task: NewTask): string {
  return `**Task** for \`${agent.id}\`, agent **${task.agent}**, depth ${agent.depth + 1}\n\n${toLine(task.description, 15_000)}`;
}

/** Sends a note. Returns false when the task was no longer there to take it. */
export async function steerTask(taskId: string, note: SteeringNote): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(taskId).signal(updateTaskSignal, note);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

/** Asks a task to stop. It counts as cancelled when its workflow has ended. */
export async function cancelTask(agent: Agent, taskId: string, reason: string): Promise<void> {
  const handle = getExternalWorkflowHandle(taskId);
  if (reason) await send(agent, handle.signal(cancelReasonSignal, reason));
  giveGrace(agent, taskId);
  const run = agent.run.tasks.get(taskId);
  if (!run) return await send(agent, handle.cancel());
  run.cancelling = true;
  run.scope.cancel();
}

/** A scope's cancellation has no answer to wait for, so a run that closes asks again for one that has. */
export async function confirmCancels(agent: Agent): Promise<void> {
  // The next run goes on with them: when they end stands on the board.
  stopGraces(agent);
  const asked = [...agent.run.tasks].filter(([, run]) => run.cancelling).map(([taskId]) => taskId);
  await Promise.all(asked.map((taskId) => send(agent, getExternalWorkflowHandle(taskId).cancel())));
}
