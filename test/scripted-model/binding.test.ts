// The prefix of every signed turn stays as it was.
import type Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startScriptedModel } from "../../scripted-model/server.ts";
import { type Harness, model, result, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
let history: Anthropic.MessageParam[];
beforeAll(async () => {
  harness = await startHarness();
  await harness.control("POST", "/scripts", {
    name: "binding",
    rules: [
      {
        when: { lastUser: "look" },
        reply: { text: "Looking.", toolCalls: [{ name: "look", input: {} }] },
      },
      { when: {}, reply: { text: "Done." } },
    ],
  });
});
afterAll(() => harness.close());

const base = { model, max_tokens: 500, system: "Be brief.", tools: [tool("look")] };
const ask = (change: Partial<Anthropic.MessageCreateParamsNonStreaming> = {}) =>
  harness.client.messages.create({ ...base, messages: history, ...change });

beforeEach(async () => {
  history = [user("look at this")];
  const called = await ask();
  const id =
    called.content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))[0] ?? "";
  history = [
    ...history,
    { role: "assistant", content: called.content },
    { role: "user", content: [result(id)] },
  ];
});

/** The history with one message replaced. */
const swapped = (at: number, message: Anthropic.MessageParam) => ({
  messages: history.with(at, message),
});
const contentAt = (at: number) => history[at]?.content as Anthropic.ContentBlockParam[];

test("an untouched history is taken, also after a JSON round trip", async () => {
  history = JSON.parse(JSON.stringify(history));
  await expect(ask()).resolves.toMatchObject({ stop_reason: "end_turn" });
});

test("another instance takes it too, and only misses the script", async () => {
  const other = await startScriptedModel();
  const client = harness.client.withOptions({ baseURL: other.url });
  await expect(
    client.messages.create({ ...base, system: "Be brief.", messages: history }),
  ).rejects.toThrow(/no script matches/);
  await other.close();
});

describe("refused, for the thinking block no longer matches, is", () => {
  test.each<[string, () => Partial<Anthropic.MessageCreateParamsNonStreaming>]>([
    ["a changed earlier message", () => swapped(0, user("look at that"))],
    ["a dropped earlier message", () => ({ messages: [user("x"), ...history] })],
    ["a changed system prompt", () => ({ system: "Be long." })],
    ["an added tool", () => ({ tools: [...base.tools, tool("more")] })],
    ["another description of a tool", () => ({ tools: [{ ...tool("look"), description: "new" }] })],
  ])("%s", async (_name, change) => {
    await expect(ask(change())).rejects.toThrow(/does not match its prefix/);
  });

  test("a changed signature", async () => {
    const content = contentAt(1).map((block) =>
      block.type === "thinking" ? { ...block, signature: "nonsense" } : block,
    );
    await expect(ask(swapped(1, { role: "assistant", content }))).rejects.toThrow(
      /invalid signature/,
    );
  });

  test("a turn whose thinking block was removed", async () => {
    const content = contentAt(1).filter(({ type }) => type !== "thinking");
    await expect(ask(swapped(1, { role: "assistant", content }))).rejects.toThrow(
      /found it removed/,
    );
  });
});

describe("taken is", () => {
  test("a cache_control that moved", async () => {
    const content = [
      {
        type: "text" as const,
        text: "look at this",
        cache_control: { type: "ephemeral" as const },
      },
    ];
    await expect(ask(swapped(0, { role: "user", content }))).resolves.toBeDefined();
  });

  test("a changed prefix under another model, whose blocks nobody can read", async () => {
    await expect(ask({ model: "claude-opus-5-5", system: "Be long." })).resolves.toBeDefined();
  });

  test("a mismatch that the request asks to drop", async () => {
    const thinking = {
      type: "adaptive",
      block_binding: { prefix_mismatch_behavior: "drop_block" },
    };
    const body = { ...base, system: "Be long.", messages: history, thinking };
    const answer = await harness.post(body, {
      "anthropic-beta": "thinking-binding-controls-2026-08-01",
    });
    expect(answer.status).toBe(200);
  });
});
