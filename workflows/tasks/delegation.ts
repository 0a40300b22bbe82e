// The tools that hand work to subagents.
import { condition, patched, uuid4 } from "@temporalio/workflow";
import { fromBudgetInput } from "../../protocol/budget.ts";
import { toTaskId } from "../../protocol/ids.ts";
import { isEnded } from "../../protocol/task.ts";
import type {
  cancelTaskInput,
  startTaskInput,
  updateTaskInput,
} from "../../protocol/tools/delegation.ts";
import { delegationTools } from "../../protocol/tools/tools.ts";
import { toDeadline } from "../../protocol/deadline.ts";
import { cutText } from "../../protocol/text.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { type Agent, isPaused, shortId, tell } from "../agent/agent.ts";
import { type Dependency, standingOf } from "./dependencies.ts";
import { toEndedTask } from "../transcript/notices.ts";
import { hasRoom, leaseTo, makeRoom, noRoom, refusalToSpend } from "../budget/task-room.ts";
import { dropLease } from "../budget/leases.ts";
import { refused, said } from "../turn/answers.ts";
import { refusalOfScope, toTaskFiles } from "../edits/isolation.ts";
import { tellTask } from "./feed-words.ts";
import { findOwn } from "./own-tasks.ts";
import { isCalledAway } from "../waits/resting.ts";
import { unknownTask } from "./task-lookup.ts";
import { cancelTask, startTask, steerTask, untilStarted } from "./tasks.ts";
import { addTask, dropTask, markTold, moveToBackground } from "./board-changes.ts";
import { type BoardTask, findTask, nextStart, unreadTasks } from "./board.ts";
import { mayBegin } from "./slots.ts";

type StartInput = Shaped<typeof startTaskInput>;

/** Why a task may not be started now, with what to do about it. */
export function refusalToStart(
  { state, settings, depth }: Agent,
  agentName: string,
): string | undefined {
  const { limits } = settings;
  const roster = state.definition?.roster ?? [];
  if (!roster.some((line) => line.name === agentName)) {
    const names = roster.map((line) => line.name).join(", ");
    return `There is no agent "${agentName}". Available agents: ${names || "none"}.`;
  }
  if (depth >= limits.maxDepth) return toDepthRefusal(limits.maxDepth);
  if (unreadTasks(state.board).length >= limits.maxOpen) {
    return `${limits.maxOpen} tasks are open or ended unread, which is the most there may be (the limit maxOpen). Wait for some to end, or cancel some.`;
  }
  return undefined;
}

function toDepthRefusal(maxDepth: number): string {
  return `Tasks may be ${maxDepth} levels deep (the limit maxDepth), and this agent is at the last one. Do the work yourself.`;
}

/** Why an agent at the last level has none of these tools. Nothing for any other agent and tool. */
export function refusalAtDepth({ depth, settings }: Agent, tool: string): string | undefined {
  const isDelegation = delegationTools.some((name) => name === tool);
  const { maxDepth } = settings.limits;
  return isDelegation && depth >= maxDepth ? toDepthRefusal(maxDepth) : undefined;
}

async function begin(
  agent: Agent,
  input: StartInput,
  awaitedBy?: string,
): Promise<BoardTask | string> {
  const { state } = agent;
  const dependsOn = await toDependencies(agent, input.depends_on);
  if (typeof dependsOn === "string") return dependsOn;
  const refusal =
    refusalToStart(agent, input.subagent_type) ??
    refusalOfScope(agent, input) ??
    refusalToSpend(agent);
  if (refusal) return refusal;
  // Only then: what else the turn starts has to follow in the same order as ever.
  while (!hasRoom(agent)) if (!(await makeRoom(agent))) return noRoom;
  const budget = fromBudgetInput(input.budget);
  const taskId = toTaskId(input.subagent_type, uuid4());
  const minutes = input.deadline_minutes;
  const deadline = minutes === undefined ? undefined : toDeadline(minutes, Date.now());
  const { isolation, scope } = toTaskFiles(agent, input);
  const given = {
    taskId,
    agent: input.subagent_type,
    description: input.description,
    startedAt: nextStart(state.board, Date.now()),
    begun: mayBegin(agent, dependsOn),
    ...(isolation && { isolation }),
    ...(input.on_complete && { onComplete: input.on_complete }),
    ...(dependsOn && { dependsOn }),
  };
  state.board = addTask(state.board, {
    ...given,
    ...(awaitedBy && { awaitedBy }),
    ...(deadline && { deadlineAt: deadline.at }),
    ...(input.depends_on_failed === "run" && { runsOnFailed: true }),
  });
  leaseTo(agent, taskId, budget);
  const task = findTask(state.board, taskId)!;
  tellTask(agent, task, task.phase, task.description);
  const terms = {
    ...(scope && { scope }),
    ...(deadline && { deadline }),
    ...(input.budget && { budget }),
  };
  await startTask(agent, { ...given, ...terms }).catch((error: unknown) => {
    // Cancelled in the moment of its start: it never ran.
    state.board = dropTask(state.board, taskId);
    state.account = dropLease(state.account, taskId);
    tellTask(agent, task, { status: "cancelled" }, "It was never started.");
    throw error;
  });
  return task;
}

/** The tasks that a new one waits for. Nothing when it waits for none, words when one of them is none of this agent's. */
async function toDependencies(
  agent: Agent,
  ids: readonly string[] | undefined,
): Promise<readonly Dependency[] | string | undefined> {
  if (!ids) return undefined;
  const { own, unknown } = await findOwn(agent, ids);
  if (unknown.length === 0) return own;
  return `depends_on: ${unknownTask(agent, unknown.join(", ")).text}`;
}

export async function start(agent: Agent, input: StartInput): Promise<ToolAnswer> {
  const task = await begin(agent, input);
  if (typeof task === "string") return refused(task);
  const { taskId } = task;
  // One that depends on others may have been told to begin already.
  const { phase } = (task.dependsOn && findTask(agent.state.board, taskId)) ?? task;
  const waits = task.dependsOn && standingOf(task) === "waits";
  const note = waits
    ? "It begins by itself when the tasks that it depends on have completed. You are woken when it ends."
    : phase.status === "queued"
      ? `It begins by itself when ${isPaused(agent) ? "a person resumes this agent" : "a slot is free"}. You are woken when it ends.`
      : "You are woken when it ends: do not wait for it.";
  return said({ task_id: taskId, agent: task.agent, status: phase.status, note });
}

/** The sync task: waits for the end, or for somebody to speak first. */
export async function startAndWait(
  agent: Agent,
  input: StartInput,
  callId: string,
): Promise<ToolAnswer> {
  const { state } = agent;
  const task = await begin(agent, input, callId);
  if (typeof task === "string") return refused(task);
  const { taskId } = task;
  const ended = (): boolean => isEnded(findTask(state.board, taskId)?.phase ?? task.phase);
  await condition(() => ended() || isCalledAway(agent) || isPaused(agent));
  const found = findTask(state.board, taskId);
  if (found && ended()) {
    state.board = markTold(state.board, taskId);
    return said(toEndedTask(found));
  }
  state.board = moveToBackground(state.board, taskId);
  return said({
    task_id: taskId,
    status: found?.phase.status ?? "running",
    note: `Moved to the background as ${taskId}. You are woken when it ends.`,
  });
}

function toRefusal(task: BoardTask, what: string): ToolAnswer {
  return refused(
    `Task ${task.taskId} already ended as ${task.phase.status}: ${what}. Start a new task if more is needed.`,
  );
}

export async function update(
  agent: Agent,
  input: Shaped<typeof updateTaskInput>,
): Promise<ToolAnswer> {
  const task = findTask(agent.state.board, input.task_id);
  if (!task) return unknownTask(agent, input.task_id);
  if (isEnded(task.phase)) return toRefusal(task, "the note was not sent");
  if (task.grace && patched("no-note-to-a-stopping-task")) return refused(toStoppingText(task));
  if (agent.run.starting > 0) await untilStarted(agent, task);
  const when = input.when ?? "next_step";
  const noteId = shortId("n-");
  tell(agent, { type: "note", taskId: task.taskId, noteId, text: cutText(input.message, 300) });
  const sent = await steerTask(task, {
    noteId,
    message: input.message,
    when,
    from: "supervisor",
  });
  if (!sent) {
    return refused(
      `Task ${task.taskId} ended just now and did not see the note. A notice with its result follows.`,
    );
  }
  return said({
    task_id: task.taskId,
    note_id: noteId,
    when,
    status: "sent",
    note: toSentText(task, when),
  });
}

function toStoppingText({ taskId }: BoardTask): string {
  return `Task ${taskId} was asked to stop and reads no more notes: the note was not sent. A notice follows when it has stopped. Start a new task if more is needed.`;
}

/** A task that asks a person reads no note before it has its answer. */
function toSentText({ phase }: BoardTask, when: "next_step" | "now"): string {
  const receipt = "The receipt shows in check_async_task once the task has seen it.";
  const asks =
    phase.status === "waiting" &&
    phase.waitingOn.some((reason) => reason === "approval" || reason === "answer");
  if (!asks) return receipt;
  const how =
    when === "now"
      ? "The task waited for a person's decision: this note withdraws what it asked."
      : "The task waits for a person's decision and reads the note after it. Sent with when: now, a note withdraws what it asked instead.";
  return `${how} ${receipt}`;
}

export async function cancel(
  agent: Agent,
  input: Shaped<typeof cancelTaskInput>,
): Promise<ToolAnswer> {
  const task = findTask(agent.state.board, input.task_id);
  if (!task) return unknownTask(agent, input.task_id);
  if (isEnded(task.phase)) return toRefusal(task, "there is nothing to cancel");
  if (agent.run.starting > 0) await untilStarted(agent, task);
  await cancelTask(agent, task, input.reason ?? "");
  return said({
    task_id: task.taskId,
    status: "cancelling",
    note: "A notice follows when it has stopped.",
  });
}
