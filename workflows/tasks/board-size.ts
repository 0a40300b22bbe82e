// Keeps the board of tasks within its bytes.
import { byteLength, cutText, toLine } from "../../protocol/text.ts";
import type { Board, BoardTask } from "./board.ts";

/** Ended tasks that keep their whole envelope, and those that keep a line. */
const keptEnvelopes = 20;

const keptTasks = 1_000;

/** Told tasks beyond the newest lose first their envelope, then their line. */
export function forgetOldest(board: Board): Board {
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
