// Attempts at tasks, whose words come late, twice or never.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toAttemptId } from "../../protocol/ids.ts";
import { isEnded, type TaskEnd, type TaskMove, toEmptyEnvelope } from "../../protocol/task.ts";
import { toPastAttempts, toRecords } from "../../workflows/tasks/records.ts";
import {
  addReceipt,
  addTask,
  beginAttempt,
  countCheck,
  endOnBoard,
  markExisting,
  markTold,
  moveOnBoard,
  takeSeq,
} from "../../workflows/tasks/board-changes.ts";
import {
  type Board,
  emptyBoard,
  findAttempt,
  findTask,
  openTasks,
  workflowOf,
} from "../../workflows/tasks/board.ts";
import { fitBoard } from "../../workflows/tasks/board-size.ts";
import { hasFreeSlot, startable } from "../../workflows/tasks/board-slots.ts";
import { holds } from "./property.ts";

const ends: readonly TaskEnd[] = [
  { status: "completed" },
  { status: "failed", reason: "error" },
  { status: "failed", reason: "terminated" },
  { status: "failed", reason: "lost" },
  { status: "cancelled", forced: true },
];
const moves: readonly TaskMove[] = [
  { type: "waiting", waitingOn: ["model"] },
  { type: "waiting", waitingOn: ["tasks"] },
  { type: "resumed" },
];

const acts = ["says", "says", "ends", "hears", "hears", "hears", "loses", "retries", "looks"];
const step = fc.record({
  act: fc.constantFrom("starts", "exists", "shrinks", "rolls", ...acts),
  at: fc.nat(1_000),
  what: fc.nat(20),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

type Said = { readonly workflowId: string } & (
  | { readonly seq: number; readonly move: TaskMove }
  | { readonly end: TaskEnd }
);

/** A board, and what its tasks have said that is still on its way. */
class Play {
  readonly most: number;
  board: Board = emptyBoard;
  readonly said: Said[] = [];
  readonly heard = new Map<string, TaskEnd>();
  heardTwice = false;
  readonly attempts = new Map<string, number>();
  readonly looks = new Map<string, number>();
  readonly #seqs = new Map<string, number>();
  readonly #over = new Map<string, TaskEnd>();

  constructor(most: number) {
    this.most = most;
  }

  take({ act, at, what }: Step): void {
    const ids = [...this.attempts.keys()];
    const taskId = ids[at % Math.max(1, ids.length)] ?? "";
    const task = findTask(this.board, taskId);
    if (act === "starts") this.#start();
    else if (act === "hears") this.#hear(at, what % 3 === 0);
    else if (act === "loses") this.#lose(at);
    else if (act === "rolls") this.board = JSON.parse(JSON.stringify(this.board)) as Board;
    else if (act === "shrinks") this.board = fitBoard(this.board, 60_000);
    else if (!task) return;
    else if (act === "exists") this.board = markExisting(this.board, taskId);
    else if (act === "says") this.#say(workflowOf(task), what);
    else if (act === "ends") this.#end(workflowOf(task), what);
    else if (act === "retries" && isEnded(task.phase)) this.#retry(taskId);
    else if (act === "looks") {
      this.board = countCheck(this.board, taskId);
      this.looks.set(taskId, (this.looks.get(taskId) ?? 0) + 1);
    }
  }

  /** Ends are told until they are heard, whatever else is lost. */
  finish(): void {
    while (openTasks(this.board).length > 0) {
      for (const task of openTasks(this.board)) {
        this.board = markExisting(this.board, task.taskId);
        this.#end(workflowOf(task), 0);
      }
      while (this.said.length > 0) this.#hear(0, false);
    }
  }

  #start(): void {
    const taskId = `a-${String(this.attempts.size).padStart(12, "0")}`;
    const task = { taskId, agent: "a", description: "d", startedAt: "1" };
    this.board = addTask(this.board, { ...task, begun: hasFreeSlot(this.board, this.most) });
    this.attempts.set(taskId, 1);
  }

  #retry(taskId: string): void {
    const begun = hasFreeSlot(this.board, this.most);
    const before = toPastAttempts(findTask(this.board, taskId)!);
    this.board = beginAttempt(this.board, taskId, { begun, startedAt: "2", before });
    this.attempts.set(taskId, (this.attempts.get(taskId) ?? 0) + 1);
  }

  #say(workflowId: string, what: number): void {
    if (this.#over.has(workflowId)) return;
    const seq = (this.#seqs.get(workflowId) ?? 0) + 1;
    this.#seqs.set(workflowId, seq);
    this.said.push({ workflowId, seq, move: moves[what % moves.length]! });
  }

  /** A workflow ends one way, however often it is told. */
  #end(workflowId: string, what: number): void {
    const end = this.#over.get(workflowId) ?? ends[what % ends.length]!;
    this.#over.set(workflowId, end);
    this.said.push({ workflowId, end });
  }

  #lose(at: number): void {
    const index = at % Math.max(1, this.said.length);
    if (this.said[index] && "seq" in this.said[index]) this.said.splice(index, 1);
  }

  /** As the agent does it: what comes from an attempt before is no news. */
  #hear(at: number, isKept: boolean): void {
    const index = at % Math.max(1, this.said.length);
    const said = this.said[index];
    if (!said) return;
    if (!isKept) this.said.splice(index, 1);
    const task = findAttempt(this.board, said.workflowId);
    if (!task) return;
    if ("end" in said) this.#hearEnd(task.taskId, said);
    else {
      const taken = takeSeq(this.board, task.taskId, said.seq);
      if (!taken) return;
      const receipt = { noteId: said.workflowId, turn: said.seq, at: "" };
      const told = addReceipt(taken, task.taskId, receipt);
      this.board = moveOnBoard(told, task.taskId, said.move);
    }
  }

  #hearEnd(taskId: string, { workflowId, end }: Extract<Said, { end: TaskEnd }>): void {
    const task = findTask(this.board, taskId);
    if (!task || isEnded(task.phase)) return;
    this.heardTwice ||= this.heard.has(workflowId);
    this.heard.set(workflowId, end);
    this.board = markTold(endOnBoard(this.board, taskId, end, toEmptyEnvelope(end), "3"), taskId);
    for (const id of startable(this.board, this.most)) {
      const type = findTask(this.board, id)?.phase.status === "queued" ? "begun" : "resumed";
      this.board = moveOnBoard(this.board, id, { type });
    }
  }
}

test(
  "however often a task is tried again, each attempt ends once, and only the newest one is heard",
  holds(
    fc.tuple(fc.array(step, { maxLength: 100, size: "max" }), fc.integer({ min: 1, max: 4 })),
    ([steps, most]) => {
      const play = new Play(most);
      for (const one of steps) {
        play.take(one);
        const { tasks } = play.board;
        expect(new Set(tasks.map(({ taskId }) => taskId)).size).toBe(tasks.length);
        for (const task of tasks) {
          const workflowId = workflowOf(task);
          expect(task.attempt ?? 1).toBe(play.attempts.get(task.taskId));
          expect(task.receipts.every(({ noteId }) => noteId === workflowId)).toBe(true);
          expect(isEnded(task.phase)).toBe(play.heard.has(workflowId));
          if (isEnded(task.phase)) expect(task.phase).toEqual(play.heard.get(workflowId));
          else
            expect([task.endedAt, task.envelope, task.told]).toEqual([
              undefined,
              undefined,
              undefined,
            ]);
        }
      }
      play.finish();
      expect(play.heardTwice).toBe(false);
      const { records, forgotten } = toRecords(play.board, 0);
      expect(records.length + forgotten.tasks).toBe(play.attempts.size);
      for (const record of records) {
        const { attempt, before } = record;
        expect(attempt).toBe(play.attempts.get(record.taskId));
        expect(before).toHaveLength(Math.min(5, attempt - 1));
        for (const [index, one] of [record, ...before.toReversed()].entries()) {
          const end = play.heard.get(toAttemptId(record.taskId, attempt - index));
          expect(end).toMatchObject({
            status: one.status,
            ...(one.reason && { reason: one.reason }),
          });
        }
        expect(record.endedAt).toBe("3");
        expect(record.checks).toBe(play.looks.get(record.taskId) ?? 0);
      }
    },
    100,
  ),
);
