// The tasks of one agent, as plain state.
import { toAttemptId } from "../../protocol/ids.ts";
import type { Isolation } from "../../protocol/isolation.ts";
import type { AttemptRecord } from "../../protocol/records.ts";
import {
  type Envelope,
  type Grace,
  isEnded,
  type Receipt,
  type TaskPhase,
} from "../../protocol/task.ts";
import type { Dependent } from "./dependencies.ts";

export interface BoardTask extends Dependent {
  readonly taskId: string;
  readonly agent: string;
  /** The first 500 bytes. The whole text is the child's input. */
  readonly description: string;
  readonly phase: TaskPhase;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Which attempt at it this is. The first one is not numbered. */
  readonly attempt?: number;
  /** How attempts before it ended. */
  readonly before?: readonly AttemptRecord[];
  /** Its workflow exists, so that it can be told to begin. */
  readonly exists: boolean;
  /** Highest `seq` of the task's own events, so that a repeat has no effect. */
  readonly seq: number;
  readonly receipts: readonly Receipt[];
  /** The tool call that waits for this task, while it does. */
  readonly awaitedBy?: string;
  readonly envelope?: Envelope;
  /** It was asked to stop, and this agent owns its grace. */
  readonly grace?: Grace;
  /** It works in a worktree of its own, as far as was known at its start. */
  readonly isolation?: Isolation;
  /** What the agent noted for itself when it started the task. Handed back with the end. */
  readonly onComplete?: string;
  /** ISO 8601. */
  readonly deadlineAt?: string;
  /** How often its parent's model has looked at it. */
  readonly checks?: number;
  /** When it was last heard of, while it is open: news of its own, or an answer to a look at it. */
  readonly heardAt?: string;
  /** Its end has entered the transcript. Until then nothing of it is shortened. */
  readonly told?: boolean;
}

/** Tasks by start, oldest first. The newest ended ones stay, older ones are only counted. */
export interface Board {
  readonly tasks: readonly BoardTask[];
  readonly forgotten: number;
  /** Looks at tasks that were forgotten since. */
  readonly forgottenChecks?: number;
}

export const emptyBoard: Board = { tasks: [], forgotten: 0 };

/** When a task that is added now has started: after every other one, so that all lists keep the order. */
export function nextStart({ tasks }: Board, nowMs: number): string {
  const newest = tasks.at(-1)?.startedAt;
  const afterMs = newest === undefined ? 0 : Date.parse(newest) + 1;
  return new Date(Math.max(nowMs, afterMs)).toISOString();
}

/** By its id, or by the workflow of any of its attempts. */
export function findTask(board: Board, id: string): BoardTask | undefined {
  return board.tasks.find((task) => task.taskId === id || isAttemptOf(task, id));
}

function isAttemptOf({ taskId, attempt = 1 }: BoardTask, id: string): boolean {
  if (attempt === 1 || !id.startsWith(`${taskId}-`)) return false;
  const number = Number(id.slice(taskId.length + 1));
  return number > 1 && number <= attempt && toAttemptId(taskId, number) === id;
}

/** By the workflow that works on it now. What comes from an attempt before is no news. */
export function findAttempt(board: Board, workflowId: string): BoardTask | undefined {
  return board.tasks.find((task) => workflowOf(task) === workflowId);
}

/** The workflow that works on a task now, or did last. */
export function workflowOf({ taskId, attempt = 1 }: BoardTask): string {
  return toAttemptId(taskId, attempt);
}

export function openTasks(board: Board): readonly BoardTask[] {
  return board.tasks.filter((task) => !isEnded(task.phase));
}

/** Tasks that are open, or whose end has not been read yet. */
export function unreadTasks(board: Board): readonly BoardTask[] {
  return board.tasks.filter((task) => !task.told);
}
