// A task board under any order of events.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  isEnded,
  type TaskEnd,
  type TaskPhase,
  toEmptyEnvelope,
  type WaitingReason,
} from "../../protocol/task.ts";
import {
  addReceipt,
  addTask,
  dropTask,
  endOnBoard,
  markExisting,
  markTold,
  moveOnBoard,
  moveToBackground,
  takeSeq,
} from "../../workflows/tasks/board-changes.ts";
import { type Board, emptyBoard, findTask, openTasks } from "../../workflows/tasks/board.ts";
import { hasFreeSlot, startable } from "../../workflows/tasks/board-slots.ts";
import { holds } from "./property.ts";

const ends: readonly TaskEnd[] = [
  { status: "completed" },
  { status: "failed", reason: "error" },
  { status: "cancelled" },
  { status: "cancelled", forced: true },
];
const keeps: readonly WaitingReason[] = ["model", "quota", "host", "paused"];
const gives: readonly WaitingReason[] = ["approval", "answer", "event", "tasks", "budget"];

const which = fc.nat(30);
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("add" as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("exists" as const), which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("never began" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("waits" as const),
      which,
      reason: fc.constantFrom(...keeps, ...gives),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("goes on" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("ends" as const),
      which,
      end: fc.constantFrom(...ends),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("told" as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("receipt" as const), which, seq: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("background" as const), which }) },
);
type BoardEvent = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

const holdsSlot = (phase: TaskPhase): boolean =>
  phase.status === "running" ||
  (phase.status === "waiting" && phase.waitingOn.every((reason) => keeps.includes(reason)));

/** What a task that keeps to the rules may do, as its parent hears it. */
function apply(board: Board, given: BoardEvent, most: number, added: number): Board {
  if (given.type === "add") {
    const task = { taskId: `t-${added}`, agent: "a", description: "d", startedAt: `${added}` };
    return addTask(board, { ...task, begun: hasFreeSlot(board, most) });
  }
  const taskId = `t-${given.which}`;
  const phase = findTask(board, taskId)?.phase;
  if (!phase) return board;
  switch (given.type) {
    case "exists":
      return markExisting(board, taskId);
    case "never began":
      return findTask(board, taskId)?.exists ? board : dropTask(board, taskId);
    case "waits":
      if (!holdsSlot(phase)) return board;
      return moveOnBoard(board, taskId, { type: "waiting", waitingOn: [given.reason] });
    case "goes on":
      if (phase.status !== "waiting" || phase.waitingOn.includes("slot")) return board;
      // One that gave its slot back has to ask for one.
      return holdsSlot(phase)
        ? moveOnBoard(board, taskId, { type: "resumed" })
        : moveOnBoard(board, taskId, { type: "waiting", waitingOn: ["slot"] });
    case "ends":
      return endOnBoard(board, taskId, given.end, toEmptyEnvelope(given.end), "then");
    case "told":
      return isEnded(phase) ? markTold(board, taskId) : board;
    case "receipt":
      return addReceipt(takeSeq(board, taskId, given.seq) ?? board, taskId, {
        noteId: "n",
        turn: 1,
        at: "",
      });
    case "background":
      return moveToBackground(board, taskId);
  }
}

/** What the parent does after each event: whoever may begin or go on is told to. */
function giveSlots(board: Board, most: number): Board {
  return startable(board, most).reduce((so, taskId) => {
    const type = findTask(so, taskId)?.phase.status === "queued" ? "begun" : "resumed";
    return moveOnBoard(so, taskId, { type });
  }, board);
}

test(
  "in any order of events an end is final, no task is lost and slots are never exceeded",
  holds(
    fc.tuple(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 5 })),
    ([events, most]) => {
      let board = emptyBoard;
      let added = 0;
      let dropped = 0;
      const ended = new Map<string, TaskPhase>();
      for (const given of events) {
        const before = board;
        board = giveSlots(apply(board, given, most, added), most);
        if (given.type === "add") added += 1;
        if (given.type === "never began") dropped += before.tasks.length - board.tasks.length;
        expect(board.tasks.length + board.forgotten + dropped).toBe(added);
        expect(board.tasks.filter(({ phase }) => holdsSlot(phase)).length).toBeLessThanOrEqual(
          most,
        );
        for (const { taskId, phase } of board.tasks) {
          if (ended.has(taskId)) expect(phase).toEqual(ended.get(taskId));
          if (isEnded(phase)) ended.set(taskId, phase);
        }
      }
      expect(openTasks(board).every(({ taskId }) => !ended.has(taskId))).toBe(true);
    },
  ),
);

test(
  "free slots are used, those that go on come first, then the oldest",
  holds(
    fc.tuple(fc.array(event, { maxLength: 80 }), fc.integer({ min: 1, max: 5 })),
    ([events, most]) => {
      let board = emptyBoard;
      let added = 0;
      for (const given of events) {
        board = apply(board, given, most, added);
        if (given.type === "add") added += 1;
        const chosen = startable(board, most);
        const held = board.tasks.filter(({ phase }) => holdsSlot(phase)).length;
        const asks = ({ phase }: (typeof board.tasks)[number]) =>
          phase.status === "waiting" && phase.waitingOn.includes("slot");
        const line = [
          ...board.tasks.filter(asks),
          ...board.tasks.filter(({ phase }) => phase.status === "queued"),
        ];
        expect(chosen.length + held).toBeLessThanOrEqual(Math.max(most, held));
        const order = chosen.map((taskId) => line.findIndex((task) => task.taskId === taskId));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(order.includes(-1)).toBe(false);
        // Nobody is passed over but those whose workflow is still being started.
        const front = line.slice(0, Math.max(0, most - held)).filter((task) => task.exists);
        expect(chosen).toEqual(expect.arrayContaining(front.map((task) => task.taskId)));
        board = giveSlots(board, most);
      }
    },
  ),
);

test(
  "a number of a task's own events counts once, and never backwards",
  holds(fc.array(fc.nat(20), { maxLength: 40 }), (numbers) => {
    let board = markExisting(
      addTask(emptyBoard, { taskId: "t", agent: "a", description: "", startedAt: "", begun: true }),
      "t",
    );
    let highest = 0;
    for (const seq of numbers) {
      const taken = takeSeq(board, "t", seq);
      expect(taken !== undefined).toBe(seq > highest);
      if (taken) board = taken;
      highest = Math.max(highest, seq);
    }
  }),
);

test(
  "of many ended tasks the newest 1,000 stay, the others are counted",
  holds(
    fc.integer({ min: 990, max: 1_040 }),
    (count) => {
      let board = emptyBoard;
      for (let n = 0; n < count; n += 1) {
        const task = { taskId: `t-${n}`, agent: "a", description: "d".repeat(400), startedAt: "" };
        board = addTask(board, { ...task, begun: true });
        const end = { status: "completed" } as const;
        board = endOnBoard(board, task.taskId, end, toEmptyEnvelope(end), "then");
        board = markTold(board, task.taskId);
      }
      expect(board.tasks.length).toBe(Math.min(count, 1_000));
      expect(board.forgotten).toBe(Math.max(0, count - 1_000));
      expect(board.tasks.at(-1)?.taskId).toBe(`t-${count - 1}`);
      expect(board.tasks.filter((task) => task.envelope).length).toBe(20);
      expect(Buffer.byteLength(JSON.stringify(board))).toBeLessThan(400_000);
    },
    5,
  ),
);
