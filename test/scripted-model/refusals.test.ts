// What the Messages API would refuse, refused here too.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, model, result, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
beforeAll(async () => (harness = await startHarness()));
afterAll(() => harness.close());

const text = (value: string) => ({ type: "text", text: value });
const call = (id: string, name = "look") => ({ type: "tool_use", id, name, input: {} });
const good = {
  model,
  max_tokens: 500,
  system: "# supervisor",
  tools: [tool("look")],
  messages: [user("hello")] as unknown[],
};
const talk = (...messages: unknown[]) => ({ ...good, messages });
const twoCalls = { role: "assistant", content: [call("a"), call("b")] };
const system = (content = "be brief") => ({ role: "system", content });

interface Row {
  readonly name: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status?: number;
  readonly says: RegExp;
}

const rows: readonly Row[] = [
  {
    name: "a missing credential",
    body: good,
    headers: { "x-api-key": "" },
    status: 401,
    says: /x-api-key/,
  },
  {
    name: "a missing version",
    body: good,
    headers: { "anthropic-version": "" },
    says: /anthropic-version/,
  },
  { name: "a body that is no JSON", body: "{", says: /not valid JSON/ },
  { name: "a body that is an array", body: [], says: /JSON object/ },
  {
    name: "a body over 32 MB",
    body: "x".repeat(32 * 1024 * 1024 + 1),
    status: 413,
    says: /exceeds/,
  },
  { name: "an unknown model", body: { ...good, model: "claude-1" }, status: 404, says: /claude-1/ },
  { name: "max_tokens left out", body: { ...good, max_tokens: undefined }, says: /max_tokens/ },
  { name: "max_tokens below zero", body: { ...good, max_tokens: -1 }, says: /max_tokens/ },
  { name: "max_tokens above the model's", body: { ...good, max_tokens: 128_001 }, says: /128000/ },
  { name: "no messages", body: talk(), says: /messages/ },
  { name: "an unknown field", body: { ...good, surprise: 1 }, says: /surprise/ },
  {
    name: "an unknown field of a block",
    body: talk({ role: "user", content: [{ ...text("a"), at: 1 }] }),
    says: /at/,
  },
  { name: "temperature", body: { ...good, temperature: 1 }, says: /temperature/ },
  { name: "top_p", body: { ...good, top_p: 1 }, says: /top_p/ },
  { name: "top_k", body: { ...good, top_k: 1 }, says: /top_k/ },
  { name: "tool_choice any", body: { ...good, tool_choice: { type: "any" } }, says: /tool_choice/ },
  {
    name: "tool_choice tool",
    body: { ...good, tool_choice: { type: "tool", name: "look" } },
    says: /tool_choice/,
  },
  {
    name: "thinking enabled",
    body: { ...good, thinking: { type: "enabled", budget_tokens: 1024 } },
    says: /thinking/,
  },
  {
    name: "thinking disabled",
    body: { ...good, thinking: { type: "disabled" } },
    says: /thinking/,
  },
  {
    name: "an unanswered tool_use",
    body: talk(user("a"), { role: "assistant", content: [call("a")] }, user("b")),
    says: /a has no tool_result/,
  },
  {
    name: "a tool_use at the very end",
    body: talk(user("a"), { role: "assistant", content: [call("a")] }),
    says: /no tool_result/,
  },
  {
    name: "an orphan tool_result",
    body: talk({ role: "user", content: [result("z")] }),
    says: /z answers no tool_use/,
  },
  {
    name: "a second result for one id",
    body: talk(user("a"), twoCalls, {
      role: "user",
      content: [result("a"), result("b"), result("b")],
    }),
    says: /more than one/,
  },
  {
    name: "results out of order",
    body: talk(user("a"), twoCalls, { role: "user", content: [result("b"), result("a")] }),
    says: /order/,
  },
  {
    name: "text before results",
    body: talk(user("a"), twoCalls, {
      role: "user",
      content: [text("b"), result("a"), result("b")],
    }),
    says: /before any other/,
  },
  {
    name: "results split over two messages",
    body: talk(
      user("a"),
      twoCalls,
      { role: "user", content: [result("a")] },
      { role: "user", content: [result("b")] },
    ),
    says: /b has no tool_result/,
  },
  {
    name: "an assistant turn at the start",
    body: talk({ role: "assistant", content: "a" }, user("b")),
    says: /first message/,
  },
  {
    name: "a system message after an assistant turn",
    body: talk(user("a"), { role: "assistant", content: "b" }, system()),
    says: /must follow a user/,
  },
  {
    name: "a user message after a system message",
    body: talk(user("a"), system(), user("b")),
    says: /must be last/,
  },
  {
    name: "a system message for an older model",
    body: { ...talk(user("a"), system()), model: "claude-opus-4-7" },
    says: /Opus 4.8/,
  },
  { name: "an empty text block", body: talk(user("")), says: /must not be empty/ },
  {
    name: "an empty text block beside a tool_use",
    body: talk(
      user("a"),
      { role: "assistant", content: [text(""), call("a")] },
      { role: "user", content: [result("a")] },
    ),
    says: /must not be empty/,
  },
  { name: "a whitespace-only message", body: talk(user(" \n")), says: /whitespace/ },
  {
    name: "empty user content",
    body: talk({ role: "user", content: [] }),
    says: /must not be empty/,
  },
  {
    name: "an assistant prefill",
    body: talk(user("a"), { role: "assistant", content: "b" }),
    says: /prefilling/,
  },
  {
    name: "a called tool no longer declared",
    body: {
      ...talk(
        user("a"),
        { role: "assistant", content: [call("a")] },
        { role: "user", content: [result("a")] },
      ),
      tools: [],
    },
    says: /must stay declared/,
  },
  {
    name: "tools of the same name",
    body: { ...good, tools: [tool("look"), tool("look")] },
    says: /unique/,
  },
  {
    name: "an input schema that is no object",
    body: { ...good, tools: [{ name: "look", input_schema: { type: "string" } }] },
    says: /input_schema/,
  },
  {
    name: "compaction without its beta",
    body: { ...good, compaction: { type: "summarize" } },
    says: /compact-2026-09-04/,
  },
  {
    name: "context_management without its beta",
    body: { ...good, context_management: { edits: [] } },
    says: /context-management/,
  },
  {
    name: "clear_at without its beta",
    body: talk(user("a"), { ...system(), clear_at: "next_user_message" }),
    says: /clear-at/,
  },
  {
    name: "block_binding without its beta",
    body: { ...good, thinking: { type: "adaptive", block_binding: {} } },
    says: /thinking-binding/,
  },
  {
    name: "a task budget without its beta",
    body: { ...good, output_config: { task_budget: {} } },
    says: /task-budgets/,
  },
  {
    name: "a document in an assistant turn",
    body: talk(user("a"), { role: "assistant", content: [{ type: "document" }] }, user("b")),
    says: /document/,
  },
  {
    name: "citations on user text",
    body: talk({ role: "user", content: [{ ...text("a"), citations: [{ type: "x" }] }] }),
    says: /citations/,
  },
  {
    name: "a block of an unknown type",
    body: talk({ role: "user", content: [{ type: "riddle" }] }),
    says: /type/,
  },
  {
    name: "a prompt no script matches",
    body: { ...good, system: "no agent", tools: [] },
    says: /no script matches/,
  },
];

describe("a request is refused for", () => {
  test.each(rows)("$name", async ({ body, headers, status = 400, says }) => {
    const answer = await harness.post(body, headers);
    const { error, request_id, type } = JSON.parse(answer.text);
    expect(error.message).toMatch(says);
    expect(answer.status).toBe(status);
    expect(type).toBe("error");
    expect(request_id).toBe(answer.headers.get("request-id"));
  });
});

describe("a request is taken with", () => {
  const results = {
    role: "user",
    content: [result("a", ""), { ...result("b"), is_error: true }, text("and now?")],
  };
  test.each([
    ["results first, then text, and an empty result", talk(user("a"), twoCalls, results)],
    ["neighbours of the same role", talk(user("a"), user("b"))],
    ["an empty assistant turn", talk(user("a"), { role: "assistant", content: [] }, user("b"))],
    ["a system message at the end", talk(user("a"), system())],
    ["strings for content", talk({ role: "user", content: "hello" })],
    ["tool_choice none", { ...good, tool_choice: { type: "none" } }],
    ["adaptive thinking", { ...good, thinking: { type: "adaptive" } }],
  ])("%s", async (_name, body) => {
    expect((await harness.post(body)).status).toBe(200);
  });
});
