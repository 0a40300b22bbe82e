// The task board, as a new generation begins with it.
import { toLine } from "../../protocol/text.ts";
import { type Board, type BoardTask, openTasks } from "../tasks/board.ts";

/** Open tasks listed by id, and what their descriptions may take together. */
const openShown = 400;
const descriptionBytes = 60_000;
const endedShown = 20;

/** Open tasks in full, the newest ended ones. An end that is not told yet has a notice of its own. */
export function toBoardData(board: Board): object {
  const open = openTasks(board);
  const shown = open.slice(-openShown);
  const each = Math.max(60, Math.floor(descriptionBytes / Math.max(1, shown.length)));
  return {
    open_tasks: shown.map((task) => ({ ...toData(task, each), started_at: task.startedAt })),
    ...(open.length > shown.length && { older_open_tasks_not_shown: open.length - shown.length }),
    ended_tasks: board.tasks
      .filter((task) => task.told)
      .slice(-endedShown)
      .map((task) => toData(task, 120)),
  };
}

function toData(
  { taskId, agent, attempt, phase, description }: BoardTask,
  mostBytes: number,
): object {
  return {
    task_id: taskId,
    agent,
    status: phase.status,
    ...(attempt && { attempt }),
    ...(phase.status === "waiting" && { waiting_on: phase.waitingOn }),
    ...(phase.status === "failed" && { reason: phase.reason }),
    description: toLine(description, mostBytes),
  };
}
