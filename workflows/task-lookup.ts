// How an agent's tasks stand, as its model asks.
import type { z } from "zod";
import { isEnded } from "../protocol/task.ts";
import { toLine } from "../protocol/text.ts";
import type { checkTaskInput, listTasksInput } from "../protocol/tools.ts";
import type { ToolAnswer } from "../protocol/turn.ts";
import { type Agent, now } from "./agent.ts";
import { refused, said } from "./answers.ts";
import { findingsOf } from "./findings.ts";
import { toEndedTask } from "./notices.ts";
import { type BoardTask, findTask, openTasks, workflowOf } from "./task-board.ts";
import { readTasks } from "./task-readings.ts";

export function unknownTask({ state }: Agent, taskId: string): ToolAnswer {
  const ids = openTasks(state.board).map((task) => task.taskId);
  const open =
    ids.length > 0 ? `Your open tasks: ${ids.slice(0, 20).join(", ")}.` : "You have no open tasks.";
  return refused(`You have no task "${taskId}". ${open} list_async_tasks shows all of them.`);
}

export async function check(
  agent: Agent,
  input: z.infer<typeof checkTaskInput>,
): Promise<ToolAnswer> {
  const task = findTask(agent.state.board, input.task_id);
  if (!task)
    return (await checkForgotten(agent, input.task_id)) ?? unknownTask(agent, input.task_id);
  const detail = input.detail ?? "digest";
  const isKept = task.envelope !== undefined && detail !== "turns" && detail !== "full";
  const [reading] = isKept ? [] : await readTasks(agent, [workflowOf(task)], detail);
  // The end may have come while the task was read.
  const known = findTask(agent.state.board, input.task_id) ?? task;
  const base = {
    task_id: known.taskId,
    agent: known.agent,
    description: known.description,
    ...toPhase(known),
    ...toOptions(known),
    ...(known.attempt && { attempt: known.attempt }),
    receipts: known.receipts,
    as_of: reading?.report?.asOf ?? reading?.view.asOf ?? now(),
  };
  const live = reading && {
    turn: reading.report?.turn ?? reading.view.turn,
    usage: reading.report?.usage ?? reading.view.usage,
    ...(reading.report?.lastText && { last_text: reading.report.lastText }),
    ...(reading.report?.turns && { turns: reading.report.turns }),
    ...(reading.report?.transcript && { transcript: reading.report.transcript }),
  };
  const fallback =
    !reading && !isEnded(known.phase)
      ? { note: "The task did not answer in time: status as last known." }
      : {};
  const found = findingsOf(agent, known.taskId);
  const trouble = agent.state.troubled[known.taskId];
  const news = {
    ...(trouble && { trouble: trouble.text }),
    ...(found.length > 0 && { findings: found }),
  };
  const envelope = known.envelope ?? reading?.view.result;
  const result = envelope ? { result: toEndedTask({ ...known, envelope }) } : {};
  return said({ ...base, ...live, ...news, ...fallback, ...result });
}

/** A task whose line has left the board is still told by what Temporal keeps of it. */
async function checkForgotten(agent: Agent, taskId: string): Promise<ToolAnswer | undefined> {
  if (agent.state.board.forgotten === 0) return undefined;
  const [reading] = await readTasks(agent, [taskId], "status");
  if (reading?.view.parentId !== agent.taskId) return undefined;
  const { agent: name, description, status, reason, result, asOf } = reading.view;
  return said({
    task_id: taskId,
    agent: name,
    description,
    status,
    ...(reason && { reason }),
    as_of: asOf,
    ...(result && { result }),
  });
}

function toPhase(task: BoardTask): object {
  const { phase } = task;
  return {
    status: phase.status,
    ...(phase.status === "waiting" && { waiting_on: phase.waitingOn }),
    ...(phase.status === "failed" && { reason: phase.reason }),
    ...(phase.status === "cancelled" && phase.forced && { forced: true }),
  };
}

/** What the task was started with. In an answer with its result, `on_complete` stands there. */
function toOptions(task: BoardTask, mostBytes = 1_000): object {
  const { onComplete, deadlineAt, dependsOn } = task;
  return {
    ...(onComplete && { on_complete: toLine(onComplete, mostBytes) }),
    ...(deadlineAt && { deadline: deadlineAt }),
    ...(dependsOn && {
      depends_on: dependsOn.map(({ taskId, ended }) => ({
        task_id: taskId,
        status: ended ?? "open",
      })),
    }),
  };
}

const shownTasks = 50;
const shownFindings = 5;

export async function list(
  agent: Agent,
  input: z.infer<typeof listTasksInput>,
): Promise<ToolAnswer> {
  const filter = input.status_filter ?? "all";
  const open = openTasks(agent.state.board).map(workflowOf);
  const readings = open.length > 0 ? await readTasks(agent, open.slice(0, 100), "status") : [];
  const turns = new Map(readings.map(({ view }) => [view.taskId, view.turn]));
  const { tasks, forgotten } = agent.state.board;
  const matching = tasks.filter((task) => matches(task, filter));
  const page = input.page ?? 1;
  const end = Math.max(0, matching.length - (page - 1) * shownTasks);
  const shown = matching.slice(Math.max(0, end - shownTasks), end).map((task) => ({
    task_id: task.taskId,
    agent: task.agent,
    ...toPhase(task),
    ...(task.attempt && { attempt: task.attempt }),
    ...(turns.has(task.taskId) && { turn: turns.get(task.taskId) }),
    description: toLine(task.description, 200),
    ...(agent.state.troubled[task.taskId] && { trouble: agent.state.troubled[task.taskId]?.text }),
    ...toOptions(task, 200),
  }));
  const older = Math.max(0, end - shownTasks);
  const newestFindings = agent.state.findings.items
    .slice(-shownFindings)
    .map(({ taskId, text }) => ({ task_id: taskId, text }));
  return said({
    tasks: shown,
    as_of: now(),
    ...(newestFindings.length > 0 && { newest_findings: newestFindings }),
    ...(older > 0 && { older_tasks: older, next_page: page + 1 }),
    // Their lines are gone from the list, and check_async_task still finds them.
    ...(older === 0 && filter === "all" && forgotten > 0 && { forgotten_tasks: forgotten }),
  });
}

function matches(task: BoardTask, filter: string): boolean {
  if (filter === "all") return true;
  if (filter === "open") return !isEnded(task.phase);
  if (filter === "ended") return isEnded(task.phase);
  return task.phase.status === filter;
}
