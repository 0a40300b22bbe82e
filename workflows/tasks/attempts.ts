// One more attempt at a task that has ended.
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { ApplicationFailure, condition } from "@temporalio/workflow";
import { type Deadline, toDeadline } from "../../protocol/deadline.ts";
import { type Retried, retryBytes, type RetryInput } from "../../protocol/control.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { isEnded, type TaskEnd, toEmptyEnvelope } from "../../protocol/task.ts";
import { byteLength, toLine } from "../../protocol/text.ts";
import { type Agent, now, send, takeId, tell } from "../agent/agent.ts";
import { refusalToStart } from "./delegation.ts";
import { type Dependency, missed, standingOf } from "./dependencies.ts";
import { dropLease } from "../budget/leases.ts";
import { hasRoom, leaseTo, noRoom, refusalToSpend } from "../budget/task-room.ts";
import { publish } from "../agent/display.ts";
import { toEndNotice } from "../transcript/notices.ts";
import { beginAttempt } from "./board-changes.ts";
import { type BoardTask, findAttempt, findTask, workflowOf } from "./board.ts";
import { toPastAttempts } from "./records.ts";
import { tellTask } from "./feed-words.ts";
import { mayBegin } from "./slots.ts";
import { settle } from "./task-ends.ts";
import { startTask } from "./tasks.ts";

/** Refuses what cannot be tried again. A repeat of one that was is no mistake. */
export function refuseRetry(agent: Agent, { retryId, taskId, message }: RetryInput): void {
  const { state } = agent;
  if (state.knownIds.includes(retryId)) return;
  if (state.ending) refuse(`${agent.taskId} is ending and begins nothing any more.`);
  const size = byteLength(message);
  if (size > retryBytes) {
    refuse(
      `The message has ${size} bytes, and ${retryBytes} is the most. Put it into a file of the workspace and name the file.`,
    );
  }
  const task = findTask(state.board, taskId);
  if (!task) {
    refuse(
      `${agent.taskId} keeps no task ${taskId}: only its newest 1,000 ended tasks can be tried again. Ask it for a new task.`,
    );
  }
  if (!isEnded(task.phase)) {
    const text = `${task.taskId} has not ended: it is ${task.phase.status}. Steer it with: bosun steer ${task.taskId} MESSAGE, or stop it first with: bosun cancel ${task.taskId}`;
    throw ApplicationFailure.nonRetryable(text, failureTypes.taskOpen);
  }
  const room = hasRoom(agent) ? undefined : noRoom;
  const refusal =
    refusalToStart(agent, task.agent) ?? refuseDoomed(agent, task) ?? refusalToSpend(agent) ?? room;
  if (refusal) refuse(refusal);
}

function refuse(text: string): never {
  throw ApplicationFailure.nonRetryable(text, failureTypes.retryRefused);
}

/** Takes a retry that `refuseRetry` let through, once. */
export function takeRetry(agent: Agent, retry: RetryInput): Retried {
  const { state, run } = agent;
  const task = findTask(state.board, retry.taskId);
  const isNew = takeId(agent, retry.retryId);
  if (!task || !isNew) {
    return { taskId: task?.taskId ?? retry.taskId, attempt: task?.attempt ?? 1, known: !isNew };
  }
  keepUntoldEnd(agent, task);
  const dependsOn = dependsNow(agent, task);
  const begun = mayBegin(agent, dependsOn);
  const deadline = toNewDeadline(task);
  state.board = beginAttempt(state.board, task.taskId, {
    begun,
    startedAt: now(),
    before: toPastAttempts(task),
    ...(deadline && { deadlineAt: deadline.at }),
    ...(dependsOn && { dependsOn }),
  });
  const next = findTask(state.board, task.taskId) ?? task;
  leaseTo(agent, workflowOf(next), {});
  const { taskId, attempt = 1 } = next;
  const message = toLine(retry.message, 300);
  const text = `Attempt ${attempt} at ${taskId}${message ? `: ${message}` : "."}`;
  tell(agent, { type: "control", what: "retried", text });
  tellTask(agent, next, next.phase, task.description);
  run.starting += 1;
  void send(agent, startAttempt(agent, next, { before: workflowOf(task), begun, deadline }, retry));
  publish(agent);
  return { taskId, attempt, known: false };
}

/** A task's end, and what was asked after it, may arrive together: the end is heard later. */
const hearMs = 10_000;

/** One that was left as a signal cannot be refused any more, so what is wrong with it is told. */
export async function takeLateRetry(agent: Agent, given: RetryInput): Promise<void> {
  const task = findTask(agent.state.board, given.taskId);
  if (task && !isEnded(task.phase)) {
    const hasEnded = (): boolean => findAttempt(agent.state.board, workflowOf(task)) !== task;
    await condition(hasEnded, hearMs, { summary: `until ${task.taskId} has ended` });
  }
  try {
    refuseRetry(agent, given);
    takeRetry(agent, given);
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error;
    tell(agent, { type: "trouble", text: `A retry could not be done. ${error.message}` });
  }
}

/** Its board line is about to be another attempt's, so an end that is still to be read is put into words. */
function keepUntoldEnd({ state }: Agent, task: BoardTask): void {
  const notice = { type: "notice", text: toEndNotice(task) } as const;
  state.inbox = state.inbox.map((item) =>
    item.type === "ended" && item.taskId === task.taskId ? notice : item,
  );
}

async function startAttempt(
  agent: Agent,
  task: BoardTask,
  start: {
    readonly before: string;
    readonly begun: boolean;
    readonly deadline: Deadline | undefined;
  },
  { retryId, message }: RetryInput,
): Promise<void> {
  const { taskId, agent: name, description, startedAt, attempt: number = 2 } = task;
  const { isolation, onComplete, dependsOn } = task;
  const { before, begun, deadline } = start;
  const attempt = { taskId, number, before, retryId, message };
  try {
    await startTask(agent, {
      taskId,
      agent: name,
      description,
      startedAt,
      begun,
      attempt,
      ...(isolation && { isolation }),
      ...(onComplete && { onComplete }),
      ...(dependsOn && { dependsOn }),
      ...(deadline && { deadline }),
    });
  } catch (error) {
    endUnstarted(agent, task, error);
  } finally {
    agent.run.starting -= 1;
  }
}

/** How the tasks stand by now that had to end before it began. They may have been tried again, too. */
function dependsNow({ state }: Agent, task: BoardTask): readonly Dependency[] | undefined {
  return task.dependsOn?.map((one) => {
    const found = findTask(state.board, one.taskId);
    if (!found) return one;
    const { taskId, phase } = found;
    return isEnded(phase) ? { taskId, ended: phase.status } : { taskId };
  });
}

function refuseDoomed(agent: Agent, task: BoardTask): string | undefined {
  const { taskId, runsOnFailed } = task;
  const dependsOn = dependsNow(agent, task) ?? [];
  if (standingOf({ dependsOn, ...(runsOnFailed && { runsOnFailed }) }) !== "doomed")
    return undefined;
  const [first] = missed(dependsOn);
  return `${taskId} cannot begin: it depends on ${first?.taskId} (${first?.ended}). Try that one again first: bosun retry ${first?.taskId}`;
}

/** As long as the first one had. */
function toNewDeadline({ startedAt, deadlineAt }: BoardTask): Deadline | undefined {
  if (deadlineAt === undefined) return undefined;
  const lengthMs = Date.parse(deadlineAt) - Date.parse(startedAt);
  return toDeadline(lengthMs / 60_000, Date.now());
}

/** Cancelled in the moment of its start, or its id is taken: its agent was reset, and had begun it before. */
function endUnstarted(agent: Agent, task: BoardTask, error: unknown): void {
  const isTaken = error instanceof WorkflowExecutionAlreadyStartedError;
  const end: TaskEnd = isTaken ? { status: "failed", reason: "lost" } : { status: "cancelled" };
  const notDone = isTaken
    ? `There was an attempt ${task.attempt} before, of which this agent does not know. Retry once more.`
    : "It was never started.";
  agent.state.account = dropLease(agent.state.account, workflowOf(task));
  const envelope = { ...toEmptyEnvelope(end), summary: "(no words)", notDone };
  settle(agent, { taskId: workflowOf(task), end, envelope });
}
