// How an agent's tasks stand, as its model asks.
import { isEnded, type TaskPhase } from "../../protocol/task.ts";
import { toLine } from "../../protocol/text.ts";
import type { checkTaskInput, listTasksInput } from "../../protocol/tools/delegation.ts";
import type { ToolAnswer } from "../../protocol/turn.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { Shaped } from "../../protocol/shape.ts";
import { type Agent, now } from "../agent/agent.ts";
import { refused, said } from "../turn/answers.ts";
import { findingsOf } from "../sharing/findings.ts";
import { phaseNow, toCheckAnswer, toOptions, toPhaseWords } from "./check-answer.ts";
import { type BoardTask, findTask, openTasks, workflowOf } from "./board.ts";
import { countCheck, markHeard } from "./board-changes.ts";
import { readTasks } from "./task-readings.ts";

export function unknownTask({ state }: Agent, taskId: string): ToolAnswer {
  const ids = openTasks(state.board).map((task) => task.taskId);
  const open =
    ids.length > 0 ? `Your open tasks: ${ids.slice(0, 20).join(", ")}.` : "You have no open tasks.";
  return refused(`You have no task "${taskId}". ${open} list_async_tasks shows all of them.`);
}

export async function check(
  agent: Agent,
  input: Shaped<typeof checkTaskInput>,
): Promise<ToolAnswer> {
  const { state } = agent;
  const task = findTask(state.board, input.task_id);
  if (!task) return await checkForgotten(agent, input.task_id);
  state.board = countCheck(state.board, task.taskId);
  const detail = input.detail ?? "digest";
  const isKept = task.envelope !== undefined && detail !== "turns" && detail !== "full";
  const readings = isKept ? [] : await readTasks(agent, [workflowOf(task)], detail);
  // The end may have come while the task was read.
  const known = findTask(state.board, input.task_id) ?? task;
  const answer = {
    task: known,
    detail,
    reading: readings?.[0],
    unread: !readings,
    now: now(),
    beside: toBeside(agent, known),
  };
  if (readings?.[0]) state.board = markHeard(state.board, known.taskId, now());
  return said(toCheckAnswer(answer));
}

/** A task whose line has left the board is still told by what Temporal keeps of it. */
async function checkForgotten(agent: Agent, taskId: string): Promise<ToolAnswer> {
  if (agent.state.board.forgotten === 0) return unknownTask(agent, taskId);
  const readings = await readTasks(agent, [taskId], "status");
  if (!readings) {
    return refused(
      `${taskId} is none of the tasks that are still listed, and older ones could not be read just now. Check it again.`,
    );
  }
  const view = readings[0]?.view;
  if (view?.parentId !== agent.taskId) return unknownTask(agent, taskId);
  const { agent: name, description, status, reason, result, asOf } = view;
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

/** What its parent knows besides. */
function toBeside(agent: Agent, { taskId }: BoardTask): object {
  const trouble = agent.state.troubled[taskId];
  const found = findingsOf(agent, taskId);
  return {
    ...(trouble && { trouble: trouble.text }),
    ...(found.length > 0 && { findings: found }),
  };
}

const shownTasks = 50;
const shownFindings = 5;

export async function list(
  agent: Agent,
  input: Shaped<typeof listTasksInput>,
): Promise<ToolAnswer> {
  const { state } = agent;
  const filter = input.status_filter ?? "all";
  const open = openTasks(state.board).map(workflowOf);
  const readings = open.length > 0 ? await readTasks(agent, open, "status") : [];
  const views = new Map((readings ?? []).map(({ view }) => [view.taskId, view]));
  for (const taskId of views.keys()) state.board = markHeard(state.board, taskId, now());
  const { tasks, forgotten } = state.board;
  const matching = tasks.filter((task) => matches(phaseNow(task, views.get(task.taskId)), filter));
  const page = input.page ?? 1;
  const end = Math.max(0, matching.length - (page - 1) * shownTasks);
  const shown = matching
    .slice(Math.max(0, end - shownTasks), end)
    .map((task) => toListed(agent, task, views.get(task.taskId)));
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

/** One that could not be read is shown as it was last heard of, and says since when. */
function toListed(agent: Agent, task: BoardTask, view: TaskView | undefined): object {
  const trouble = agent.state.troubled[task.taskId];
  return {
    task_id: task.taskId,
    agent: task.agent,
    ...toPhaseWords(phaseNow(task, view)),
    ...(view && { turn: view.turn }),
    ...(!view && !isEnded(task.phase) && { not_heard_since: task.heardAt ?? task.startedAt }),
    ...(task.attempt && { attempt: task.attempt }),
    description: toLine(task.description, 200),
    ...(trouble && { trouble: trouble.text }),
    ...toOptions(task, 200),
  };
}

function matches(phase: TaskPhase, filter: string): boolean {
  if (filter === "all") return true;
  if (filter === "open") return !isEnded(phase);
  if (filter === "ended") return isEnded(phase);
  return phase.status === filter;
}
