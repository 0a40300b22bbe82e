// An own task by its id, on the board or gone from it.
import { isEnded, type TaskEnd } from "../../protocol/task.ts";
import type { TaskView } from "../../protocol/views.ts";
import type { Agent } from "../agent/agent.ts";
import type { Dependency } from "./dependencies.ts";
import { toEndedTask } from "../transcript/notices.ts";
import { findTask, workflowOf } from "./board.ts";
import { readTasks } from "./task-readings.ts";

/** How each of them stands, in the given order and once. Nothing for an id that is none of this agent's tasks. */
export async function findOwn(
  agent: Agent,
  ids: readonly string[],
): Promise<{ readonly own: readonly Dependency[]; readonly unknown: readonly string[] }> {
  const { board } = agent.state;
  // A task goes by its first id, whichever of its attempts was named.
  const all = [...new Set(ids.map((id) => findTask(board, id)?.taskId ?? id))];
  const missing = all.filter((taskId) => !findTask(board, taskId));
  const forgotten = board.forgotten > 0 ? await readViews(agent, missing) : [];
  const own = all.flatMap((taskId): readonly Dependency[] => {
    const status =
      findTask(agent.state.board, taskId)?.phase.status ??
      forgotten.find((view) => view.taskId === taskId)?.status;
    if (!status) return [];
    return [isFinal(status) ? { taskId, ended: status } : { taskId }];
  });
  const found = new Set(own.map(({ taskId }) => taskId));
  return { own, unknown: all.filter((taskId) => !found.has(taskId)) };
}

function isFinal(status: TaskView["status"]): status is TaskEnd["status"] {
  return status === "completed" || status === "failed" || status === "cancelled";
}

async function readViews(agent: Agent, ids: readonly string[]): Promise<readonly TaskView[]> {
  if (ids.length === 0) return [];
  const readings = await readTasks(agent, ids, "status");
  return (readings ?? []).map(({ view }) => view).filter((view) => view.parentId === agent.taskId);
}

/** What these ended tasks left. What the board no longer keeps is read from the tasks themselves. */
export async function readEnded(agent: Agent, ids: readonly string[]): Promise<readonly object[]> {
  const kept = (taskId: string) => findTask(agent.state.board, taskId);
  const newestAttempt = (taskId: string): string => {
    const task = kept(taskId);
    return task ? workflowOf(task) : taskId;
  };
  const gone = ids.filter((taskId) => !kept(taskId)?.envelope);
  const views = await readViews(agent, gone.map(newestAttempt));
  return ids.map((taskId) => {
    const task = kept(taskId);
    const view = views.find((one) => one.taskId === taskId);
    const envelope = task?.envelope ?? view?.result;
    const phase = { status: task?.phase.status ?? view?.status ?? "completed" } as TaskEnd;
    const line = { taskId, agent: task?.agent ?? view?.agent ?? "", phase };
    const { onComplete } = task ?? view ?? {};
    return toEndedTask({
      ...line,
      ...(envelope && { envelope }),
      ...(onComplete && { onComplete }),
    });
  });
}

/** Whether a task is on the board and has not ended. */
export function isOpen({ state }: Agent, taskId: string): boolean {
  const task = findTask(state.board, taskId);
  return task !== undefined && !isEnded(task.phase);
}
