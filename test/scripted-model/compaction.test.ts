// Compaction on demand, and the codes of its refusals.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, model, result, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
beforeAll(async () => (harness = await startHarness()));
afterAll(() => harness.close());

const betas = { "anthropic-beta": "compact-2026-09-04" };
const base = { model, max_tokens: 500, system: "# supervisor", tools: [tool("look")] };
const talked = [user("hello"), { role: "assistant", content: "Hello." }, user("more")];
const called = {
  role: "assistant",
  content: [{ type: "tool_use", id: "a", name: "look", input: {} }],
};

const post = async (body: Record<string, unknown>) =>
  JSON.parse((await harness.post({ ...base, ...body }, betas)).text);
const compact = (messages: unknown[]) => post({ messages, compaction: { type: "summarize" } });
const block = async () => (await compact(talked)).content[0];
const sentBack = async (changes: Record<string, unknown> = {}) => ({
  role: "assistant",
  content: [{ ...(await block()), ...changes }],
});

test("a conversation becomes one signed block, which is taken back in its place", async () => {
  const answer = await compact(talked);
  expect(answer.stop_reason).toBe("compaction");
  expect(answer.content).toMatchObject([
    { type: "compaction", content: expect.stringContaining("scripted"), tool_changes: [] },
  ]);
  const next = await post({
    messages: [{ role: "assistant", content: answer.content }, user("go on")],
  });
  expect(next.stop_reason).toBe("end_turn");
});

test("it streams as one block", async () => {
  const stream = harness.client.beta.messages.stream({
    ...base,
    betas: ["compact-2026-09-04"],
    compaction: { type: "summarize" },
    messages: [user("hello"), { role: "assistant", content: "Hello." }, user("more")],
  });
  const { content } = await stream.finalMessage();
  expect(content).toMatchObject([
    { type: "compaction", signature: expect.any(String), content: expect.stringContaining("more") },
  ]);
});

test.each<[string, () => Promise<Record<string, unknown>>]>([
  ["compaction_nothing_to_summarize", () => compact([user("hello")])],
  ["compaction_incomplete_turn", () => compact([user("hello"), called])],
  [
    "compaction_incomplete_turn",
    () => compact([user("hello"), called, { role: "user", content: [result("a")] }]),
  ],
  [
    "compaction_block_misplaced",
    async () => post({ messages: [user("a"), await sentBack(), user("b")] }),
  ],
  [
    "compaction_block_ambiguous",
    async () => post({ messages: [await sentBack(), await sentBack(), user("b")] }),
  ],
  [
    "compaction_signature_invalid",
    async () => post({ messages: [await sentBack({ signature: "x" }), user("b")] }),
  ],
  [
    "compaction_content_mismatch",
    async () => post({ messages: [await sentBack({ content: "x" }), user("b")] }),
  ],
  [
    "compaction_content_mismatch",
    async () => post({ system: "# other", messages: [await sentBack(), user("b")] }),
  ],
  [
    "compaction_tool_changes_mismatch",
    async () => post({ messages: [await sentBack({ tool_changes: [{}] }), user("b")] }),
  ],
])("refused with %s", async (code, send) => {
  expect(await send()).toMatchObject({
    error: { type: "invalid_request_error", details: { error_code: code } },
  });
});
