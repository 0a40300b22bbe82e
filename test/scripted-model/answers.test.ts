// What an answer holds: fields, events, usage and headers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, model, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  const reply = {
    text: "A long answer, in pieces.",
    toolCalls: [{ name: "look", input: { path: "README.md" } }],
  };
  const rules = [
    { when: { lastUser: "look" }, reply },
    { when: { lastUser: "long" }, reply: { text: "x", textBytes: 4_000 } },
    { when: { system: "^plain$" }, reply: { text: "Done." } },
  ];
  await harness.control("POST", "/scripts", { name: "answers", rules });
});
afterAll(() => harness.close());

const tools = [tool("look", { path: { type: "string" } })];
const base = { model, max_tokens: 500, system: "plain", tools };
const ask = (...messages: Parameters<typeof user>[]) =>
  harness.client.messages.create({ ...base, messages: messages.map((texts) => user(...texts)) });

describe("a message", () => {
  test("has every field, null where there is nothing to say", async () => {
    expect(await ask(["look"])).toEqual({
      id: expect.stringMatching(/^msg_/),
      type: "message",
      role: "assistant",
      model,
      content: [
        { type: "thinking", thinking: "", signature: expect.any(String) },
        { type: "text", text: "A long answer, in pieces.", citations: null },
        {
          type: "tool_use",
          id: expect.stringMatching(/^toolu_/),
          name: "look",
          input: { path: "README.md" },
          caller: { type: "direct" },
        },
      ],
      stop_reason: "tool_use",
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        input_tokens: expect.any(Number),
        output_tokens: expect.any(Number),
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        output_tokens_details: { thinking_tokens: 8 },
        server_tool_use: null,
        service_tier: "standard",
        speed: "standard",
        inference_geo: null,
      },
    });
  });

  test("is the same streamed as not, but for its ids", async () => {
    const streamed = await harness.client.messages
      .stream({ ...base, messages: [user("look")] })
      .finalMessage();
    const whole = await ask(["look"]);
    const shape = ({ content }: typeof whole) =>
      content.map((block) => (block.type === "tool_use" ? { ...block, id: "" } : block));
    expect(shape(streamed)).toEqual(shape(whole));
    expect(streamed.usage).toEqual(whole.usage);
  });

  test("shows its thinking only when a summary of it is asked for", async () => {
    const thinking = { type: "adaptive" as const, display: "summarized" as const };
    const stream = harness.client.messages.stream({ ...base, thinking, messages: [user("a")] });
    const { content } = await stream.finalMessage();
    expect(content[0]).toMatchObject({ type: "thinking", thinking: "(scripted, no thoughts)" });
  });

  test("carries request id, organization and rate limits as headers", async () => {
    const { headers } = await harness.post({ ...base, messages: [user("a")] });
    expect(headers.get("request-id")).toMatch(/^req_/);
    expect(headers.get("anthropic-organization-id")).toBeTruthy();
    for (const kind of ["requests", "tokens", "input-tokens", "output-tokens"]) {
      for (const part of ["limit", "remaining", "reset"]) {
        expect(headers.get(`anthropic-ratelimit-${kind}-${part}`)).toBeTruthy();
      }
    }
  });
});

describe("a stream", () => {
  test("sends its events in the order of the API, named and typed alike", async () => {
    const { text } = await harness.post({ ...base, stream: true, messages: [user("look")] });
    const frames = text
      .trim()
      .split("\n\n")
      .map((frame) => {
        const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(frame) ?? [];
        const event = JSON.parse(data ?? "{}");
        expect(event.type).toBe(name);
        return [event.type, event.index, event.delta?.type]
          .filter((part) => part !== undefined)
          .join(" ");
      });
    expect(frames.filter((frame, at) => frame !== frames[at - 1])).toEqual([
      "message_start",
      "ping",
      "content_block_start 0",
      "content_block_delta 0 signature_delta",
      "content_block_stop 0",
      "content_block_start 1",
      "content_block_delta 1 text_delta",
      "content_block_stop 1",
      "content_block_start 2",
      "content_block_delta 2 input_json_delta",
      "content_block_stop 2",
      "message_delta",
      "message_stop",
    ]);
  });

  test("begins with an empty message and ends with cumulative usage", async () => {
    const { text } = await harness.post({ ...base, stream: true, messages: [user("look")] });
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ""));
    expect(events[0].message).toMatchObject({
      content: [],
      stop_reason: null,
      usage: { output_tokens: 1 },
    });
    const end = events.at(-2);
    expect(end.delta).toEqual({
      stop_reason: "tool_use",
      stop_sequence: null,
      stop_details: null,
      container: null,
    });
    expect(end.usage.output_tokens).toBeGreaterThan(1);
  });
});

describe("usage", () => {
  test("grows with the prompt", async () => {
    const short = await ask(["a"]);
    const long = await ask(["a".repeat(4_000)]);
    expect(long.usage.input_tokens - short.usage.input_tokens).toBeGreaterThan(900);
  });

  test("reads the longest known prefix from the cache", async () => {
    const cached = {
      ...base,
      cache_control: { type: "ephemeral" as const },
      messages: [user("one".repeat(100))],
    };
    const first = await harness.client.messages.create(cached);
    const messages = [
      ...cached.messages,
      { role: "assistant" as const, content: first.content },
      user("two"),
    ];
    const second = await harness.client.messages.create({ ...cached, messages });
    const third = await harness.client.messages.create({
      ...cached,
      messages: [...messages, user("three")],
    });
    const input = (usage: typeof first.usage) => [
      usage.cache_read_input_tokens,
      usage.cache_creation_input_tokens,
    ];
    const write = first.usage.cache_creation_input_tokens ?? 0;
    expect(input(first.usage)).toEqual([0, write]);
    expect(second.usage.cache_read_input_tokens).toBe(write);
    expect(second.usage.cache_creation?.ephemeral_5m_input_tokens).toBeGreaterThan(0);
    expect(third.usage.cache_read_input_tokens).toBe(
      write + (second.usage.cache_creation_input_tokens ?? 0),
    );
  });

  test("caches nothing unless asked, and by the hour when told", async () => {
    const plain = await ask(["uncached"]);
    expect(plain.usage.cache_creation_input_tokens).toBe(0);
    const cache_control = { type: "ephemeral" as const, ttl: "1h" as const };
    const hourly = await harness.client.messages.create({
      ...base,
      cache_control,
      messages: [user("hourly")],
    });
    expect(hourly.usage.cache_creation?.ephemeral_1h_input_tokens).toBeGreaterThan(0);
  });
});

describe("max_tokens", () => {
  test("cuts the text where it ends", async () => {
    const { stop_reason, usage } = await harness.client.messages.create({
      ...base,
      max_tokens: 100,
      messages: [user("long")],
    });
    expect(stop_reason).toBe("max_tokens");
    expect(usage.output_tokens).toBeLessThanOrEqual(100);
  });

  test("of zero answers nothing, and only warms the cache", async () => {
    const { content, stop_reason } = await harness.client.messages.create({
      ...base,
      max_tokens: 0,
      messages: [user("a")],
    });
    expect([content, stop_reason]).toEqual([[], "max_tokens"]);
  });

  test("cuts a tool call so that it must not be run", async () => {
    const stream = harness.client.messages.stream({
      ...base,
      max_tokens: 18,
      messages: [user("look")],
    });
    const { content, stop_reason } = await stream.finalMessage();
    expect(stop_reason).toBe("max_tokens");
    expect(content.at(-1)).toMatchObject({ type: "tool_use", input: {} });
  });
});

describe("beside messages there are", () => {
  test("token counts, by the same estimate", async () => {
    const { input_tokens } = await harness.client.messages.countTokens({
      model,
      messages: [user("a".repeat(400))],
    });
    expect(input_tokens).toBeGreaterThan(100);
    expect(input_tokens).toBeLessThan(130);
  });

  test("models, with their limits where known", async () => {
    const known = await harness.client.models.retrieve("claude-opus-5-5");
    expect(known).toMatchObject({
      id: "claude-opus-5-5",
      max_input_tokens: 1_000_000,
      max_tokens: 128_000,
      line: "opus",
    });
    await expect(harness.client.models.retrieve("claude-1")).rejects.toMatchObject({ status: 404 });
  });

  test("a word on what this is", async () => {
    const response = await fetch(harness.url);
    expect(await response.json()).toEqual({
      service: "bosun scripted model",
      note: "scripted, not a model",
    });
  });
});
