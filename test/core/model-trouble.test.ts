// An agent whose model does not answer as it should.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { type ScriptedModel, startScriptedModel } from "../../scripted-model/server.ts";
import { untilAll } from "../support/lead-agent.ts";
import { openWorld, until, untilFeed, untilReply, type World } from "../support/world.ts";

let world: World;
let model: ScriptedModel;
beforeAll(async () => {
  // Of its own: its faults are taken away again.
  model = await startScriptedModel();
  world = await openWorld({ env: { ANTHROPIC_BASE_URL: model.url } });
});
afterAll(async () => {
  await world.close();
  await model.close();
});

let count = 0;
/** Whatever it was, the next message is answered once the cause is gone. */
async function clearAndAsk(supervisor: SupervisorHandle, mark: string): Promise<void> {
  await world.model.clearFaults();
  expect(await supervisor.ask(`${mark} again`)).toMatch(/^fine/);
  await supervisor.end();
}

/** Asks once, with a fault in the way. `{mark}` is unique to the test. */
async function askWith(fault: object, times = 1): Promise<{ reply: string; requests: number }> {
  count += 1;
  const mark = `trouble-${count}-`;
  await world.model.script(mark, [{ when: { anyUser: mark }, reply: { text: `fine ${mark}` } }]);
  await world.model.fault({ fault, times, when: { anyUser: mark } });
  const supervisor = await world.start();
  const reply = await supervisor.ask(mark);
  const requests = (await world.model.journal(mark)).length;
  await clearAndAsk(supervisor, mark);
  return { reply, requests };
}

describe("retried until it works", () => {
  test.each([
    ["429 with retry-after-ms", { type: "rate_limit", retryAfterMs: 20 }],
    ["529 overloaded", { type: "overloaded" }],
    ["500", { type: "server_error" }],
    ["502 with a page of HTML", { type: "bad_gateway" }],
    ["503 without a body", { type: "unavailable" }],
    ["a connection reset", { type: "reset" }],
    [
      "an error in the middle of the stream",
      { type: "stream_error", errorType: "overloaded_error", afterEvents: 3 },
    ],
    ["429 with retry-after in seconds", { type: "rate_limit", retryAfter: 1 }],
    ["429 while the limit is being raised", { type: "ramp_limit", retryAfter: 1 }],
    ["408", { type: "timeout" }],
    ["409", { type: "conflict" }],
    ["an event whose data is no JSON", { type: "broken_json" }],
    ["a stream cut off", { type: "drop", afterBytes: 400 }],
    ["a stream that ends without its last event", { type: "clean_eof", afterEvents: 4 }],
  ])("%s", async (_, fault) => {
    const { reply, requests } = await askWith(fault);
    expect(reply).toMatch(/^fine/);
    expect(requests).toBe(2);
  });

  test("tool input that is no JSON", async () => {
    const call = { name: "list_files", input: {} };
    await world.model.script("json", [
      { when: { lastUser: "^json-1" }, reply: { toolCalls: [call] } },
      { when: { anyUser: "^json-1", afterTool: "list_files" }, reply: { text: "listed" } },
    ]);
    await world.model.fault({
      fault: { type: "invalid_tool_json" },
      when: { lastUser: "^json-1" },
    });
    const supervisor = await world.start();
    expect(await supervisor.ask("json-1")).toBe("listed");
    expect(await world.model.journal("json-1")).toHaveLength(3);
    await supervisor.end();
  });

  test("a stream that falls silent, after the stall limit", async () => {
    const impatient = await openWorld({ env: { BOSUN_MODEL_STALL_MS: "400" } });
    try {
      await impatient.model.script("silent", [
        { when: { anyUser: "silent-1" }, reply: { text: "fine" } },
      ]);
      await impatient.model.fault({
        fault: { type: "silence", afterEvents: 2 },
        when: { anyUser: "silent-1" },
      });
      const supervisor = await impatient.start();
      expect(await supervisor.ask("silent-1")).toBe("fine");
      await supervisor.end();
    } finally {
      await impatient.close();
    }
  });
});

describe("every stop reason has an end", () => {
  test.each([
    ["end_turn", { type: "stop_reason", value: "end_turn" }, 1, /^fine/, 1],
    ["stop_sequence", { type: "stop_reason", value: "stop_sequence" }, 1, /^fine/, 1],
    ["pause_turn, called again with what there is", { type: "pause_turn" }, 1, /^fine/, 2],
    ["pause_turn again and again", { type: "pause_turn" }, 9, /paused its turn again/, 5],
    [
      "max_tokens once, asked again with more room",
      { type: "stop_reason", value: "max_tokens" },
      1,
      /^fine/,
      2,
    ],
    [
      "max_tokens always, the words are taken as they are",
      { type: "stop_reason", value: "max_tokens" },
      9,
      /^fine/,
      3,
    ],
    ["a call cut off always", { type: "truncated_tool_use" }, 9, /^fi/, 3],
    ["model_context_window_exceeded once", { type: "context_window_exceeded" }, 1, /^fine/, 2],
    [
      "model_context_window_exceeded always",
      { type: "context_window_exceeded" },
      9,
      /no longer fits/,
      2,
    ],
    ["refusal", { type: "refusal", category: "cyber" }, 1, /declined to answer.*cyber/, 1],
    [
      "one that nobody knows",
      { type: "stop_reason", value: "moonrise" },
      1,
      /does not know: moonrise/,
      1,
    ],
  ] as const)("%s", async (_, fault, times, words, calls) => {
    const { reply, requests } = await askWith(fault, times);
    expect(reply).toMatch(words);
    expect(requests).toBe(calls);
  });
});

describe("told as the reply, and not repeated", () => {
  test.each([
    ["a wrong key", { type: "authentication" }, /refused the key.*ANTHROPIC_API_KEY/s],
    ["a model the key may not use", { type: "permission" }, /may not use/],
    ["an unknown model", { type: "not_found" }, /does not know this model/],
  ])("%s", async (_, fault, words) => {
    const { reply, requests } = await askWith(fault);
    expect(reply).toMatch(words);
    expect(requests).toBe(1);
  });
});

test("an answer too large to be recorded is told with what helps, and paid once", async () => {
  // A model without a known largest answer.
  const wide = await openWorld({
    env: { BOSUN_SUPERVISOR_MODEL: "claude-opus-5", BOSUN_MAX_TOKENS: "1000000" },
  });
  try {
    await wide.model.script("wide", [
      {
        when: { lastUser: "^wide-1", unlessAnyUser: "then less" },
        reply: { text: "x", textBytes: 1_200_000 },
      },
      { when: { anyUser: "wide-1" }, reply: { text: "fine" } },
    ]);
    const supervisor = await wide.start();
    expect(await supervisor.ask("wide-1")).toMatch(
      /answer has 12\d{5} bytes, and 1000000 is the most.*Ask for less at a time/,
    );
    expect(await wide.model.journal("wide-1")).toHaveLength(1);
    expect(await supervisor.ask("then less")).toBe("fine");
    await supervisor.end();
  } finally {
    await wide.close();
  }
});

describe("overcome by another call", () => {
  test("an invalid request is tried once more from a digest", async () => {
    const { reply, requests } = await askWith({
      type: "http",
      status: 400,
      errorType: "invalid_request_error",
      message: "bad",
    });
    expect(reply).toMatch(/^fine/);
    expect(requests).toBe(2);
  });

  test("an invalid request that stays invalid becomes the reply", async () => {
    const fault = { type: "http", status: 400, errorType: "invalid_request_error", message: "bad" };
    const { reply, requests } = await askWith(fault, 2);
    expect(reply).toMatch(/could not answer: bad/);
    expect(requests).toBe(2);
  });

  test("the message after a request that stayed invalid is tried again", async () => {
    await world.model.script("again", [{ when: { anyUser: "again-1" }, reply: { text: "fine" } }]);
    const fault = { type: "http", status: 400, errorType: "invalid_request_error", message: "bad" };
    await world.model.fault({ fault, times: 4, when: { anyUser: "again-1" } });
    const supervisor = await world.start();
    expect(await supervisor.ask("again-1")).toMatch(/could not answer: bad/);
    expect(await supervisor.ask("again-1, second")).toMatch(/could not answer: bad/);
    expect(await supervisor.status()).toMatchObject({ status: "idle" });
    expect(await supervisor.ask("again-1, third")).toBe("fine");
    await supervisor.end();
  });

  test("a window that stays full becomes the reply, and the next message is tried again", async () => {
    await world.model.script("narrow", [
      { when: { anyUser: "narrow-1" }, reply: { text: "fine" } },
    ]);
    const fault = { type: "context_window_exceeded" };
    await world.model.fault({ fault, times: 2, when: { anyUser: "narrow-1" } });
    const supervisor = await world.start();
    expect(await supervisor.ask("narrow-1")).toMatch(/no longer fits into the model's window/);
    expect(await supervisor.ask("narrow-1, second")).toBe("fine");
    await supervisor.end();
  });

  test.each([
    [
      "a prompt that is too long",
      {
        type: "http",
        status: 400,
        errorType: "invalid_request_error",
        message: "prompt is too long: 250000 tokens > 200000 maximum",
      },
    ],
    ["a request too large", { type: "too_large" }],
    ["an answer cut off at max_tokens, its half tool call not run", { type: "truncated_tool_use" }],
    ["an empty answer", { type: "empty_end_turn" }],
  ])("%s", async (_, fault) => {
    const { reply, requests } = await askWith(fault);
    expect(reply).toMatch(/^fine/);
    expect(requests).toBe(2);
  });
});

describe("waited out", () => {
  test("retries used up: the supervisor says so, waits, and goes on by itself", async () => {
    await world.model.script("park", [
      { when: { anyUser: "park-1" }, reply: { text: "back again" } },
    ]);
    await world.model.fault({
      fault: { type: "overloaded" },
      times: 1_000,
      when: { anyUser: "park-1" },
    });
    const supervisor = await world.start();
    const asked = supervisor.ask("park-1");
    await untilFeed(supervisor, ({ event }) => event.type === "trouble");
    await until("it waits", async () => (await supervisor.status()).status === "waiting");
    // Three attempts, and a probe that fails, too.
    await until("a probe", async () => (await world.model.journal("park-1")).length > 3);
    await world.model.clearFaults();
    expect(await asked).toBe("back again");
    await supervisor.end();
  });

  test("a spend limit waits until somebody resumes it", async () => {
    await world.model.script("quota", [{ when: { anyUser: "quota-1" }, reply: { text: "paid" } }]);
    await world.model.fault({ fault: { type: "spend_limit" }, when: { anyUser: "quota-1" } });
    const supervisor = await world.start();
    const asked = supervisor.ask("quota-1");
    await untilFeed(
      supervisor,
      ({ event }) => event.type === "trouble" && /resume/.test(event.text),
    );
    await supervisor.resume();
    expect(await asked).toBe("paid");
    await supervisor.end();
  });
});

test("a task out of turns gives one last answer without tools, and ends as partial", async () => {
  const short = await openWorld({ env: { BOSUN_MAX_TURNS: "3" } });
  try {
    await short.model.script("turns", [
      {
        when: { lastUser: "^go turns" },
        reply: {
          toolCalls: [
            {
              name: "start_async_task",
              input: { description: "turns-task", subagent_type: "researcher" },
            },
          ],
        },
      },
      {
        when: { system: "^# supervisor", anyUser: "go turns", lastUser: "task_ended" },
        reply: { text: "Ended: {{event:task_ended:reason}}, {{event:task_ended:summary}}" },
      },
      { when: { system: "^# supervisor", anyUser: "go turns" }, reply: { text: "Started." } },
      {
        when: { system: "^# researcher", anyUser: "turns-task", mayCallTools: false },
        reply: { text: "What I have." },
      },
      {
        when: { system: "^# researcher", anyUser: "turns-task" },
        reply: { toolCalls: [{ name: "list_files" }] },
      },
    ]);
    const supervisor = await short.start("go turns");
    expect(await untilReply(supervisor, "^Ended")).toBe("Ended: budget, What I have.");
    const [task] = await untilAll(supervisor, "ended", ({ endedAt }) => endedAt !== null);
    expect(task).toMatchObject({ turn: 4, result: { partial: true } });
    await supervisor.end();
  } finally {
    await short.close();
  }
});
