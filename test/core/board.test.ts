// Board, slots and inbox hold under any order of events.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  isEnded,
  moveTask,
  type TaskMove,
  type TaskPhase,
  toEmptyEnvelope,
} from "../../protocol/task.ts";
import { bytesOf, drain, type InboxItem } from "../../workflows/agent/inbox.ts";
import { addEntry, emptyFeed, readFeed } from "../../workflows/agent/feed.ts";
import {
  addTask,
  endOnBoard,
  markExisting,
  markTold,
  moveOnBoard,
  takeSeq,
} from "../../workflows/tasks/board-changes.ts";
import { type Board, emptyBoard, openTasks } from "../../workflows/tasks/board.ts";
import { startable } from "../../workflows/tasks/board-slots.ts";

const at = "2026-01-01T00:00:00.000Z";
const envelope = {
  ...toEmptyEnvelope({ status: "completed" }),
  summary: "s".repeat(2_600),
};
const ends = [
  { status: "completed" },
  { status: "failed", reason: "error" },
  { status: "cancelled" },
] as const;
const anyMove: fc.Arbitrary<TaskMove> = fc.oneof(
  fc.constant<TaskMove>({ type: "begun" }),
  fc.constant<TaskMove>({ type: "resumed" }),
  fc.constantFrom<TaskMove>(
    ...(["model", "tasks", "slot", "host"] as const).map((reason) => ({
      type: "waiting" as const,
      waitingOn: [reason],
    })),
  ),
  fc.constantFrom<TaskMove>(...ends.map((end) => ({ type: "ended" as const, end }))),
);

test("an ended task stays as it first ended, whatever happens afterwards", () => {
  fc.assert(
    fc.property(fc.array(anyMove), (moves) => {
      let phase: TaskPhase = { status: "queued" };
      for (const move of moves) {
        const next = moveTask(phase, move);
        expect(isEnded(phase) ? next : phase).toBe(phase);
        expect(phase.status !== "queued" && next.status === "queued").toBe(false);
        phase = next;
      }
    }),
  );
});

const names = ["a", "b", "c", "d", "e"];
function boardOf(count: number): Board {
  return names
    .slice(0, count)
    .reduce(
      (board, taskId) =>
        markExisting(
          addTask(board, { taskId, agent: "x", description: "d", startedAt: at, begun: false }),
          taskId,
        ),
      emptyBoard,
    );
}

const withoutSlot = new Set(["tasks", "slot"]);

/** Only the board lets tasks begin, and one that gave its slot back asks for one before it goes on. */
function isLegal(board: Board, taskId: string, move: TaskMove): boolean {
  if (move.type === "begun" || move.type === "resumed") return false;
  const phase = board.tasks.find((task) => task.taskId === taskId)?.phase;
  if (phase?.status !== "waiting" || !withoutSlot.has(phase.waitingOn[0] ?? "")) return true;
  return move.type === "ended" || withoutSlot.has(move.waitingOn[0] ?? "");
}

test("slots are never given twice, and none stays free while a task could begin", () => {
  const step = fc.record({ taskId: fc.constantFrom(...names), move: anyMove });
  fc.assert(
    fc.property(fc.array(step), fc.integer({ min: 1, max: 4 }), (steps, slots) => {
      let board = boardOf(names.length);
      for (const { taskId, move } of steps) {
        if (isLegal(board, taskId, move)) board = moveOnBoard(board, taskId, move);
        for (const id of startable(board, slots)) {
          const queued = board.tasks.find((task) => task.taskId === id)?.phase.status === "queued";
          board = moveOnBoard(board, id, { type: queued ? "begun" : "resumed" });
        }
        expect(startable(board, slots)).toEqual([]);
        const waits = openTasks(board).some(
          ({ phase }) =>
            phase.status === "queued" ||
            (phase.status === "waiting" && phase.waitingOn.includes("slot")),
        );
        const holds = openTasks(board).filter(
          ({ phase }) =>
            phase.status === "running" ||
            (phase.status === "waiting" && !["tasks", "slot"].includes(phase.waitingOn[0] ?? "")),
        ).length;
        expect(holds).toBeLessThanOrEqual(slots);
        expect(waits ? holds : slots).toBe(slots);
      }
    }),
  );
});

test("an event of a task counts once, in whatever order repeats arrive", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 6 })), (seqs) => {
      let board = boardOf(1);
      let highest = 0;
      for (const seq of seqs) {
        const next = takeSeq(board, "a", seq);
        expect(next !== undefined).toBe(seq > highest);
        highest = Math.max(highest, seq);
        board = next ?? board;
      }
    }),
  );
});

test("a drained inbox loses nothing, keeps the order, and takes 20 ends and so many bytes at a time", () => {
  const item: fc.Arbitrary<InboxItem> = fc.oneof(
    fc.record({ type: fc.constant("message" as const), id: fc.uuid(), text: fc.string() }),
    fc.record({ type: fc.constant("ended" as const), taskId: fc.uuid() }),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 80 }), (inbox) => {
      const { taken, left } = drain(inbox, 1_000);
      expect([...taken, ...left].toSorted(byKey)).toEqual([...inbox].toSorted(byKey));
      expect(taken.filter(({ type }) => type === "ended").length).toBeLessThanOrEqual(20);
      const inOrder = [...taken, ...left];
      for (const type of ["message", "ended"]) {
        const ofType = (items: readonly InboxItem[]) => items.filter((one) => one.type === type);
        expect(ofType(inOrder)).toEqual(ofType(inbox));
      }
      expect(inbox.length > 0 && taken.length === 0).toBe(false);
      const words = taken.filter(({ type }) => type === "message");
      expect(words.length > 1 && bytesOf(words) > 1_000).toBe(false);
    }),
  );
});
const byKey = (a: InboxItem, b: InboxItem): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;

test("5,000 ended tasks stay within the board's budget and are counted", () => {
  let board = emptyBoard;
  for (let index = 0; index < 5_000; index += 1) {
    const taskId = `researcher-${String(index).padStart(12, "0")}`;
    board = addTask(board, {
      taskId,
      agent: "researcher",
      description: "d".repeat(500),
      startedAt: at,
      begun: true,
    });
    board = markTold(endOnBoard(board, taskId, { status: "completed" }, envelope, at), taskId);
  }
  expect(board.tasks).toHaveLength(1_000);
  expect(board.forgotten).toBe(4_000);
  expect(JSON.stringify(board).length).toBeLessThan(400_000);
});

test("a feed keeps its newest entries within its budget, and says how many are gone", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 16_000 }), { maxLength: 60 }),
      fc.nat(60),
      (sizes, after) => {
        let feed = emptyFeed;
        for (const size of sizes)
          feed = addEntry(feed, at, 1, { type: "reply", text: "x".repeat(size), answers: [] });
        const page = readFeed(feed, Math.min(after, sizes.length), "idle");
        expect(JSON.stringify(feed.entries).length).toBeLessThan(150_000);
        expect(page.last).toBe(sizes.length);
        expect(page.dropped + page.entries.length).toBe(
          sizes.length - Math.min(after, sizes.length),
        );
      },
    ),
    { numRuns: 30 },
  );
});
