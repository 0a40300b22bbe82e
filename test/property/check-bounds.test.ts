// What a check tells has an end.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { TaskReading } from "../../protocol/activities.ts";
import type { OpenRequest } from "../../protocol/requests.ts";
import { toTaskView } from "../../protocol/task-view.ts";
import { byteLength } from "../../protocol/text.ts";
import { type Block, type Message, noUsage, type ToolCall } from "../../protocol/turn.ts";
import { checkBytes, type CheckDetail } from "../../protocol/views.ts";
import { type Agent, tell } from "../../workflows/agent/agent.ts";
import { toCheckAnswer } from "../../workflows/tasks/check-answer.ts";
import { toEnvelope } from "../../workflows/agent/envelope.ts";
import type { InboxItem } from "../../workflows/agent/inbox.ts";
import { toReport } from "../../workflows/agent/report.ts";
import { addTask, markExisting } from "../../workflows/tasks/board-changes.ts";
import { type BoardTask, emptyBoard } from "../../workflows/tasks/board.ts";
import { beginGeneration } from "../../workflows/transcript/transcript.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { anyText, holds, longText } from "./property.ts";

const details: readonly CheckDetail[] = ["status", "digest", "turns", "full"];
const at = "2026-11-21T00:00:00.000Z";
const text = fc.oneof(anyText(80), longText(5_000));
const id = fc.constantFrom("n-1", "n".repeat(100), '"'.repeat(100));

const block: fc.Arbitrary<Block> = fc.oneof(
  text.map((words): Block => ({ type: "text", text: words })),
  text.map((words): Block => ({ type: "tool_use", id: "c", name: "list_files", input: { words } })),
);
const lived = fc.record({
  words: text,
  blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
  messages: fc.integer({ min: 0, max: 120 }),
  ids: fc.array(id, { maxLength: 60 }),
  lines: fc.array(text, { maxLength: 15 }),
  calls: fc.integer({ min: 0, max: 30 }),
});
type Lived = typeof lived extends fc.Arbitrary<infer Life> ? Life : never;

function toAgent({ words, blocks, messages, ids, lines, calls }: Lived): Agent {
  const said: readonly Message[] = Array.from({ length: messages }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: blocks,
  }));
  const openCalls: readonly ToolCall[] = Array.from({ length: calls }, (_, index) => ({
    id: `c-${index}`,
    name: index % 2 === 0 ? "run_command" : words,
    input: { command: words },
  }));
  const agent = fakeAgent({
    generation: beginGeneration(1, "scripted", "m", said),
    lastText: words.slice(0, 4_000),
    inbox: ids.map((noteId): InboxItem => {
      return { type: "note", note: { noteId, message: words, when: "now", from: "person" } };
    }),
    receipts: ids.map((noteId, turn) => ({ noteId, turn, at })),
    inDoubt: lines,
    artifacts: lines,
    evidence: lines,
    written: lines,
    asked: words,
    openCalls,
  });
  tell(agent, { type: "tool", label: words.slice(0, 200), failed: true });
  return agent;
}

test(
  "an agent's account of itself keeps to its bytes at every level of detail, and each level adds to the one before",
  holds(
    lived,
    (life) => {
      const agent = toAgent(life);
      let before: readonly string[] = [];
      for (const detail of details) {
        const report = toReport(agent, detail);
        expect(byteLength(JSON.stringify(report))).toBeLessThanOrEqual(checkBytes[detail]);
        expect(Object.keys(report)).toEqual(expect.arrayContaining([...before]));
        before = Object.keys(report);
      }
    },
    60,
  ),
);

function toReading(agent: Agent, detail: CheckDetail, words: string): TaskReading {
  const request: OpenRequest = {
    requestId: "q-1",
    callId: "c",
    kind: "approval",
    tool: "run_command",
    label: words.slice(0, 200),
    text: words.slice(0, 500),
    askedAt: at,
    expiresAt: at,
  };
  const phase = { status: "waiting", waitingOn: ["approval"] };
  const instruction = { noteId: "n".repeat(100), from: "person", text: words.slice(0, 50) };
  const state = {
    phase,
    turn: 9,
    usage: noUsage,
    receipts: [],
    updatedAt: at,
    why: words.slice(0, 2_000),
    requests: Array.from({ length: 10 }, () => request),
    instruction,
  };
  const execution = {
    workflowId: "researcher-1",
    type: "subagent",
    status: { name: "RUNNING" },
    startTime: new Date(at),
    memo: { state },
  } as const;
  const view = toTaskView(execution, new Date(at));
  if (detail === "status") return { view };
  const live = { phase: "streaming", bytes: 1, tail: words.slice(0, 300), attempt: 2 } as const;
  const lastFailure = words;
  return { view, report: toReport(agent, detail), live: { ...live, lastFailure } };
}

test(
  "the answer to a check keeps to its bytes at every level of detail, for a task at work and for an ended one",
  holds(
    lived,
    (life) => {
      const agent = toAgent(life);
      const given = { taskId: "t".repeat(60), agent: "a".repeat(50), startedAt: at, begun: true };
      const added = addTask(emptyBoard, { ...given, description: life.words });
      const [open] = markExisting(added, given.taskId).tasks as [BoardTask];
      const task: BoardTask = { ...open, receipts: agent.state.receipts.slice(-20) };
      const end = { status: "failed", reason: "dependency" } as const;
      const error = { type: life.words, retryable: true, attempts: 8 };
      const envelope = toEnvelope(agent.state, end, life.words, error);
      const over: BoardTask = { ...task, phase: end, envelope, endedAt: at };
      for (const detail of details) {
        const reading = toReading(agent, detail, life.words);
        for (const one of [task, over]) {
          const answer = toCheckAnswer({ task: one, detail, reading, unread: false, now: at });
          expect(byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(checkBytes[detail]);
        }
      }
    },
    60,
  ),
);
