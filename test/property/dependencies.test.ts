// Tasks that wait for each other, under any order of ends.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isEnded, type TaskEnd, toEmptyEnvelope } from "../../protocol/task.ts";
import { type Dependency, standingOf } from "../../workflows/tasks/dependencies.ts";
import {
  addTask,
  endOnBoard,
  markDoomed,
  markExisting,
  markTold,
  moveOnBoard,
} from "../../workflows/tasks/board-changes.ts";
import { type Board, emptyBoard, findTask, openTasks } from "../../workflows/tasks/board.ts";
import { doomedTasks, hasFreeSlot, startable } from "../../workflows/tasks/board-slots.ts";
import { fitBoard } from "../../workflows/tasks/board-size.ts";
import { holds } from "./property.ts";

const ends: readonly TaskEnd[] = [
  { status: "completed" },
  { status: "completed" },
  { status: "failed", reason: "error" },
  { status: "cancelled" },
];
const which = fc.nat(30);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("add" as const),
      on: fc.array(which, { maxLength: 3 }),
      run: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("exists" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("ends" as const), which, end: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("shrinks" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function endTask(board: Board, taskId: string, end: TaskEnd): Board {
  const envelope = { ...toEmptyEnvelope(end), summary: "s".repeat(500) };
  return markTold(endOnBoard(board, taskId, end, envelope, "then"), taskId);
}

function apply(board: Board, given: Step, most: number, added: number): Board {
  switch (given.type) {
    case "add": {
      const ids = [...new Set(given.on)].filter((n) => n < added).map((n) => `t-${n}`);
      // As the agent looks them up: those that left the board had ended.
      const dependsOn = ids.map((taskId): Dependency => {
        const phase = findTask(board, taskId)?.phase ?? { status: "completed" as const };
        return isEnded(phase) ? { taskId, ended: phase.status } : { taskId };
      });
      const task = { taskId: `t-${added}`, agent: "a", description: "d", startedAt: "" };
      const options = {
        ...(dependsOn.length > 0 && { dependsOn }),
        ...(given.run && { runsOnFailed: true as const }),
      };
      const begun = dependsOn.length === 0 && hasFreeSlot(board, most);
      return addTask(board, { ...task, ...options, begun });
    }
    case "exists":
      return markExisting(board, `t-${given.which}`);
    case "ends": {
      const task = findTask(board, `t-${given.which}`);
      if (!task || isEnded(task.phase) || !task.exists) return board;
      const isQueued = task.phase.status === "queued";
      return endTask(board, task.taskId, isQueued ? { status: "cancelled" } : ends[given.end]!);
    }
    case "shrinks":
      return fitBoard(board, 2_000);
  }
}

/** What the parent does after each step. */
function handOut(board: Board, most: number, begun: string[], doomed: string[]): Board {
  let next = board;
  for (const { taskId } of doomedTasks(next)) {
    doomed.push(taskId);
    next = markDoomed(next, taskId);
  }
  for (const taskId of startable(next, most)) {
    begun.push(taskId);
    next = moveOnBoard(next, taskId, { type: "begun" });
  }
  return next;
}

test(
  "a task begins once and only after those it depends on, or is told once that it cannot",
  holds(
    fc.tuple(fc.array(step, { maxLength: 120, size: "max" }), fc.integer({ min: 1, max: 4 })),
    ([steps, most]) => {
      let board = emptyBoard;
      let added = 0;
      const begun: string[] = [];
      const doomed: string[] = [];
      for (const given of steps) {
        board = apply(board, given, most, added);
        if (given.type === "add") added += 1;
        const before = begun.length;
        board = handOut(board, most, begun, doomed);
        for (const taskId of begun.slice(before)) {
          const { dependsOn = [], runsOnFailed } = findTask(board, taskId)!;
          expect(dependsOn.every(({ ended }) => ended)).toBe(true);
          if (!runsOnFailed) expect(dependsOn.every((one) => one.ended === "completed")).toBe(true);
        }
        const running = board.tasks.filter(({ phase }) => phase.status === "running");
        expect(running.length).toBeLessThanOrEqual(most);
      }
      expect(new Set(begun).size).toBe(begun.length);
      expect(new Set(doomed).size).toBe(doomed.length);
      expect(begun.filter((taskId) => doomed.includes(taskId))).toEqual([]);
    },
  ),
);

test(
  "when everything that can end has ended, nobody waits for anybody",
  holds(
    fc.tuple(fc.array(step, { maxLength: 80, size: "max" }), fc.integer({ min: 1, max: 4 })),
    ([steps, most]) => {
      let board = emptyBoard;
      let added = 0;
      for (const given of steps) {
        board = handOut(apply(board, given, most, added), most, [], []);
        if (given.type === "add") added += 1;
      }
      for (const { taskId } of board.tasks) board = markExisting(board, taskId);
      for (let round = 0; round <= added; round += 1) {
        board = handOut(board, most, [], []);
        for (const task of openTasks(board)) {
          if (task.phase.status === "running")
            board = endTask(board, task.taskId, { status: "completed" });
          else if (task.doomed)
            board = endTask(board, task.taskId, { status: "failed", reason: "dependency" });
        }
      }
      expect(openTasks(board)).toEqual([]);
    },
  ),
);

test("the first one that does not complete decides, unless told to run", () => {
  const dependsOn = [{ taskId: "a", ended: "failed" as const }, { taskId: "b" }];
  expect(standingOf({ dependsOn })).toBe("doomed");
  expect(standingOf({ dependsOn, runsOnFailed: true })).toBe("waits");
  expect(standingOf({})).toBe("ready");
});
