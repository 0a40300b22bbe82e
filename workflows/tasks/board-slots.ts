// Which tasks of a board hold a slot, and which are next.
import type { TaskPhase, WaitingReason } from "../../protocol/task.ts";
import { standingOf } from "./dependencies.ts";
import type { Board, BoardTask } from "./board.ts";

const givesSlotBack: ReadonlySet<WaitingReason> = new Set([
  "approval",
  "answer",
  "event",
  "tasks",
  "budget",
  "slot",
]);

function holdsSlot(phase: TaskPhase): boolean {
  if (phase.status === "running") return true;
  return phase.status === "waiting" && !phase.waitingOn.some((reason) => givesSlotBack.has(reason));
}

/** Queued tasks that can never begin, because others did not complete, and have not been told. */
export function doomedTasks(board: Board): readonly BoardTask[] {
  return board.tasks.filter(
    (task) =>
      task.phase.status === "queued" &&
      task.exists &&
      !task.doomed &&
      standingOf(task) === "doomed",
  );
}

const waitsForSlot = ({ phase }: BoardTask): boolean =>
  phase.status === "waiting" && phase.waitingOn.includes("slot");

/** Those that resume first, then queued ones, oldest first. Who waits for another task is not in line. */
const waitingLine = (board: Board): readonly BoardTask[] => [
  ...board.tasks.filter(waitsForSlot),
  ...board.tasks.filter((task) => task.phase.status === "queued" && standingOf(task) === "ready"),
];

function freeSlots(board: Board, maxRunning: number): number {
  return Math.max(0, maxRunning - board.tasks.filter((task) => holdsSlot(task.phase)).length);
}

/** Tasks that may begin now. One whose workflow is still being started waits for that. */
export function startable(board: Board, maxRunning: number): readonly string[] {
  return waitingLine(board)
    .slice(0, freeSlots(board, maxRunning))
    .filter((task) => task.exists)
    .map((task) => task.taskId);
}

/** Whether a new task finds a slot that nobody before it waits for. */
export function hasFreeSlot(board: Board, maxRunning: number): boolean {
  return freeSlots(board, maxRunning) > waitingLine(board).length;
}
