// The tasks of one agent, as plain state.
import { toAttemptId } from "../protocol/ids.ts";
import type { Isolation } from "../protocol/isolation.ts";
import type { AttemptRecord } from "../protocol/records.ts";
import {
  type Envelope,
  type Grace,
  isEnded,
  moveTask,
  type Receipt,
  type TaskEnd,
  type TaskMove,
  type TaskPhase,
  type WaitingReason,
} from "../protocol/task.ts";
import { byteLength, cutText, toLine } from "../protocol/text.ts";
import { type Dependent, noteEnd, standingOf } from "./dependencies.ts";

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

/** Ended tasks that keep their whole envelope, and those that keep a line. */
const keptEnvelopes = 20;
const keptTasks = 1_000;

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
  > & {
    readonly begun: boolean;
    /** Its own affair: the task has it in its input. */
    readonly scope?: unknown;
  },
): Board {
  const { begun, scope: _, ...given } = task;
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
  next: Pick<BoardTask, "startedAt" | "deadlineAt" | "before"> & { readonly begun: boolean },
): Board {
  const { begun, startedAt, deadlineAt, before } = next;
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

/** It was told that it cannot begin. */
export function markDoomed(board: Board, taskId: string): Board {
  return change(board, taskId, (task) => ({ ...task, doomed: true }));
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

function change(board: Board, taskId: string, to: (task: BoardTask) => BoardTask): Board {
  return {
    ...board,
    tasks: board.tasks.map((task) => (task.taskId === taskId ? to(task) : task)),
  };
}

/** Told tasks beyond the newest lose first their envelope, then their line. */
function forgetOldest(board: Board): Board {
  const ended = board.tasks.filter((task) => task.told);
  const gone = new Set(ended.slice(0, -keptTasks).map((task) => task.taskId));
  const old = ended.slice(0, -keptEnvelopes).filter((task) => task.envelope);
  if (gone.size + old.length === 0) return board;
  const short = new Set(old.map((task) => task.taskId));
  return {
    ...withForgotten(board, ended.slice(0, gone.size)),
    tasks: board.tasks
      .filter((task) => !gone.has(task.taskId))
      .map((task) => (short.has(task.taskId) ? shorten(task) : task)),
  };
}

/** What is still counted of tasks whose lines go. */
function withForgotten(board: Board, gone: readonly BoardTask[]): Omit<Board, "tasks"> {
  const before = board.forgottenChecks ?? 0;
  const checks = gone.reduce((sum, task) => sum + (task.checks ?? 0), before);
  const forgotten = board.forgotten + gone.length;
  return { forgotten, ...(checks > 0 && { forgottenChecks: checks }) };
}

/**
 * The board within a budget. What goes first can still be read from the tasks themselves: envelopes
 * that were told, then lines that were told, then what is long in the rest.
 */
export function fitBoard(board: Board, mostBytes: number): Board {
  const steps = [forgetEnvelopes, forgetLines, shortenRest, forgetUntold];
  return steps.reduce((fitted, step) => step(fitted, mostBytes), board);
}

const bytesOf = (value: unknown): number => byteLength(JSON.stringify(value)) + 1;

/** Changes told or ended tasks, oldest first, until the board fits. */
function makeRoom(
  board: Board,
  mostBytes: number,
  to: (task: BoardTask) => BoardTask | undefined,
): Board {
  let excess = bytesOf(board) - mostBytes;
  const gone: BoardTask[] = [];
  const tasks = board.tasks.flatMap((task) => {
    if (excess <= 0) return [task];
    const changed = to(task);
    excess -= bytesOf(task) - (changed ? bytesOf(changed) : 0);
    if (!changed) gone.push(task);
    return changed ? [changed] : [];
  });
  return { ...withForgotten(board, gone), tasks };
}

const forgetEnvelopes = (board: Board, mostBytes: number): Board =>
  makeRoom(board, mostBytes, (task) => (task.told ? shorten(task) : task));

const forgetLines = (board: Board, mostBytes: number): Board =>
  makeRoom(board, mostBytes, (task) => (task.told ? undefined : task));

const shortenRest = (board: Board, mostBytes: number): Board =>
  makeRoom(board, mostBytes, ({ envelope, dependsOn, ...task }) => ({
    ...task,
    ...(dependsOn && task.phase.status === "queued" && { dependsOn }),
    description: toLine(task.description, 100),
    ...(task.onComplete && { onComplete: cutText(task.onComplete, 300) }),
    receipts: task.receipts.slice(-3),
    ...(envelope && { envelope: { ...envelope, summary: cutText(envelope.summary, 300) } }),
  }));

/** The notice of such an end says where the rest can be read. */
const forgetUntold = (board: Board, mostBytes: number): Board =>
  makeRoom(board, mostBytes, (task) => (task.envelope ? shorten(task) : task));

function shorten(task: BoardTask): BoardTask {
  const { envelope: _envelope, onComplete, ...rest } = task;
  return {
    ...rest,
    // What was handed back once is not needed again.
    ...(onComplete && !task.told && { onComplete }),
    description: toLine(task.description, 100),
    receipts: [],
  };
}
