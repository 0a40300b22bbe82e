// What waits, and how it becomes a transcript.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Block, Message, ToolCall, ToolResult } from "../../protocol/turn.ts";
import { takeInbox } from "../../workflows/turn/agent-loop.ts";
import { addEntry, emptyFeed, readFeed } from "../../workflows/agent/feed.ts";
import { bytesOf, drain, type Inbox, type InboxItem } from "../../workflows/agent/inbox.ts";
import { addTask } from "../../workflows/tasks/board-changes.ts";
import { emptyBoard } from "../../workflows/tasks/board.ts";
import { cancelCalls } from "../../workflows/turn/tool-turn.ts";
import { append, toPage, withoutEmptyText } from "../../workflows/transcript/transcript.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { anyText, longText, holds } from "./property.ts";

const words = fc.oneof(anyText(40), longText(30_000)).filter((text) => text.trim() !== "");
const id = fc.stringMatching(/^[a-z0-9]{8}$/);
const item: fc.Arbitrary<InboxItem> = fc.oneof(
  fc.record({ type: fc.constant("message" as const), id, text: words }),
  fc.record({
    type: fc.constant("note" as const),
    note: fc.record({
      noteId: id,
      message: words,
      when: fc.constantFrom("next_step" as const, "now" as const),
      from: fc.constantFrom("supervisor" as const, "person" as const),
    }),
  }),
  fc.record({ type: fc.constant("ended" as const), taskId: fc.constantFrom("t-1", "t-2", "t-3") }),
  fc.record({ type: fc.constant("notice" as const), text: words }),
);

const isEnd = (one: InboxItem): boolean => one.type === "ended";

test(
  "draining again and again takes everything once, words and ends each in order, within the limits",
  holds(
    fc.tuple(fc.array(item, { maxLength: 60 }), fc.integer({ min: 1, max: 60_000 })),
    ([inbox, most]) => {
      const taken: InboxItem[] = [];
      let left: Inbox = inbox;
      while (left.length > 0) {
        const step = drain(left, most);
        expect(step.taken.length).toBeGreaterThan(0);
        expect(step.taken.filter(isEnd).length).toBeLessThanOrEqual(20);
        const said = step.taken.filter((one) => !isEnd(one));
        if (said.length > 1) expect(bytesOf(said)).toBeLessThanOrEqual(most);
        taken.push(...step.taken);
        left = step.left;
      }
      expect(taken.filter(isEnd)).toEqual(inbox.filter(isEnd));
      expect(taken.filter((one) => !isEnd(one))).toEqual(inbox.filter((one) => !isEnd(one)));
    },
  ),
);

type Step = {
  readonly arrives: readonly InboxItem[];
  readonly content: readonly Block[];
  readonly broken: boolean;
};

const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text: anyText(20) }),
  fc.record({
    type: fc.constant("tool_use" as const),
    id: fc.uuid(),
    name: fc.constantFrom("list_files", "nonsense"),
    input: fc.jsonValue(),
  }),
);
const step: fc.Arbitrary<Step> = fc.record({
  arrives: fc.array(item, { maxLength: 3 }),
  content: fc.array(block, { maxLength: 4 }),
  broken: fc.boolean(),
});

const answerOf = ({ id: tool_use_id }: ToolCall): ToolResult => ({
  type: "tool_result",
  tool_use_id,
  content: "done",
});

/** Plays what the loop does at a step boundary, with made-up answers. Returns the transcript after each. */
function play(steps: readonly Step[]): readonly (readonly Message[])[] {
  const board = ["t-1", "t-2", "t-3"].reduce(
    (so, taskId) =>
      addTask(so, { taskId, agent: "a", description: "d", startedAt: "", begun: true }),
    emptyBoard,
  );
  const agent = fakeAgent({ board });
  const { state } = agent;
  return steps.map(({ arrives, content, broken }) => {
    state.inbox = [...state.inbox, ...arrives];
    takeInbox(agent);
    const said = withoutEmptyText(content);
    if (state.due && said.length > 0) {
      state.generation = append(state.generation, { role: "assistant", content: said });
      const calls = said.flatMap((one) => (one.type === "tool_use" ? [one] : []));
      state.openCalls = calls;
      state.owed = broken ? cancelCalls(agent, calls) : calls.map(answerOf);
      state.due = false;
    }
    return [...state.generation.messages];
  });
}

function expectLegal(messages: readonly Message[]): void {
  let owed: readonly string[] = [];
  for (const { role, content } of messages) {
    expect(content.length).toBeGreaterThan(0);
    for (const one of content) if (one.type === "text") expect(one.text.trim()).not.toBe("");
    const results = content.flatMap((one) => (one.type === "tool_result" ? [one.tool_use_id] : []));
    if (role === "assistant") {
      expect(owed).toEqual([]);
      owed = content.flatMap((one) => (one.type === "tool_use" ? [one.id] : []));
      continue;
    }
    expect(results).toEqual(owed);
    expect(content.slice(0, results.length).every((one) => one.type === "tool_result")).toBe(true);
    owed = [];
  }
  expect(messages[0]?.role ?? "user").toBe("user");
  const twice = messages.some(
    (one, at) => one.role === "assistant" && messages[at + 1]?.role === "assistant",
  );
  expect(twice).toBe(false);
}

test(
  "whatever arrives and is answered, the transcript is legal and only grows",
  holds(fc.array(step, { maxLength: 12 }), (steps) => {
    let before: readonly Message[] = [];
    for (const messages of play(steps)) {
      expectLegal(messages);
      expect(messages.slice(0, before.length)).toEqual(before);
      before = messages;
    }
  }),
);

test(
  "pages of a transcript put together are the transcript",
  holds(
    fc.array(fc.array(item, { minLength: 1, maxLength: 3 }), { maxLength: 8 }),
    (arrivals) => {
      const agent = fakeAgent();
      for (const arrives of arrivals) {
        agent.state.inbox = [...agent.state.inbox, ...arrives];
        takeInbox(agent);
      }
      const { messages } = agent.state.generation;
      const read: Message[] = [];
      while (read.length < messages.length) {
        const page = toPage(agent.state.generation, read.length, messages.length);
        expect(page.messages.length).toBeGreaterThan(0);
        read.push(...page.messages);
      }
      expect(read).toEqual(messages);
    },
    100,
  ),
);

test(
  "a feed keeps the newest entries within its budget and says what it dropped",
  holds(
    fc.tuple(fc.array(longText(9_000), { maxLength: 120 }), fc.nat(130)),
    ([texts, after]) => {
      const feed = texts.reduce(
        (so, text, turn) => addEntry(so, "now", turn, { type: "aside", text }),
        emptyFeed,
      );
      const sizes = feed.entries.map((entry) => Buffer.byteLength(JSON.stringify(entry)));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(feed.bytes);
      expect(feed.bytes).toBeLessThanOrEqual(128_000);
      expect(feed.last).toBe(texts.length);
      const page = readFeed(feed, after, "idle");
      expect(page.dropped + page.entries.length).toBe(Math.max(0, texts.length - after));
      expect(
        page.entries.every((entry, at) => entry.n === feed.last - page.entries.length + at + 1),
      ).toBe(true);
    },
    100,
  ),
);
