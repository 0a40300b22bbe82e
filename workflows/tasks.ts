// The tasks of an agent as running child workflows.
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  sleep,
  startChild,
} from "@temporalio/workflow";
import type { TaskEnding, TaskReading, WatchActivities } from "../protocol/activities.ts";
import { failureTypes } from "../protocol/failures.ts";
import { toQueues } from "../protocol/ids.ts";
import {
  beginSignal,
  cancelReasonSignal,
  type SteeringNote,
  updateTaskSignal,
} from "../protocol/messages.ts";
import { toSearchAttributes } from "../protocol/search-attributes.ts";
import { type Envelope, isEnded } from "../protocol/task.ts";
import { toLine } from "../protocol/text.ts";
import type { AgentMemo, CheckDetail } from "../protocol/views.ts";
import { memoKeys } from "../protocol/views.ts";
import { type Subagent, type SubagentInput, workflowTypes } from "../protocol/workflows.ts";
import { type Agent, arrive, modelOf, now, send, tell } from "./agent.ts";
import { publish } from "./display.ts";
import { endOnBoard, findTask, moveOnBoard, openTasks, startable } from "./task-board.ts";

interface NewTask {
  readonly taskId: string;
  readonly agent: string;
  readonly description: string;
  readonly startedAt: string;
  readonly begun: boolean;
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
  publish(agent);
  void scope
    .run(() => child.result())
    .then(
      (envelope) => settle(agent, toEnding(task.taskId, envelope)),
      (error: unknown) => takeFailure(agent, task.taskId, error),
    )
    .catch(() => undefined);
}

function toInput(agent: Agent, task: NewTask): SubagentInput {
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

function toEnding(taskId: string, envelope: Envelope): TaskEnding {
  return { taskId, end: { status: "completed" }, envelope };
}

/** A task that failed carries its envelope. One that was stopped left it where only an activity can read it. */
async function takeFailure(agent: Agent, taskId: string, error: unknown): Promise<void> {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.taskFailed) {
    const envelope = cause.details?.[0] as Envelope;
    const reason = envelope.reason ?? "error";
    return settle(agent, { taskId, end: { status: "failed", reason }, envelope });
  }
  // The agent itself is being cancelled and no longer listens: endTasks asks again.
  if (cause instanceof CancelledFailure && !(error instanceof ChildWorkflowFailure)) return;
  await send(
    agent,
    readEnding(agent, taskId).then((ending) => settle(agent, ending)),
  );
}

function watchActivities(agent: Agent) {
  return proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
}

async function readEnding(agent: Agent, taskId: string): Promise<TaskEnding> {
  return await CancellationScope.nonCancellable(() =>
    watchActivities(agent).readEnding.executeWithOptions({ summary: `how ${taskId} ended` }, [
      taskId,
    ]),
  );
}

/** A task has ended: once on the board, once in the inbox or as the answer of the call that waits for it. */
export function settle(agent: Agent, { taskId, end, envelope }: TaskEnding): void {
  const { state } = agent;
  const task = findTask(state.board, taskId);
  if (!task || isEnded(task.phase)) return;
  state.board = endOnBoard(state.board, taskId, end, envelope, now());
  agent.run.tasks.delete(taskId);
  tell(agent, {
    type: "task",
    taskId,
    agent: task.agent,
    phase: end,
    text: toLine(envelope.summary, 400),
  });
  if (!task.awaitedBy) arrive(agent, { type: "ended", taskId });
  beginQueued(agent);
  publish(agent);
}

/** Hands out the slots that are free. */
export function beginQueued(agent: Agent): void {
  const { state, settings } = agent;
  if (state.ending) return;
  for (const taskId of startable(state.board, settings.limits.maxRunning)) {
    const task = findTask(state.board, taskId);
    const type = task?.phase.status === "queued" ? "begun" : "resumed";
    state.board = moveOnBoard(state.board, taskId, { type });
    void send(agent, getExternalWorkflowHandle(taskId).signal(beginSignal));
    if (task)
      tell(agent, {
        type: "task",
        taskId,
        agent: task.agent,
        phase: { status: "running" },
        text: "",
      });
  }
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
  const run = agent.run.tasks.get(taskId);
  if (!run) return await send(agent, handle.cancel());
  run.cancelling = true;
  run.scope.cancel();
}

/** A scope's cancellation has no answer to wait for, so a run that closes asks again for one that has. */
export async function confirmCancels(agent: Agent): Promise<void> {
  const asked = [...agent.run.tasks].filter(([, run]) => run.cancelling).map(([taskId]) => taskId);
  await Promise.all(asked.map((taskId) => send(agent, getExternalWorkflowHandle(taskId).cancel())));
}

/** Cancels every open task and waits until all have ended. */
export async function endTasks(agent: Agent, reason: string): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    const { state } = agent;
    agent.state.ending = true;
    const open = openTasks(state.board).map((task) => task.taskId);
    await Promise.all(
      open.map(async (taskId) => {
        const handle = getExternalWorkflowHandle(taskId);
        await send(agent, handle.signal(cancelReasonSignal, reason));
        await send(agent, handle.cancel());
      }),
    );
    if (open.length > 0) void watchOpen(agent, () => false);
    await condition(() => openTasks(state.board).length === 0);
  });
}

/** How other tasks stand, or nothing when nobody answers in time. */
export async function readTasks(
  agent: Agent,
  taskIds: readonly string[],
  detail: CheckDetail,
): Promise<readonly TaskReading[]> {
  const activities = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    scheduleToCloseTimeout: agent.settings.limits.readTasksMs,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { maximumAttempts: 2, initialInterval: 200 },
  });
  const summary =
    taskIds.length === 1 ? `look at ${taskIds[0]}` : `look at ${taskIds.length} tasks`;
  try {
    return await activities.readTasks.executeWithOptions({ summary }, [{ taskIds, detail }]);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [];
  }
}

const idsPerWatch = 100;

/** Watches open tasks that an earlier run started, until none is left or `stop` says so. */
export async function watchOpen(agent: Agent, stop: () => boolean): Promise<void> {
  const activities = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    startToCloseTimeout: 3_600_000,
    heartbeatTimeout: 10_000,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
  while (!stop()) {
    const ids = openTasks(agent.state.board)
      .map((task) => task.taskId)
      .filter((taskId) => !agent.run.tasks.has(taskId) || agent.state.ending)
      .slice(0, idsPerWatch);
    if (ids.length === 0) return;
    const scope = new CancellationScope();
    const endings = await scope
      .run(() =>
        Promise.race([
          activities.awaitTasks.executeWithOptions({ summary: `wait for ${ids.length} tasks` }, [
            ids,
          ]),
          condition(stop).then(() => []),
        ]),
      )
      .catch(() => undefined);
    scope.cancel();
    for (const ending of endings ?? []) settle(agent, ending);
    if (endings === undefined) await sleep(1_000);
  }
}
