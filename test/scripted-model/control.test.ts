// The control API, as other tests use it.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Harness, model, result, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
beforeAll(async () => (harness = await startHarness()));
beforeEach(() => harness.control("DELETE", "/journal"));
afterAll(() => harness.close());

const start = tool("start_async_task", { description: { type: "string" } });
const check = {
  ...tool("check_async_task"),
  input_schema: {
    type: "object" as const,
    properties: { task_id: { type: "string" } },
    required: ["task_id"],
    additionalProperties: false,
  },
};
const base = { model, max_tokens: 500, system: "# tester", tools: [start, check] };
const put = (name: string, ...rules: unknown[]) =>
  harness.control("POST", "/scripts", { name, rules });
const ask = (...messages: Parameters<typeof harness.client.messages.create>[0]["messages"]) =>
  harness.client.messages.create({ ...base, messages });
const textOf = ({ content }: Awaited<ReturnType<typeof ask>>) =>
  content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("");

/** The blocks of an answer under a tool choice. */
const typesUnder = async (
  tool_choice: { type: "none" } | { type: "auto"; disable_parallel_tool_use: true },
) => {
  const { content } = await harness.client.messages.create({
    ...base,
    tool_choice,
    messages: [user("choice")],
  });
  return content.map(({ type }) => type);
};

describe("rules", () => {
  test("fill placeholders from earlier results, events and the pattern", async () => {
    await put(
      "placeholders",
      {
        when: { lastUser: "begin (\\w+)" },
        reply: {
          toolCalls: [
            { name: "start_async_task", input: { description: "{{match:1}}" } },
            { name: "start_async_task", input: { description: "two" } },
          ],
        },
      },
      {
        when: { afterTool: "start_async_task" },
        reply: {
          text: "{{toolResult:start_async_task#2}}",
          toolCalls: [
            { name: "check_async_task", input: { task_id: "{{json:start_async_task#1:task_id}}" } },
          ],
        },
      },
      {
        when: { lastUser: "ended" },
        reply: {
          text: "{{event:task_ended:summary}} / {{lastToolResult}} / {{json:start_async_task:deep.0}}",
        },
      },
    );
    const begun = await ask(user("begin work"));
    const calls = begun.content.flatMap((block) => (block.type === "tool_use" ? [block] : []));
    expect(calls.map(({ input }) => input)).toEqual([
      { description: "work" },
      { description: "two" },
    ]);
    const results = [
      result(calls[0]?.id ?? "", '{"task_id":"researcher-1"}'),
      result(calls[1]?.id ?? "", '{"deep":[7]}'),
    ];
    const history = [
      user("begin work"),
      { role: "assistant" as const, content: begun.content },
      { role: "user" as const, content: results },
    ];
    const checked = await ask(...history);
    expect(textOf(checked)).toBe('{"deep":[7]}');
    const call = checked.content.find((block) => block.type === "tool_use");
    expect(call).toMatchObject({ input: { task_id: "researcher-1" } });
    const event =
      '<bosun-event type="task_ended">\n{"summary":"all good"}\n</bosun-event>\nIt has ended.';
    const last = {
      role: "user" as const,
      content: [result(call?.type === "tool_use" ? call.id : "", "fine"), ...user(event).content],
    };
    expect(
      textOf(await ask(...history, { role: "assistant", content: checked.content }, last)),
    ).toBe("all good / fine / 7");
  });

  test("are tried in order, before the built-in scripts, until removed", async () => {
    await put(
      "order",
      { when: { lastUser: "order", assistantTurns: 0 }, reply: { text: "first" } },
      { when: { lastUser: "order" }, reply: { text: "second" } },
    );
    expect(textOf(await ask(user("order")))).toBe("first");
    await harness.control("DELETE", "/scripts/order");
    expect(textOf(await ask(user("order")))).toContain("scripted model, not Claude");
  });

  test.each<[string, Record<string, unknown>, boolean]>([
    ["system", { system: "^# tester$" }, true],
    ["system of another", { system: "supervisor" }, false],
    ["a declared tool", { tool: "check_async_task" }, true],
    ["a tool that is not declared", { unlessTool: "task" }, true],
    ["any user text", { anyUser: "^marker$" }, true],
    ["no user text", { unlessAnyUser: "marker" }, false],
    ["turns so far", { minAssistantTurns: 1, maxAssistantTurns: 1 }, true],
    ["turns since a user spoke", { turnsSinceUser: 1 }, false],
    ["the model", { model: "haiku" }, true],
    ["leave to call tools", { mayCallTools: false }, false],
  ])("match on %s", async (_name, when, isMatch) => {
    await put("match", { when: { ...when, lastUser: "^now$" }, reply: { text: "matched" } });
    const text = textOf(
      await ask(user("marker"), { role: "assistant", content: "ok" }, user("now")),
    );
    expect(text === "matched").toBe(isMatch);
    await harness.control("DELETE", "/scripts/match");
  });

  test("pad text to a size, set a stop reason, or give raw blocks", async () => {
    await put(
      "shapes",
      { when: { lastUser: "pad" }, reply: { text: "é", textBytes: 600 } },
      { when: { lastUser: "stop" }, reply: { text: "a", stopReason: "stop_sequence" } },
      {
        when: { lastUser: "raw" },
        reply: {
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      },
    );
    expect(Buffer.byteLength(textOf(await ask(user("pad"))))).toBe(600);
    expect(await ask(user("stop"))).toMatchObject({ stop_reason: "stop_sequence" });
    expect((await ask(user("raw"))).content.map(({ type }) => type)).toEqual([
      "thinking",
      "text",
      "text",
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ["calls an undeclared tool", { toolCalls: [{ name: "task", input: {} }] }, /not declared/],
    [
      "misses a required field",
      { toolCalls: [{ name: "check_async_task", input: {} }] },
      /check_async_task.task_id/,
    ],
    [
      "adds a field",
      { toolCalls: [{ name: "check_async_task", input: { task_id: "a", b: 1 } }] },
      /does not fit/,
    ],
    [
      "names what the request lacks",
      { text: "{{toolResult:task}}" },
      /nothing in this request fills/,
    ],
  ])("are at fault, and told so, when one %s", async (_name, reply, says) => {
    await put("bad", { when: { lastUser: "bad" }, reply });
    await expect(ask(user("bad"))).rejects.toThrow(says);
  });

  test("call no tool when the request forbids it, and one at most when told", async () => {
    const calls = [
      { name: "start_async_task", input: {} },
      { name: "start_async_task", input: {} },
    ];
    await put("choice", { when: { lastUser: "choice" }, reply: { text: "a", toolCalls: calls } });
    expect(await typesUnder({ type: "none" })).toEqual(["thinking", "text"]);
    expect(await typesUnder({ type: "auto", disable_parallel_tool_use: true })).toEqual([
      "thinking",
      "text",
      "tool_use",
    ]);
  });

  test("are checked when they are set", async () => {
    expect(await put("typo", { when: { lastUsr: "a" }, reply: {} })).toMatchObject({
      error: { message: expect.stringContaining("lastUsr") },
    });
    expect(await put("regex", { when: { lastUser: "(" }, reply: {} })).toMatchObject({
      type: "error",
    });
    expect(await harness.fault({ type: "flood" })).toMatchObject({ type: "error" });
  });
});

describe("the journal", () => {
  test("holds each request in order, with what became of it", async () => {
    const answered = await ask(user("for the journal"));
    await harness.post({ ...base, messages: [] });
    const { entries } = await harness.journal();
    expect(entries.map(({ outcome }) => outcome)).toEqual([
      { status: 200, stopReason: "end_turn", messageId: answered.id, completed: true },
      { status: 400, error: expect.stringContaining("messages"), completed: true },
    ]);
    expect(entries[0]).toMatchObject({ model, request: { messages: [user("for the journal")] } });
    expect((await harness.journal(`?after=${entries[0]?.n}`)).entries).toHaveLength(1);
    expect((await harness.journal("?match=for+the+journal")).entries).toHaveLength(1);
  });

  test("says when the client did not get everything", async () => {
    await harness.fault({ type: "drop", afterBytes: 10 });
    await ask(user("dropped")).catch(() => null);
    const { entries } = await harness.journal();
    expect(entries[0]?.outcome).toMatchObject({ status: 200, fault: "drop", completed: false });
  });

  test("shows a request that is still being answered", async () => {
    await harness.fault({ type: "no_answer" });
    const running = harness.client.messages.stream({ ...base, messages: [user("waiting")] });
    const ended = running.finalMessage().catch(() => null);
    let seen = await harness.journal();
    while (seen.entries.length === 0) seen = await harness.journal();
    expect(seen.entries[0]).toMatchObject({ endedAt: null, outcome: { completed: false } });
    running.abort();
    await ended;
  });
});

test("an answer is held back until it is released", async () => {
  const reply = { text: "held", until: "released" };
  await put(
    "held",
    { when: { lastUser: "held" }, reply },
    { when: { lastUser: "passing" }, reply: { text: "passed" } },
  );
  let isAnswered = false;
  const messages = [user("held")];
  const answers = [
    ask(...messages),
    harness.client.messages.stream({ ...base, messages }).finalMessage(),
  ].map(async (answer) => {
    const text = textOf(await answer);
    isAnswered = true;
    return text;
  });
  while ((await harness.journal()).entries.length < 2);
  expect(textOf(await ask(user("passing")))).toBe("passed");
  expect(isAnswered).toBe(false);
  await harness.control("POST", "/releases", { word: "released" });
  expect(await Promise.all(answers)).toEqual(["held", "held"]);
  expect(textOf(await ask(...messages))).toBe("held");
});

test("the pace can be set, and a delay is part of a reply", async () => {
  await put("slow", { when: { lastUser: "slow" }, reply: { text: "slow", delayMs: 5 } });
  expect(await harness.control("POST", "/pace", { paceMs: 1 })).toEqual({ ok: true });
  expect(
    textOf(
      await harness.client.messages.stream({ ...base, messages: [user("slow")] }).finalMessage(),
    ),
  ).toBe("slow");
  await harness.control("POST", "/pace", { paceMs: 0 });
});
