// What leaves an agent or begins anew stays small.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Collected } from "../../protocol/isolation.ts";
import type { TaskEnd } from "../../protocol/task.ts";
import type { Block, Message } from "../../protocol/turn.ts";
import { toEnvelope } from "../../workflows/agent/envelope.ts";
import { rebuild } from "../../workflows/transcript/generations.ts";
import type { InboxItem } from "../../workflows/agent/inbox.ts";
import { addTask } from "../../workflows/tasks/board-changes.ts";
import { emptyBoard } from "../../workflows/tasks/board.ts";
import { beginGeneration } from "../../workflows/transcript/transcript.ts";
import { fakeAgent } from "../support/fake-agent.ts";
import { anyText, longText, holds } from "./property.ts";

const text = fc.oneof(anyText(60), longText(6_000));
const noteId = fc.oneof(anyText(100), fc.constant("n".repeat(100)));
const end = fc.constantFrom<TaskEnd>(
  { status: "completed" },
  { status: "failed", reason: "dependency" },
  { status: "cancelled", forced: true },
);
const receipt = fc.record({ noteId, turn: fc.nat(), at: fc.constant("2026-01-01T00:00:00.000Z") });
const note: fc.Arbitrary<InboxItem> = noteId.map((id) => ({
  type: "note",
  note: { noteId: id, message: "m", when: "now", from: "person" },
}));

/** What the host says at the end of a task, with names as long and odd as files may have. */
const collected: fc.Arbitrary<Collected> = fc.record(
  {
    stale: fc.array(text, { maxLength: 21 }),
    staleUnknown: text,
    diff: fc.record(
      {
        files: fc.nat(),
        insertions: fc.nat(),
        deletions: fc.nat(),
        base: fc.constant("0".repeat(64)),
        artifact: fc.constant(`artifacts/${"x".repeat(100)}.diff`),
        outside: fc.array(text, { maxLength: 11 }),
        kept: text,
      },
      { requiredKeys: ["files", "insertions", "deletions", "base"] },
    ),
  },
  { requiredKeys: [] },
);

test(
  "an envelope has at most 3 KB, whatever the task holds",
  holds(
    fc.record({
      lastText: text,
      notDone: text,
      inDoubt: fc.array(text, { maxLength: 8 }),
      artifacts: fc.array(text, { maxLength: 15 }),
      written: fc.array(text, { maxLength: 15 }),
      evidence: fc.array(text, { maxLength: 15 }),
      asked: text,
      inbox: fc.array(note, { maxLength: 30 }),
      receipts: fc.array(receipt, { maxLength: 10 }),
      files: fc.record({ collected: fc.option(collected, { nil: undefined }) }),
      end,
      error: fc.option(fc.record({ type: text, retryable: fc.boolean(), attempts: fc.nat() })),
    }),
    ({ end: ended, notDone, files, error, ...state }) => {
      const found = files.collected ? { files: { collected: files.collected } } : {};
      const { state: held } = fakeAgent({ ...state, ...found });
      const envelope = toEnvelope(held, ended, notDone, error ?? undefined);
      expect(envelope.status).toBe(ended.status);
      expect(Buffer.byteLength(JSON.stringify(envelope))).toBeLessThanOrEqual(3_072);
      // However much else there is to tell, the task's own words have their place.
      const whole = Buffer.byteLength(JSON.stringify(state.lastText));
      const kept = Buffer.byteLength(JSON.stringify(envelope.summary));
      expect(kept).toBeGreaterThanOrEqual(Math.min(whole, 600));
    },
    500,
  ),
);

const big = longText(120_000);
const content: fc.Arbitrary<Block> = fc.oneof(
  big.map((words): Block => ({ type: "text", text: words })),
  big.map((words): Block => ({ type: "tool_result", tool_use_id: "c", content: words })),
  big.map((words): Block => ({ type: "tool_use", id: "c", name: "write_file", input: { words } })),
);
const message: fc.Arbitrary<Message> = fc.record({
  role: fc.constantFrom("user" as const, "assistant" as const),
  content: fc.array(content, { minLength: 1, maxLength: 3 }),
});

test(
  "a transcript begun anew has at most 350 KB, whatever came before it",
  holds(
    fc.tuple(fc.array(message, { maxLength: 12 }), fc.array(text, { maxLength: 80 }), text),
    ([messages, descriptions, why]) => {
      const board = descriptions.reduce(
        (so, description, n) =>
          addTask(so, { taskId: `t-${n}`, agent: "a", description, startedAt: "", begun: true }),
        emptyBoard,
      );
      const agent = fakeAgent({ board, generation: beginGeneration(1, "scripted", "m", messages) });
      rebuild(agent, { type: "transcript_full", message: why });
      const { generation } = agent.state;
      expect(generation.number).toBe(2);
      expect(generation.messages.map(({ role }) => role)).toEqual(["user"]);
      const words = generation.messages[0]?.content.flatMap((one) =>
        one.type === "text" ? one.text : [],
      );
      expect(Buffer.byteLength((words ?? []).join(""))).toBeLessThanOrEqual(350_000);
      expect(generation.bytes).toBeLessThanOrEqual(450_000);
    },
    100,
  ),
);
