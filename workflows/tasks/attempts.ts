// One more attempt at a task that has ended.
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { ApplicationFailure, condition, proxyActivities } from "@temporalio/workflow";
import type {
  AttemptReading,
  TaskEnding,
  TaskTerms,
  WatchActivities,
} from "../../protocol/activities.ts";
import { type Deadline, toDeadline } from "../../protocol/deadline.ts";
import { retryBytes, type Retried, type RetryInput } from "../../protocol/control.ts";
import type { KeptEvent } from "../../protocol/events.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { toQueues } from "../../protocol/ids.ts";
import { isEnded, type TaskEnd } from "../../protocol/task.ts";
import { byteLength, cutText, toLine } from "../../protocol/text.ts";
import type { SubagentInput } from "../../protocol/workflows.ts";
import { type Agent, isPaused, now, send, takeId, tell } from "../agent/agent.ts";
import { toEventNotice } from "../waits/background-waits.ts";
import { refusalToStart } from "./delegation.ts";
import { type Dependency, missed, standingOf } from "./dependencies.ts";
import { dropLease } from "../budget/leases.ts";
import { hasRoom, leaseTo, noRoom, refusalToSpend } from "../budget/task-room.ts";
import { toDigest } from "../transcript/digest.ts";
import { publish } from "../agent/display.ts";
import { TaskFailure, toEmptyEnvelope } from "../agent/envelope.ts";
import { toEndNotice, toNotice } from "../transcript/notices.ts";
import { beginAttempt } from "./board-changes.ts";
import { type BoardTask, findAttempt, findTask, workflowOf } from "./board.ts";
import { hasFreeSlot } from "./board-slots.ts";
import { toPastAttempts } from "../agent/records.ts";
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
  const { state, run, settings } = agent;
  const task = findTask(state.board, retry.taskId);
  const isNew = takeId(agent, retry.retryId);
  if (!task || !isNew) {
    return { taskId: task?.taskId ?? retry.taskId, attempt: task?.attempt ?? 1, known: !isNew };
  }
  keepUntoldEnd(agent, task);
  const dependsOn = dependsNow(agent, task);
  const begun =
    !dependsOn && !isPaused(agent) && hasFreeSlot(state.board, settings.limits.maxRunning);
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
  const { taskId, phase, attempt = 1 } = next;
  const message = toLine(retry.message, 300);
  const text = `Attempt ${attempt} at ${taskId}${message ? `: ${message}` : "."}`;
  tell(agent, { type: "control", what: "retried", text });
  tell(agent, { type: "task", taskId, agent: task.agent, phase, text: task.description });
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
  settle(agent, { taskId: workflowOf(task), end, envelope: toEmptyEnvelope(end, notDone) });
}

/** What a new attempt is told first. */
export interface Before {
  readonly terms: TaskTerms;
  readonly texts: readonly string[];
}

/** What the attempt before leaves to this one. Nothing for a first attempt. */
export async function readBefore(
  agent: Agent,
  { attempt, isolation }: SubagentInput,
): Promise<Before | undefined> {
  if (!attempt) return undefined;
  const { readAttempt } = proxyActivities<WatchActivities>({
    taskQueue: toQueues(agent.settings.installation).watch,
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 500, maximumInterval: 10_000 },
  });
  const { taskId, before, number, retryId, message } = attempt;
  const summary = `what ${before} had done`;
  const reading = await readAttempt.executeWithOptions({ summary }, [{ taskId, before }]);
  const terms = reading.given;
  if (!terms) {
    throw new TaskFailure(
      "error",
      `What ${taskId} was started with is no longer kept, so nobody knows what it may change or spend. Start a new task.`,
    );
  }
  const words = message.trim() ? [`[retry ${retryId} from person] ${message}`] : [];
  return {
    terms,
    texts: [toBeforeText(number, reading, isolation !== undefined), ...words],
  };
}

function toBeforeText(
  number: number,
  { ending, digest }: AttemptReading,
  isApart: boolean,
): string {
  const { envelope, end } = ending;
  const data = {
    attempt: number,
    before: end.status,
    ...("reason" in end && { reason: end.reason }),
    ...(envelope.notDone && { why: envelope.notDone }),
    ...(envelope.inDoubt.length > 0 && { in_doubt: envelope.inDoubt }),
    ...(envelope.artifacts.length > 0 && { artifacts: envelope.artifacts }),
    ...(envelope.diff && { diff: envelope.diff }),
    ...(digest === undefined && { summary: envelope.summary }),
  };
  const said = "This task was worked on before, and a person asks for a new attempt.";
  const notice = toNotice("new_attempt", data, `${said} ${toWhereItIs(ending, isApart)}`);
  return digest === undefined ? notice : `${notice}\n\n${digest}`;
}

/** What an isolated attempt changed is not in the files that the next one begins with. */
function toWhereItIs({ taskId, envelope: { diff } }: TaskEnding, isApart: boolean): string {
  if (!diff && !isApart) return "What was done then is done: look before you repeat it.";
  // Of one that was stopped from outside, only the agent that started it knows whether it left any.
  const artifact = diff?.artifact ?? `artifacts/${taskId}.diff`;
  return `What it changed in files is in ${artifact}, if there is such a file, and in yours only if it has been applied since: read it, look, and do again what is still wanted.`;
}

const noteBytes = 1_000;

const cutEvent = (event: KeptEvent): KeptEvent => ({
  ...event,
  json: cutText(event.json, noteBytes),
});

/** The whole transcript in few words, with what had come and was never read. */
export function toAttemptDigest({ state }: Agent): string {
  const notes = state.inbox.flatMap((item) =>
    item.type === "note" ? [`[note, never read] ${cutText(item.note.message, noteBytes)}`] : [],
  );
  const events = state.events.map((event) => toEventNotice(cutEvent(event)));
  const digest = toDigest(state.generation.messages, state.board, "new_attempt");
  return [digest, ...notes.slice(-5), ...events.slice(-5)].join("\n\n");
}
