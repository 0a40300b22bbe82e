// Every fault, as the SDK sees it.
import type Anthropic from "@anthropic-ai/sdk";
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AnthropicError,
  AuthenticationError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, model, startHarness, tool, user } from "./harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  const reply = {
    text: "Looking at it now.",
    toolCalls: [{ name: "look", input: { path: "some/long/path.txt" } }],
  };
  await harness.control("POST", "/scripts", { name: "faults", rules: [{ when: {}, reply }] });
});
afterAll(() => harness.close());

const params = {
  model,
  max_tokens: 500,
  tools: [tool("look", { path: {} })],
  messages: [user("look")],
};
const stream = (options: Anthropic.RequestOptions = {}) =>
  harness.client.messages.stream(params, options).finalMessage();

/** What the SDK throws, once, after which the same request goes well. */
async function errorOf(
  fault: Record<string, unknown>,
  options?: Anthropic.RequestOptions,
): Promise<APIError> {
  await harness.fault(fault);
  const error = await stream(options).then(
    () => new Error("no error"),
    (thrown: unknown) => thrown,
  );
  await expect(stream()).resolves.toMatchObject({ stop_reason: "tool_use" });
  return error as APIError;
}

describe("answered instead of a message:", () => {
  test.each<[string, Record<string, unknown>, unknown, Record<string, unknown>]>([
    [
      "429",
      { type: "rate_limit", retryAfter: 7 },
      RateLimitError,
      { status: 429, type: "rate_limit_error" },
    ],
    [
      "the spend limit",
      { type: "spend_limit" },
      RateLimitError,
      { errorCode: "enforced_spend_limit_reached" },
    ],
    [
      "the ramp limit",
      { type: "ramp_limit" },
      RateLimitError,
      { errorCode: "ramp_limit_exceeded" },
    ],
    ["529", { type: "overloaded" }, APIError, { status: 529, type: "overloaded_error" }],
    [
      "529 of compaction",
      { type: "compaction_unavailable" },
      APIError,
      { errorCode: "compaction_unavailable" },
    ],
    ["500", { type: "server_error" }, InternalServerError, { status: 500, type: "api_error" }],
    ["502 in HTML", { type: "bad_gateway" }, InternalServerError, { status: 502, type: null }],
    [
      "503 without a body",
      { type: "unavailable" },
      InternalServerError,
      { status: 503, type: null },
    ],
    ["401", { type: "authentication" }, AuthenticationError, { type: "authentication_error" }],
    ["402", { type: "billing" }, APIError, { status: 402, type: "billing_error" }],
    ["403", { type: "permission" }, PermissionDeniedError, { type: "permission_error" }],
    ["404", { type: "not_found" }, NotFoundError, { type: "not_found_error" }],
    ["408", { type: "timeout" }, APIError, { status: 408 }],
    ["409", { type: "conflict" }, ConflictError, { status: 409 }],
    ["413", { type: "too_large" }, APIError, { status: 413, type: "request_too_large" }],
    [
      "any other",
      { type: "http", status: 422, errorType: "odd", code: "odder" },
      UnprocessableEntityError,
      { type: "odd", errorCode: "odder" },
    ],
  ])("%s", async (_name, fault, kind, fields) => {
    const error = await errorOf(fault);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject({ ...fields, requestID: expect.stringMatching(/^req_/) });
  });

  test("retry hints in headers: seconds, date, milliseconds, and x-should-retry", async () => {
    const date = "Sat, 21 Nov 2026 08:00:00 GMT";
    expect((await errorOf({ type: "rate_limit", retryAfter: 7 })).headers?.get("retry-after")).toBe(
      "7",
    );
    expect(
      (await errorOf({ type: "rate_limit", retryAfter: date })).headers?.get("retry-after"),
    ).toBe(date);
    expect(
      (await errorOf({ type: "rate_limit", retryAfterMs: 50 })).headers?.get("retry-after-ms"),
    ).toBe("50");
    const spent = await errorOf({ type: "spend_limit", shouldRetry: false });
    expect(spent.headers?.get("x-should-retry")).toBe("false");
  });
});

describe("on a bad line:", () => {
  test("a reset before headers is a connection error", async () => {
    expect(await errorOf({ type: "reset" })).toBeInstanceOf(APIConnectionError);
  });

  test("no answer is a timeout", async () => {
    expect(await errorOf({ type: "no_answer" }, { timeout: 60 })).toBeInstanceOf(
      APIConnectionTimeoutError,
    );
  });

  test("an event whose data is no JSON is an error, and none of the API", async () => {
    const error = await errorOf({ type: "broken_json" });
    expect(error).not.toBeInstanceOf(APIError);
    expect(error).toBeInstanceOf(Error);
  });

  test.each([
    ["a drop after n bytes", { type: "drop", afterBytes: 700 }],
    ["a clean end before message_stop", { type: "clean_eof", afterEvents: 6 }],
    ["invalid JSON in a tool's input", { type: "invalid_tool_json" }],
  ])("%s is an AnthropicError, not an APIError", async (_name, fault) => {
    const error = await errorOf(fault);
    expect(error).toBeInstanceOf(AnthropicError);
    expect(error).not.toBeInstanceOf(APIError);
  });

  test.each(["overloaded_error", "api_error", "rate_limit_error", "invalid_request_error"])(
    "%s in mid-stream has a type but no status",
    async (errorType) => {
      const error = await errorOf({ type: "stream_error", errorType });
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ status: undefined, type: errorType });
      expect(error.headers?.get("request-id")).toMatch(/^req_/);
    },
  );

  test.each([
    ["silence after headers", { type: "silence" }],
    ["silence in mid-stream", { type: "silence", afterEvents: 5 }],
    ["endless pings", { type: "pings", everyMs: 1 }],
  ])("%s ends only when the caller gives up", async (_name, fault) => {
    await harness.fault(fault);
    const running = harness.client.messages.stream(params);
    const ended = running.finalMessage().catch((error: unknown) => error);
    await running.withResponse();
    running.abort();
    expect(await ended).toBeInstanceOf(APIUserAbortError);
  });

  test.each([
    ["some pings first", { type: "pings", count: 3, everyMs: 1 }],
    ["slow tokens", { type: "slow", paceMs: 1 }],
    ["an event nobody knows", { type: "unknown_event" }],
    ["a pause before the last event", { type: "hold", ms: 5 }],
  ])("%s changes nothing", async (_name, fault) => {
    await harness.fault(fault);
    await expect(stream()).resolves.toMatchObject({
      stop_reason: "tool_use",
      content: { length: 3 },
    });
  });
});

const bent = async (fault: Record<string, unknown>) => {
  await harness.fault(fault);
  const message = await stream();
  return { ...message, types: message.content.map(({ type }) => type) };
};

describe("a complete but unusual message:", () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["an empty end_turn", { type: "empty_end_turn" }, { stop_reason: "end_turn", types: [] }],
    [
      "empty text beside a tool_use",
      { type: "empty_text" },
      { types: ["thinking", "text", "tool_use"], content: { 1: { text: "" } } },
    ],
    [
      "a refusal",
      { type: "refusal", category: "cyber" },
      { stop_reason: "refusal", types: [], stop_details: { type: "refusal", category: "cyber" } },
    ],
    [
      "a full context window",
      { type: "context_window_exceeded" },
      { stop_reason: "model_context_window_exceeded" },
    ],
    ["an unknown stop_reason", { type: "stop_reason", value: "tired" }, { stop_reason: "tired" }],
    [
      "a tool_use cut by max_tokens",
      { type: "truncated_tool_use" },
      { stop_reason: "max_tokens", types: ["thinking", "text", "tool_use"] },
    ],
  ])("%s", async (_name, fault, expected) => {
    expect(await bent(fault)).toMatchObject(expected);
  });

  test("pause_turn, continued by sending the turn back as it is", async () => {
    const paused = await bent({ type: "pause_turn" });
    expect(paused).toMatchObject({
      stop_reason: "pause_turn",
      types: ["thinking", "server_tool_use"],
    });
    const messages = [...params.messages, { role: "assistant" as const, content: paused.content }];
    const next = await harness.client.messages.create({ ...params, messages });
    expect(next.content.map(({ type }) => type)).toEqual([
      "thinking",
      "web_search_tool_result",
      "text",
      "tool_use",
    ]);
  });
});

describe("a fault waits", () => {
  test("for the request it is meant for, past those it skips, as often as told", async () => {
    await harness.fault(
      { type: "overloaded" },
      { when: { lastUser: "only me" }, skip: 1, times: 2 },
    );
    const ask = (text: string) =>
      harness.client.messages.create({ ...params, messages: [user(text)] }).then(
        () => 200,
        ({ status }: APIError) => status,
      );
    const seen: unknown[] = [];
    for (const text of ["other", "only me", "only me", "other", "only me", "only me"])
      seen.push(await ask(text));
    expect(seen).toEqual([200, 200, 529, 200, 529, 200]);
  });

  test("until it is cleared", async () => {
    await harness.fault({ type: "overloaded" });
    await harness.control("DELETE", "/faults");
    await expect(stream()).resolves.toBeDefined();
  });

  test("behind the checks: what would be refused is refused", async () => {
    await harness.fault({ type: "overloaded" });
    expect((await harness.post({ ...params, surprise: 1 })).status).toBe(400);
    expect((await harness.post(params)).status).toBe(529);
  });
});
