// Whatever an agent has lived through, a roll can carry it.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toFindingText } from "../../protocol/findings.ts";
import { limitDefaults } from "../../protocol/settings.ts";
import { type Envelope, toEmptyEnvelope } from "../../protocol/task.ts";
import { byteLength } from "../../protocol/text.ts";
import { type Agent, takeId, tell } from "../../workflows/agent/agent.ts";
import { takeClaim } from "../../workflows/sharing/claim-list.ts";
import {
  addFinding,
  addOwn,
  hear,
  markHanded,
  newsFor,
} from "../../workflows/sharing/finding-board.ts";
import { bytesOf, type InboxItem } from "../../workflows/agent/inbox.ts";
import { toSnapshot } from "../../workflows/agent/snapshot.ts";
import { addReceipt, addTask, endOnBoard, markTold } from "../../workflows/tasks/board-changes.ts";
import { type Board, openTasks } from "../../workflows/tasks/board.ts";
import { append, beginGeneration } from "../../workflows/transcript/transcript.ts";
import { fakeAgent } from "../support/fake-agent.ts";

const mostBytes = 1_300_000;
const at = "2026-11-21T00:00:00.000Z";
/** An envelope as large as one may be. */
function toLargest(summary: string): Envelope {
  return {
    ...toEmptyEnvelope({ status: "completed" }),
    summary,
    notDone: "n".repeat(400),
  };
}

interface Life {
  readonly told: number;
  readonly untold: number;
  readonly open: number;
  readonly receipts: number;
  readonly ids: number;
  readonly messages: number;
  readonly answerBytes: number;
  readonly openCalls: number;
  readonly letter: string;
}

const lives: fc.Arbitrary<Life> = fc.record({
  told: fc.integer({ min: 0, max: 1_500 }),
  untold: fc.integer({ min: 0, max: 100 }),
  open: fc.integer({ min: 0, max: 100 }),
  receipts: fc.integer({ min: 0, max: 40 }),
  ids: fc.integer({ min: 0, max: 3_000 }),
  messages: fc.integer({ min: 0, max: 40 }),
  answerBytes: fc.integer({ min: 0, max: 1_000_000 }),
  openCalls: fc.integer({ min: 0, max: 100 }),
  letter: fc.constantFrom("x", '"', "é", "😀", "\u0001"),
});

const fullest: Life = {
  told: 5_000,
  untold: 100,
  open: 100,
  receipts: 40,
  ids: 3_000,
  messages: 40,
  answerBytes: 1_000_000,
  openCalls: 100,
  letter: '"',
};

function fillBoard({ told, untold, open, receipts, letter }: Life): Board {
  let board: Board = { tasks: [], forgotten: 0 };
  const count = told + untold + open;
  for (const index of Array.from({ length: count }).keys()) {
    const taskId = `researcher-${String(index).padStart(12, "0")}`;
    const description = letter.repeat(500);
    const task = { taskId, agent: "researcher", description, startedAt: at, begun: true };
    board = addTask(board, task);
    for (const turn of Array.from({ length: index < told ? 0 : receipts }).keys()) {
      board = addReceipt(board, taskId, { noteId: `n-${index}-${turn}`, turn, at });
    }
    if (index >= told + untold) continue;
    const envelope = toLargest(letter.repeat(Math.floor(2_000 / byteLength(letter))));
    board = endOnBoard(board, taskId, { status: "completed" }, envelope, at);
    if (index < told) board = markTold(board, taskId);
  }
  return board;
}

function live(agent: Agent, life: Life): void {
  const { state } = agent;
  const text = life.letter.repeat(2_000);
  state.board = fillBoard(life);
  for (let id = 0; id < life.ids; id += 1) takeId(agent, `m-${id}`.padEnd(100, "i"));
  for (let entry = 0; entry < 500; entry += 1) tell(agent, { type: "aside", text });
  const inbox: InboxItem[] = [];
  for (let index = 0; index < life.messages; index += 1) {
    inbox.push({ type: "message", id: `m-${index}`, text });
    if (bytesOf(inbox) > (4 / 3) * limitDefaults.maxInboxBytes) inbox.pop();
  }
  state.inbox = inbox;
  state.generation = beginGeneration(1, "scripted", "m");
  const say = (role: "user" | "assistant", words: string): void => {
    state.generation = append(state.generation, { role, content: [{ type: "text", text: words }] });
  };
  for (let turn = 0; turn < 40; turn += 1) {
    say("user", text);
    say("assistant", text);
  }
  say("user", "and now");
  const calls = Array.from({ length: life.openCalls }, (_, index) => ({
    id: `toolu_${index}`,
    name: "read_file",
    input: { path: life.letter.repeat(50) },
  }));
  state.generation = append(state.generation, {
    role: "assistant",
    content: [
      { type: "text", text: "x".repeat(life.answerBytes) },
      ...calls.map((call) => ({ type: "tool_use" as const, ...call })),
    ],
  });
  state.openCalls = calls;
  state.answers = Object.fromEntries(
    calls.map(({ id }) => [id, { text: "r".repeat(3_000), isError: false, label: "read_file x" }]),
  );
  state.due = true;
  share(agent, life);
}

/** What tasks have found, claimed and got stuck in, as much as there may be of it. */
function share({ state, settings }: Agent, { open, letter }: Life): void {
  const taskIds = state.board.tasks.slice(-Math.max(1, open)).map((task) => task.taskId);
  const text = toFindingText(letter.repeat(500));
  for (let n = 0; n < 60; n += 1) {
    const finding = { taskId: taskIds[0] ?? "t", agent: "researcher", at, text };
    state.findings = addFinding(state.findings, finding);
    state.posted = addOwn(state.posted, text);
  }
  for (const taskId of taskIds) state.findings = markHanded(state.findings, taskId, 60);
  state.heard = hear(state.heard, newsFor(state.findings, "another"));
  for (let n = 0; n < settings.limits.maxClaims; n += 1) {
    const input = { key: `${n}`.padEnd(200, "k"), taskId: `${n}`.padEnd(100, "i"), ended: [] };
    state.claims = takeClaim(state.claims, input, settings.limits.maxClaims, at).claims;
  }
  const trouble = { kind: "idle", text: letter.repeat(66), stage: "person", since: at } as const;
  state.troubled = Object.fromEntries(taskIds.map((id) => [id, { ...trouble, told: true }]));
}

function expectFit(life: Life): void {
  const agent = fakeAgent();
  live(agent, life);
  const before = agent.state;
  const open = openTasks(before.board).map((task) => task.taskId);
  const unread = before.board.tasks.filter((task) => !task.told).map((task) => task.taskId);
  const { inbox, knownIds, findings, heard, claims, troubled } = before;
  const asJson = JSON.stringify(toSnapshot(agent));
  expect(byteLength(asJson)).toBeLessThan(mostBytes);
  const carried = JSON.parse(asJson) as Agent["state"];
  const onBoard = carried.board.tasks.map((task) => task.taskId);
  expect(openTasks(carried.board).map((task) => task.taskId)).toEqual(open);
  expect(onBoard.filter((taskId) => unread.includes(taskId))).toEqual(unread);
  expect(onBoard.length + carried.board.forgotten).toBe(life.told + life.untold + life.open);
  expect(carried.inbox).toEqual(inbox);
  expect(carried).toMatchObject({ findings, heard, claims, troubled });
  expect(carried.knownIds).toEqual(knownIds);
  expect(carried.knownIds).toHaveLength(Math.min(1_000, life.ids));
  const last = carried.generation.messages.at(-1);
  const calls = last?.content.filter((block) => block.type === "tool_use") ?? [];
  // The turn is either carried open, with all of its calls, or closed with it.
  expect(carried.openCalls).toHaveLength(calls.length);
}

test("5,000 ended tasks with receipts, thousands of ids, a full inbox and an open turn roll below 1.3 MB", () => {
  expectFit(fullest);
});

test("any life fits into a snapshot, with every open task, every unread end, every message and every id", () => {
  fc.assert(fc.property(lives, expectFit), { numRuns: 10, seed: 20_261_121 });
}, 60_000);
