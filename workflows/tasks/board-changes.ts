// What happens to the tasks on a board.
import {
  type Envelope,
  type Grace,
  isEnded,
  moveTask,
  type Receipt,
  type TaskEnd,
  type TaskMove,
} from "../../protocol/task.ts";
import { toLine } from "../../protocol/text.ts";
import { forgetOldest } from "./board-size.ts";
import { type Board, type BoardTask, findTask } from "./board.ts";
import { noteEnd } from "./dependencies.ts";

export function addTask(
  board: Board,
  task: Pick<
    BoardTask,
    | "taskId"
    | "agent"
    | "description"
    | "startedAt"
    | "awaitedBy"
    | "onComplete"
    | "deadlineAt"
    | "dependsOn"
    | "runsOnFailed"
    | "isolation"
  > & { readonly begun: boolean },
): Board {
  const { begun, ...given } = task;
  const added: BoardTask = {
    ...given,
    description: toLine(given.description, 500),
    phase: { status: begun ? "running" : "queued" },
    exists: false,
    seq: 0,
    receipts: [],
  };
  return { ...board, tasks: [...board.tasks, added] };
}

/** An ended task is tried once more, under its old id. */
export function beginAttempt(
  board: Board,
  taskId: string,
  next: Pick<BoardTask, "startedAt" | "deadlineAt" | "dependsOn" | "before"> & {
    readonly begun: boolean;
  },
): Board {
  const { begun, startedAt, deadlineAt, dependsOn, before } = next;
  return change(board, taskId, ({ agent, description, attempt = 1, ...kept }) => ({
    taskId,
    agent,
    description,
    attempt: attempt + 1,
    phase: { status: begun ? "running" : "queued" },
    startedAt,
    exists: false,
    seq: 0,
    receipts: [],
    ...(kept.isolation && { isolation: kept.isolation }),
    ...(kept.onComplete && { onComplete: kept.onComplete }),
    ...(kept.checks !== undefined && { checks: kept.checks }),
    ...(deadlineAt !== undefined && { deadlineAt }),
    ...(dependsOn && { dependsOn }),
    ...(kept.runsOnFailed && { runsOnFailed: kept.runsOnFailed }),
    ...(before && { before }),
  }));
}

/** The task's workflow has been started. */
export function markExisting(board: Board, taskId: string): Board {
  return change(board, taskId, (task) => ({ ...task, exists: true }));
}

/** Forgets a task that never started. */
export function dropTask(board: Board, taskId: string): Board {
  return { ...board, tasks: board.tasks.filter((task) => task.taskId !== taskId) };
}

/** The board after a move of one task. Moves of ended tasks change nothing. */
export function moveOnBoard(board: Board, taskId: string, move: TaskMove): Board {
  return change(board, taskId, (task) => ({ ...task, phase: moveTask(task.phase, move) }));
}

export function endOnBoard(
  board: Board,
  taskId: string,
  end: TaskEnd,
  envelope: Envelope,
  endedAt: string,
): Board {
  const ended = change(board, taskId, (task) => {
    if (isEnded(task.phase)) return task;
    const { grace: _, heardAt: _heard, ...rest } = task;
    return { ...rest, phase: moveTask(task.phase, { type: "ended", end }), envelope, endedAt };
  });
  const { status } = end;
  return { ...ended, tasks: ended.tasks.map((task) => noteEnd(task, taskId, status)) };
}

export function countCheck(board: Board, taskId: string): Board {
  return change(board, taskId, (task) => ({ ...task, checks: (task.checks ?? 0) + 1 }));
}

export function markHeard(board: Board, taskId: string, heardAt: string): Board {
  return change(board, taskId, (task) => (isEnded(task.phase) ? task : { ...task, heardAt }));
}

/** What an open task is given, now that it was asked to stop. */
export function keepGrace(board: Board, taskId: string, grace: Grace): Board {
  return change(board, taskId, (task) => (isEnded(task.phase) ? task : { ...task, grace }));
}

/** The task's end is in the transcript. Older ended tasks make room. */
export function markTold(board: Board, taskId: string): Board {
  return forgetOldest(change(board, taskId, (task) => ({ ...task, told: true })));
}

/** Takes an event's number. Returns nothing when it had been taken before. */
export function takeSeq(board: Board, taskId: string, seq: number): Board | undefined {
  const task = findTask(board, taskId);
  if (!task || seq <= task.seq) return undefined;
  return change(board, taskId, (known) => ({ ...known, seq }));
}

export function addReceipt(board: Board, taskId: string, receipt: Receipt): Board {
  return change(board, taskId, (task) => ({
    ...task,
    receipts: [...task.receipts, receipt].slice(-20),
  }));
}

/** The task no longer holds a tool call open. */
export function moveToBackground(board: Board, taskId: string): Board {
  return change(board, taskId, ({ awaitedBy: _, ...task }) => task);
}

/** It was told that it cannot begin. */
export function markDoomed(board: Board, taskId: string): Board {
  return change(board, taskId, (task) => ({ ...task, doomed: true }));
}

function change(board: Board, taskId: string, to: (task: BoardTask) => BoardTask): Board {
  return {
    ...board,
    tasks: board.tasks.map((task) => (task.taskId === taskId ? to(task) : task)),
  };
}
